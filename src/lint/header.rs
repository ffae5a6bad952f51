//! The first line of a script for Redis 7 and later: `#!lua flags=no-writes,allow-stale`.

/// What the first line says, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub engine: String,
    pub flags: Vec<String>,
    /// Words that no server knows.
    pub strange: Vec<String>,
}

/// Flags of a script, the same in every Redis from 7.0 and Valkey (scripting documentation, "Eval flags").
pub const FLAGS: [&str; 5] = ["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"];

impl Header {
    pub fn read(text: &str) -> Option<Self> {
        let line = text.lines().next()?.strip_prefix("#!")?;
        let mut words = line.split_whitespace();
        let mut header = Self { engine: words.next().unwrap_or("").to_owned(), flags: Vec::new(), strange: Vec::new() };
        for word in words {
            match word.strip_prefix("flags=") {
                Some("") => {}
                Some(flags) => header.flags.extend(flags.split(',').map(str::to_owned)),
                None => header.strange.push(word.to_owned()),
            }
        }
        let unknown = header.flags.iter().filter(|flag| !FLAGS.contains(&flag.as_str())).cloned();
        header.strange.extend(unknown);
        Some(header)
    }

    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_read_as_a_server_reads_it() {
        assert_eq!(Header::read("return 1"), None);
        let header = Header::read("#!lua flags=no-writes,allow-stale\nreturn 1").unwrap();
        assert!(header.has("no-writes") && header.has("allow-stale") && header.strange.is_empty());
        // A space after the comma ends the flags, and an empty one is refused.
        assert_eq!(Header::read("#!lua flags=no-writes, allow-stale").unwrap().strange, ["allow-stale", ""]);
        assert_eq!(Header::read("#!lua flags=").unwrap().strange, [""; 0]);
        assert_eq!(Header::read("#!lua name=x").unwrap().strange, ["name=x"]);
    }
}
