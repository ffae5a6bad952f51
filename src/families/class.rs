//! Identifiers known by their look: UUID, date, address, number, hash and what only a machine would spell.

use std::net::Ipv6Addr;

/// Shorter mixtures of letters and digits (`b2b`, `24h`, `k8s`) may be words: how many there are decides.
const SHORT: usize = 5;
/// From here on letters and digits in disorder are random: what 16 characters and fewer are is decided by their number.
const LONG: usize = 16;
/// So many letters of the hexadecimal digits make no word, and so many if a digit is among them.
const HEX_LETTERS: usize = 8;
const HEX: usize = 6;
/// The longest number behind a word that may belong to its name: `oauth2`, `http2`, `v12`.
const PART_OF_A_WORD: usize = 3;

const HARD: u8 = 1;
const SOFT: u8 = 2;

/// What a byte does to a name.
fn kind(byte: u8) -> u8 {
    match byte {
        b':' | b'/' | b'|' | b'#' | b'{' | b'}' | b';' | b',' => HARD,
        b'=' | b'&' | b'?' | b'[' | b']' | b'(' | b')' | b'<' | b'>' => HARD,
        0..128 if !byte.is_ascii_alphanumeric() => SOFT,
        _ => 0,
    }
}

/// Whether names are parted here whatever else they hold.
pub fn is_hard(byte: u8) -> bool {
    kind(byte) == HARD
}

/// Whether this joins the parts of a word, and parts a name that has nothing harder: `user_17`, `app.cache.42`.
pub fn is_soft(byte: u8) -> bool {
    kind(byte) == SOFT
}

/// What a run of letters and digits is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    Word,
    /// Differs from key to key.
    Identifier,
    /// A word and as many digits, which may belong to it: `oauth2`, `shard7`.
    Numbered(usize),
    /// The same behind a word for "version".
    Version(usize),
    /// A word and a longer number.
    WordThenNumber(usize),
}

pub fn piece(text: &[u8]) -> Piece {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let behind = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let hex = text.len() >= if digits > 0 { HEX } else { HEX_LETTERS } && text.iter().all(u8::is_ascii_hexdigit);
    if digits == text.len() || hex || is_random(text) {
        return Piece::Identifier;
    }
    if digits == 0 {
        return Piece::Word;
    }
    if behind < digits {
        return if text.len() <= SHORT { Piece::Word } else { Piece::Identifier };
    }
    let word = text.get(..text.len() - digits).unwrap_or_default();
    let version = ["v", "ver", "version", "rev"].iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    match digits {
        digits if digits > PART_OF_A_WORD => Piece::WordThenNumber(digits),
        _ if version => Piece::Version(digits),
        _ => Piece::Numbered(digits),
    }
}

/// The shortest of them: `0.5`.
const SHORTEST: usize = 3;

/// The length of an identifier that starts here and holds separators itself, so that it must be seen before them.
pub fn across(text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    if text.len() < SHORTEST {
        return None;
    }
    let found = if first.is_ascii_digit() { dotted(text).or_else(|| date(text)) } else { None };
    let hex = first.is_ascii_hexdigit();
    found
        .or_else(|| if hex { uuid(text) } else { None })
        .or_else(|| if hex { address(text) } else { None })
        .or_else(|| if text.contains(&b'@') { email(text) } else { None })
        .or_else(|| token(text))
}

/// Whether an identifier of this length ends where a word would.
fn ends(text: &[u8], length: usize) -> Option<usize> {
    let next = text.get(length);
    next.is_none_or(|byte| is_hard(*byte) || is_soft(*byte)).then_some(length)
}

fn run(text: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| belongs(**byte)).count()
}

fn uuid(text: &[u8]) -> Option<usize> {
    let uuid = text.get(..36).filter(|uuid| uuid.get(8) == Some(&b'-'))?;
    let hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = uuid.iter().enumerate().all(|(at, b)| if hyphen(at) { *b == b'-' } else { b.is_ascii_hexdigit() });
    if fits { ends(text, 36) } else { None }
}

/// Numbers joined by points: a decimal, a version in full, an IPv4 address.
fn dotted(text: &[u8]) -> Option<usize> {
    let mut length = run(text, |byte| byte.is_ascii_digit());
    let single = length;
    while text.get(length) == Some(&b'.') {
        match run(text.get(length + 1..)?, |byte| byte.is_ascii_digit()) {
            0 => break,
            more => length += 1 + more,
        }
    }
    if length > single { ends(text, length) } else { None }
}

/// `2026-11-23`, also with a time behind it: `2026-11-23T10:00`, `2026-11-23 10:00:00.5+01:00`.
fn date(text: &[u8]) -> Option<usize> {
    let number = |from: usize, digits: usize| -> Option<u32> {
        std::str::from_utf8(text.get(from..from + digits)?)
            .ok()
            .filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?
            .parse()
            .ok()
    };
    let mark = |at: usize, marks: &[u8]| text.get(at).is_some_and(|byte| marks.contains(byte));
    let day = mark(4, b"-") && mark(7, b"-") && (1900..2200).contains(&number(0, 4)?);
    if !day || !(1..=12).contains(&number(5, 2)?) || !(1..=31).contains(&number(8, 2)?) {
        return None;
    }
    let mut length = 10;
    if mark(10, b"Tt ") && number(11, 2).is_some() {
        length = 13;
        while mark(length, b":") && number(length + 1, 2).is_some() {
            length += 3;
        }
        if mark(length, b".") {
            length += 1 + run(text.get(length + 1..).unwrap_or_default(), |byte| byte.is_ascii_digit());
        }
        if mark(length, b"Zz") {
            length += 1;
        } else if mark(length, b"+-") && number(length + 1, 2).is_some() && mark(length + 3, b":") {
            length += 6;
        }
    }
    ends(text, length)
}

/// An IPv6 address that can be one: of those in use (global, local to a site or a link), not any `1::2`.
fn address(text: &[u8]) -> Option<usize> {
    const LONGEST: usize = 39;
    let used = match text {
        [b'2' | b'3', rest @ ..] => rest.get(..3)?.iter().all(u8::is_ascii_hexdigit),
        [b'f' | b'F', b'e' | b'E' | b'c' | b'C' | b'd' | b'D', ..] => true,
        _ => false,
    };
    if !used {
        return None;
    }
    let length = run(text, |byte| byte.is_ascii_hexdigit() || byte == b':').min(LONGEST);
    if !text.get(..length)?.contains(&b':') {
        return None;
    }
    // The longest that ends with a part: what follows may be hexadecimal by chance.
    (1..=length).rev().filter(|end| ends(text, *end).is_some()).find(|end| {
        let part = text.get(..*end).and_then(|part| std::str::from_utf8(part).ok());
        part.is_some_and(|part| part.parse::<Ipv6Addr>().is_ok())
    })
}

fn email(text: &[u8]) -> Option<usize> {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') || !byte.is_ascii();
    let local = run(text, |byte| part(byte) || matches!(byte, b'+' | b'%'));
    if local == 0 || text.get(local) != Some(&b'@') {
        return None;
    }
    let domain = text.get(local + 1..)?;
    let domain = domain.get(..run(domain, part))?;
    let named = domain.iter().position(|byte| *byte == b'.').is_some_and(|at| at > 0 && at + 1 < domain.len());
    named.then_some(local + 1 + domain.len())
}

/// Base64 in either alphabet, nanoid, signed tokens: up to a separator that none of them has.
pub fn token(text: &[u8]) -> Option<usize> {
    if text.len() < LONG {
        return None;
    }
    let length = run(text, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'.'));
    let plain = run(text, |byte| byte.is_ascii_alphanumeric());
    if length < LONG || plain == length {
        return None;
    }
    // A plain word in front is one: `user_AbC123…`.
    let first = text.get(..plain)?;
    let single_case = first.iter().skip(1).all(u8::is_ascii_lowercase) || first.iter().all(u8::is_ascii_uppercase);
    let word = plain >= 3 && single_case && first.iter().all(u8::is_ascii_alphabetic);
    let whole = text.get(..length)?;
    let word = word && !whole.ends_with(b"=");
    if !word && is_random(whole) { ends(text, length) } else { None }
}

/// What only a machine spells: long, and in disorder or base64 that is filled up to a multiple of four.
fn is_random(text: &[u8]) -> bool {
    let filled = text.ends_with(b"=") && text.len().is_multiple_of(4);
    let kinds = [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit];
    let mixed = kinds.into_iter().filter(|is_kind| text.iter().any(is_kind)).count() > 1;
    text.len() >= LONG && (filled && mixed || is_disorder(text))
}

/// Capitals, small letters and digits without an order.
fn is_disorder(text: &[u8]) -> bool {
    let (mut small, mut capital, mut digit, mut changes, mut before) = (0, 0, 0, 0, 0);
    for byte in text {
        let kind = match byte {
            b'a'..=b'z' => 1,
            b'A'..=b'Z' => 2,
            b'0'..=b'9' => 3,
            _ => 0,
        };
        small += usize::from(kind == 1);
        capital += usize::from(kind == 2);
        digit += usize::from(kind == 3);
        changes += usize::from(kind != before && kind * before > 0);
        before = kind;
    }
    // Of random letters and digits six neighbours in ten differ in kind; in CamelCase every fifth letter is a capital.
    // What is padded is base64 in any case.
    let (disorder, kinds) = match text.ends_with(b"=") {
        true => (changes * 8, true),
        false => (changes * 4, digit > 0 || capital * 10 >= text.len() * 3),
    };
    disorder >= text.len() && small > 0 && capital > 0 && kinds
}

/// Small letters and nothing else.
pub fn is_plain(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Whether a word looks like an identifier once others stand in its place: half of it varies, or it is no word to say.
pub fn is_odd(word: &str) -> bool {
    const SAYABLE: usize = 6;
    let vowel = |c: char| matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let joint = |c: char| matches!(c, '-' | '_');
    let letters = word.len() >= SAYABLE && word.chars().all(|c| c.is_ascii_alphanumeric() || joint(c));
    let hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mute = word.split(|c| vowel(c) || joint(c)).map(str::len).max().unwrap_or_default() > 3;
    letters && (hex || mute || word.len() >= LONG || is_disorder(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_told_from_words() {
        for identifier in [
            "17",
            "1700000000",
            "1700000000123",
            "deadbeef",
            "d41d8cd98f00b204e9800998ecf8427e",
            "20261123",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "0ujsswThIGTUYm2K8FjOOfXtY1K",
            "GhTyuIopQwErTyuIop1",
            "dQw4w9WgXcQ",
            "cjld2cjxh0000qzrmn831i7rn",
            "20261123T100000Z",
            "507f1f77bcf86cd799439011",
            "aBcDeFGHijKLmNopQR",
        ] {
            assert_eq!(piece(identifier.as_bytes()), Piece::Identifier, "{identifier}");
        }
        for word in ["user", "b2b", "24h", "k8s", "UserSessionCacheEntry", "größe", "face", "S", "configuration"] {
            assert_eq!(piece(word.as_bytes()), Piece::Word, "{word}");
        }
        assert_eq!(piece(b"v2"), Piece::Version(1));
        assert_eq!(piece(b"oauth2"), Piece::Numbered(1));
        assert_eq!(piece(b"user1234"), Piece::WordThenNumber(4));
    }

    #[test]
    fn identifiers_that_hold_separators_are_seen_whole() {
        let cases: [(&str, Option<usize>); 29] = [
            ("550e8400-e29b-41d4-a716-446655440000:x", Some(36)),
            ("550e8400-e29b-41d4-a716-446655440000x", None),
            ("2026-11-23", Some(10)),
            ("2026-11-23T10:00", Some(16)),
            ("2026-11-23T10:00:05.123Z:x", Some(24)),
            ("2026-11-23 10:00:00+01:00", Some(25)),
            ("2026-11-23:eu", Some(10)),
            ("2026-13-23", None),
            ("3.14:x", Some(4)),
            ("10.0.0.1:6379", Some(8)),
            ("10.0.x", Some(4)),
            ("2001:db8::1", Some(11)),
            ("2001:db8::1:hits", Some(11)),
            ("fe80::1", Some(7)),
            ("1::2", None),
            ("2001:17", None),
            ("face:1", None),
            ("bob@example.com:inbox", Some(15)),
            ("a.b+c@x.co", Some(10)),
            ("bob@host", None),
            ("V1StGXR8_Z5jdHi6B-myT", Some(21)),
            ("dGhpcyBpcyBh/IHRlc3Q+MTIz==", Some(27)),
            ("q7av7h0yn7nicsmvawjliw==", Some(24)),
            ("n/MZ/3s/BSFOeyldznagio==:x", Some(24)),
            ("api/v2/users/list", None),
            ("user_V1StGXR8xZ5jdHi6BmyT", None),
            ("my-first-post-of-2024", None),
            ("User-Agent-Parser-V2", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(across(text.as_bytes()), expected, "{text}");
        }
    }
}
