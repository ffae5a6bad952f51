//! Text that a stranger wrote: key names, client names, error texts of the server. It is shown, never obeyed.

/// The longest foreign text we repeat, in characters.
pub const LONGEST: usize = 200;

/// Makes a stranger's text safe to print: one line, no control, escape, bidirectional or invisible characters, bounded.
pub fn clean(text: &str) -> String {
    bounded(text, LONGEST)
}

/// The same for bytes that may not be UTF-8; what is not is shown as `\xNN`.
pub fn clean_bytes(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
        if out.len() > LONGEST * 4 {
            break;
        }
    }
    clean(&out)
}

/// The same with another bound.
pub fn bounded(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest));
    for (n, c) in text.chars().enumerate() {
        if n == longest {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// Characters that reorder or hide their neighbours (Unicode TR 36: bidirectional controls, zero-width, tags).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A key name with the parts that tell one key from its brothers replaced by `*`: `user:1042:cart` is `user:*:cart`.
///
/// A part is a run between separators; one with a digit counts as an identifier, unless it reads like a version (`v2`).
pub fn family(key: &[u8]) -> String {
    let key = clean_bytes(key);
    let mut out = String::new();
    let mut part = String::new();
    let close = |part: &mut String, out: &mut String| {
        let digits = part.chars().any(|c| c.is_ascii_digit()) && !is_version(part);
        // Random letters: long, and of both cases behind the first.
        let both = part.chars().skip(1).any(|c| c.is_ascii_uppercase()) && part.chars().any(|c| c.is_ascii_lowercase());
        let identifier = digits || part.contains('@') || part.len() > 24 || part.len() >= 12 && both;
        out.push_str(if identifier { "*" } else { part });
        part.clear();
    };
    for c in key.chars() {
        if matches!(c, ':' | '/' | '.' | '|' | '{' | '}' | '#') {
            close(&mut part, &mut out);
            out.push(c);
        } else {
            part.push(c);
        }
    }
    close(&mut part, &mut out);
    bounded(&out, 80)
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.len() <= 2 && n.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_one_harmless_line() {
        let cases = [
            ("plain key", "plain key"),
            ("a\x1b[31mred", "a\\u{1b}[31mred"),
            ("two\nlines\r\t", "two\\nlines\\r\\t"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("caché 🙂", "caché 🙂"),
        ];
        for (hostile, safe) in cases {
            assert_eq!(clean(hostile), safe);
        }
        assert_eq!(clean_bytes(b"ok\xff\xfe"), "ok\\xff\\xfe");
        assert_eq!(clean(&"x".repeat(70_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_family_hides_identifiers_and_keeps_words() {
        let cases: [(&[u8], &str); 9] = [
            (b"user:1042:cart", "user:*:cart"),
            (b"app:v2:session:9f8a7c", "app:v2:session:*"),
            (b"{tenant7}:queue", "{*}:queue"),
            (b"lb:global", "lb:global"),
            (b"session:GhTyuIopQwErTyuIop", "session:*"),
            (b"mail:bob@example:inbox", "mail:*:inbox"),
            (b"cache/page/2024-11-23", "cache/page/*"),
            (b"550e8400-e29b-41d4-a716-446655440000", "*"),
            (b"", ""),
        ];
        for (key, expected) in cases {
            assert_eq!(family(key), expected);
        }
    }
}
