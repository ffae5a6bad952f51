//! The globs of SCAN MATCH and KEYS: how a word is written in one, and which names one matches.

/// Appends a word so that it matches itself only.
pub fn escape(word: &str, pattern: &mut String) {
    for c in word.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '^') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
}

/// Whether a server would say that this glob matches this name (`stringmatchlen` in Redis' util.c), byte by byte.
///
/// Only the last star is tried again, so a hostile pattern costs at most its own length times that of the name.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.is_empty() {
        // One star alone is taken as "all" before it is matched; any other pattern leaves out the empty name.
        return matches!(pattern, [] | [b'*']);
    }
    let (mut glob, mut text) = (pattern, name);
    // What stands behind the last star, and the text from which that was tried.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', behind @ ..] = glob {
            (glob, star) = (behind, Some((behind, text)));
            continue;
        }
        let Some((first, rest)) = text.split_first() else { return glob.is_empty() };
        if let Some(behind) = one(glob, *first) {
            (glob, text) = (behind, rest);
            continue;
        }
        let Some((behind, [_, later @ ..])) = star else { return false };
        (glob, text, star) = (behind, later, Some((behind, later)));
    }
}

/// What is left of the glob if its first part, which is no star, takes this byte.
fn one(glob: &[u8], byte: u8) -> Option<&[u8]> {
    let (first, rest) = glob.split_first()?;
    let (takes, rest) = match (first, rest) {
        (b'?', _) => (true, rest),
        (b'[', [b'^', class @ ..]) => {
            let (listed, rest) = class_takes(class, byte);
            (!listed, rest)
        }
        (b'[', class) => class_takes(class, byte),
        (b'\\', [escaped, rest @ ..]) => (*escaped == byte, rest),
        (literal, _) => (*literal == byte, rest),
    };
    takes.then_some(rest)
}

/// Whether the class lists this byte, and what follows it. One that is never closed ends with the glob.
fn class_takes(mut class: &[u8], byte: u8) -> (bool, &[u8]) {
    let mut listed = false;
    loop {
        class = match class {
            [] => return (listed, class),
            [b'\\', escaped, rest @ ..] => {
                listed |= *escaped == byte;
                rest
            }
            [b']', rest @ ..] => return (listed, rest),
            [from, b'-', to, rest @ ..] => {
                // The server takes the ends of a range in any order.
                listed |= (*from.min(to)..=*from.max(to)).contains(&byte);
                rest
            }
            [literal, rest @ ..] => {
                listed |= *literal == byte;
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_what_a_server_says_it_does() {
        let cases: [(&str, &str, bool); 34] = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "", false),
            ("**", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*a*b", "xaxbab", true),
            ("*a*b", "xaxbaba", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[abc]", "b", true),
            ("[abc]", "d", false),
            ("[a-c]x", "bx", true),
            ("[c-a]x", "bx", true),
            ("[^a]", "b", true),
            ("[^a]", "a", false),
            ("[]", "a", false),
            ("[^]", "a", true),
            ("[abc", "c", true),
            ("[abc", "cd", false),
            ("[a", "a", true),
            ("[", "[", false),
            ("[\\]]", "]", true),
            ("[a-]", "]", true),
            ("[a\\-z]", "-", true),
            ("[\\", "\\", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a\\", true),
            ("\\a", "a", true),
            ("\\\\", "\\", true),
            ("a^b", "a^b", true),
            ("h*llo:[0-9]*:??", "heello:12:ab", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
        let hostile = "a*".repeat(200) + "b";
        assert!(!matches(hostile.as_bytes(), &[b'a'; 5_000]));
        assert!(matches(b"x*\xff", b"x\n\x00\xff"));
    }

    #[test]
    fn an_escaped_word_matches_itself_only() {
        for word in ["plain", "a*b", "[x]", "^", "\\", "\\*", "a?", "]-[", "h\u{e9}"] {
            let mut pattern = String::new();
            escape(word, &mut pattern);
            assert!(matches(pattern.as_bytes(), word.as_bytes()), "{word}");
            assert!(!matches(pattern.as_bytes(), format!("{word}x").as_bytes()));
            assert!(!matches(pattern.as_bytes(), b"aXb") && !matches(pattern.as_bytes(), b"x"));
        }
    }
}
