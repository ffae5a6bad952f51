//! Reads one name: its shape, which is what all names of a family share, and its words, of which some may vary.

use super::class::{self, Piece};

/// No more of a name is looked at; the rest is a star. Longer names hold documents or attacks.
pub const LONGEST: usize = 512;
/// Parts between separators; what lies deeper is a star.
pub const DEEPEST: usize = 16;
/// Words in one shape. They fit the bits of a [`Places`].
const MOST_WORDS: usize = 24;

/// A set of places of words in a shape, one bit each.
pub type Places = u32;

/// The parts of a shape, as bytes with a tag in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A separator, which is printed and after which a deeper level begins.
    Separator(u8),
    /// A byte between two identifiers: the `-` in `17-42`.
    Joint(u8),
    /// Where an identifier stands.
    Identifier,
    /// Where a word stands.
    Word,
    /// Where a number stands that may belong to the word in front of it: `oauth2`.
    Number,
    /// The same for the number of a version: `v2`.
    Version,
}

const SEPARATOR: u8 = 1;
const JOINT: u8 = 2;
const IDENTIFIER: u8 = 3;
const WORD: u8 = 4;
const NUMBER: u8 = 5;
const VERSION: u8 = 6;

/// The parts of an encoded shape.
pub fn parts(shape: &[u8]) -> impl Iterator<Item = Part> {
    let mut bytes = shape.iter().copied();
    std::iter::from_fn(move || {
        Some(match bytes.next()? {
            SEPARATOR => Part::Separator(bytes.next()?),
            JOINT => Part::Joint(bytes.next()?),
            WORD => Part::Word,
            NUMBER => Part::Number,
            VERSION => Part::Version,
            _ => Part::Identifier,
        })
    })
}

/// A star in place of a word. No word is that long.
const STAR: u16 = u16::MAX;

/// The words of an encoded row: `None` is a star.
pub fn words(row: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = row;
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        let length = u16::from_le_bytes(*length);
        if length == STAR {
            rest = behind;
            return Some(None);
        }
        let (word, behind) = behind.split_at_checked(usize::from(length))?;
        rest = behind;
        Some(Some(word))
    })
}

/// Encodes the same row with stars in these places.
pub fn starred(row: &[u8], places: Places, out: &mut Vec<u8>) {
    out.clear();
    for (place, word) in words(row).enumerate() {
        push_word(out, if places >> place & 1 == 1 { None } else { word });
    }
}

fn push_word(out: &mut Vec<u8>, word: Option<&[u8]>) {
    let length = word.map_or(STAR, |word| u16::try_from(word.len()).unwrap_or(STAR));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(word.unwrap_or_default());
}

/// The reading of a name, kept to be used for the next one: reading allocates nothing.
#[derive(Debug, Default)]
pub struct Reading {
    pub shape: Vec<u8>,
    pub row: Vec<u8>,
    levels: usize,
    words: usize,
    /// Where the literal that is being read began.
    literal: Option<usize>,
    /// Whether the part that is being read holds an identifier that is more than a number.
    mixed: bool,
}

impl Reading {
    pub fn read(&mut self, name: &[u8]) {
        self.shape.clear();
        self.row.clear();
        (self.levels, self.words, self.literal) = (0, 0, None);
        let (text, cut) = readable(name);
        let main = if text.iter().any(|byte| class::is_hard(*byte)) { None } else { soft_separator(text) };
        let parts = |byte: u8| class::is_hard(byte) || main == Some(byte);
        let mut at = 0;
        while at < text.len() {
            if self.levels >= DEEPEST || self.words + 4 >= MOST_WORDS {
                return self.shape.push(IDENTIFIER);
            }
            let byte = text.get(at).copied().unwrap_or_default();
            let after = at.checked_sub(1).and_then(|before| text.get(before)).copied();
            let base64 = if byte == b'/' && after.is_some_and(|byte| byte != b'/' && parts(byte)) {
                text.get(at..).and_then(class::token)
            } else {
                None
            };
            if let Some(length) = base64 {
                self.shape.push(IDENTIFIER);
                at += length;
            } else if parts(byte) {
                self.shape.extend_from_slice(&[SEPARATOR, byte]);
                self.levels += 1;
                at += 1;
            } else {
                at = self.segment(text, at, &parts);
            }
        }
        if cut {
            self.shape.push(IDENTIFIER);
        }
    }

    /// Reads up to the next separator and returns where that is.
    fn segment(&mut self, text: &[u8], start: usize, parts: &impl Fn(u8) -> bool) -> usize {
        let mut at = start;
        let (shape, words) = (self.shape.len(), self.words);
        self.mixed = false;
        while let Some(byte) = text.get(at).copied() {
            if parts(byte) || self.words + 4 >= MOST_WORDS {
                break;
            }
            let rest = text.get(at..).unwrap_or_default();
            let signed = at == start && matches!(rest, [b'-' | b'+', b'0'..=b'9', ..]);
            let behind = usize::from(signed);
            let plus = if at == start && byte == b'+' && !signed { class::token(rest) } else { None };
            if let Some(length) = plus {
                self.identifier(text, at);
                at += length;
            } else if class::is_soft(byte) && !signed {
                self.literal.get_or_insert(at);
                at += 1;
            } else if let Some(length) = rest.get(behind..).and_then(class::across) {
                self.identifier(text, at);
                self.mixed |= rest.iter().take(length).any(u8::is_ascii_alphabetic);
                at += behind + length;
            } else {
                let rest = rest.get(behind..).unwrap_or_default();
                let length = rest.iter().take_while(|byte| !class::is_hard(**byte) && !class::is_soft(**byte)).count();
                self.piece(text, at, behind, rest.get(..length).unwrap_or_default());
                at += behind + length;
            }
        }
        self.close(text, at);
        if self.mixed && self.words == words {
            // Its joints are letters of an alphabet that has `-` and `_`.
            self.shape.truncate(shape);
            self.shape.push(IDENTIFIER);
        }
        at
    }

    fn piece(&mut self, text: &[u8], at: usize, behind: usize, piece: &[u8]) {
        let numbered = |digits: usize| at + behind + piece.len() - digits;
        match class::piece(piece) {
            Piece::Word => {
                self.literal.get_or_insert(at);
            }
            Piece::Identifier => {
                self.identifier(text, at);
                self.mixed |= piece.iter().any(u8::is_ascii_alphabetic);
            }
            Piece::WordThenNumber(digits) => {
                self.literal.get_or_insert(at);
                self.identifier(text, numbered(digits));
            }
            Piece::Numbered(digits) => self.number(text, at, numbered(digits), digits, NUMBER),
            Piece::Version(digits) => self.number(text, at, numbered(digits), digits, VERSION),
        }
    }

    fn number(&mut self, text: &[u8], at: usize, from: usize, digits: usize, tag: u8) {
        self.literal.get_or_insert(at);
        self.close(text, from);
        self.shape.push(tag);
        self.word(text.get(from..from + digits).unwrap_or_default());
    }

    fn identifier(&mut self, text: &[u8], at: usize) {
        self.close(text, at);
        self.shape.push(IDENTIFIER);
    }

    /// Ends the literal that is being read, if there is one.
    fn close(&mut self, text: &[u8], at: usize) {
        let Some(literal) = self.literal.take().and_then(|start| text.get(start..at)) else { return };
        if literal.iter().all(|byte| class::is_soft(*byte)) {
            literal.iter().for_each(|byte| self.shape.extend_from_slice(&[JOINT, *byte]));
        } else {
            self.shape.push(WORD);
            self.word(literal);
        }
    }

    fn word(&mut self, word: &[u8]) {
        push_word(&mut self.row, Some(word));
        self.words += 1;
    }
}

/// The text at the start of a name, and whether more follows: bytes that are no text, or too many of them. The part that
/// such bytes stand in is no text either.
fn readable(name: &[u8]) -> (&[u8], bool) {
    let start = name.get(..LONGEST).unwrap_or(name);
    let control = |byte: &u8| *byte < b' ' || *byte == 0x7f;
    let text = start.utf8_chunks().next().map_or("", |chunk| chunk.valid()).as_bytes();
    let end = text.iter().position(control).unwrap_or(text.len());
    if end == name.len() {
        return (name, false);
    }
    // Packed bytes may look like a separator: only behind words does one count.
    let wordy =
        |part: &&[u8]| part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let text = text.get(..end).unwrap_or_default();
    let mut kept = 0;
    for part in text.split_inclusive(|byte| class::is_hard(*byte)) {
        let Some((last, word)) = part.split_last() else { break };
        if !class::is_hard(*last) || !wordy(&word) || word.len() == 1 {
            break;
        }
        kept += part.len();
    }
    (text.get(..kept).unwrap_or_default(), true)
}

/// What parts a name without a hard separator: a point that is in no number, or else what comes first behind a word.
fn soft_separator(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let inside = |at: &usize| *at > 0 && text.get(*at).is_some_and(|byte| class::is_soft(*byte));
    let point = (1..text.len()).any(|at| text.get(at) == Some(&b'.') && !(digit(at - 1) && digit(at + 1)));
    if point {
        return Some(b'.');
    }
    (1..text.len()).find(inside).and_then(|at| text.get(at).copied())
}
