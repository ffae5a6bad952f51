//! What a script needs from a server.

use super::Script;
use super::parts::plain;
use crate::facts::{Kind, Version};

impl Script {
    /// The first version that it runs on. A server of another name is measured by the Redis version it claims.
    pub fn since(&self, engine: &Kind) -> Option<Version> {
        let name = if *engine == Kind::Valkey { "Valkey" } else { "Redis" };
        self.need(name).next().map(Version::parse)
    }

    /// The grants that it needs, in the form of ACL SETUSER, besides those for EVALSHA and for its keys.
    pub fn acl(&self) -> Vec<String> {
        // In a table a bar has to be escaped.
        self.need("commands").flat_map(str::split_whitespace).map(|grant| grant.replace("\\|", "|")).collect()
    }

    /// What a library says of it to FUNCTION LOAD: `no-writes`, `allow-oom`.
    pub fn flags(&self) -> Vec<&'static str> {
        self.need("flags").flat_map(str::split_whitespace).collect()
    }

    /// The fewest and the most commands that one call of the session makes.
    pub fn calls(&self) -> Option<(usize, usize)> {
        let (low, high) = self.need("calls").next()?.split_once("..")?;
        Some((low.parse().ok()?, high.parse().ok()?))
    }

    pub(super) fn need(&self, name: &'static str) -> impl Iterator<Item = &'static str> {
        let rows = self.page.rows("Needs").into_iter();
        rows.filter_map(move |row| match *row {
            [found, value] if found == name => Some(plain(value)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripts::find;

    #[test]
    fn what_it_needs_stands_on_its_page() {
        let script = find("lock-release").unwrap();
        assert_eq!(script.since(&Kind::Redis), Some(Version(6, 2, 0)));
        assert_eq!(script.acl(), ["+del", "+get"]);
    }
}
