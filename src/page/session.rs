//! The session on a script's page: what is sent, and what must come back.
//!
//! ```text
//! > sliding-log rate:log:{s} , 3 60000 1     a script by its name: keys, a comma, arguments
//! [1, 2, 0, 59000..60000]                    a list; an integer in a range
//! > GET key                                  any command
//! "3"                                        text; also nil, OK, (error) ERR of what
//! > wait 120ms
//! ```
//!
//! `_` stands for anything, `$name` for a value that is the same wherever the name stands, and `>$name` for a greater
//! integer, which takes the name over.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;
use std::time::Duration;

/// One step of a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Call { script: String, keys: Vec<String>, arguments: Vec<String>, reply: Pattern },
    Command { words: Vec<String>, reply: Pattern },
    Wait(Duration),
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Nil,
    Integer(i64),
    Text(String),
    List(Vec<Said>),
    Error(String),
}

/// What a reply must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    Anything,
    Exactly(Said),
    Between(i64, i64),
    List(Vec<Pattern>),
    /// The same as before under this name.
    Same(String),
    /// Greater than before under this name.
    Greater(String),
}

/// In words: `a list of anything and 1 to 9`.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => f.write_str("anything"),
            Self::Exactly(Said::Nil) => f.write_str("nil"),
            Self::Exactly(Said::Integer(number)) => write!(f, "{number}"),
            Self::Exactly(Said::Text(text) | Said::Error(text)) => f.write_str(text),
            Self::Exactly(Said::List(_)) => f.write_str("a list"),
            Self::Between(low, high) => write!(f, "{low} to {high}"),
            Self::List(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                write!(f, "a list of {}", parts.join(" and "))
            }
            Self::Same(name) => write!(f, "the same {name}"),
            Self::Greater(name) => write!(f, "a greater {name}"),
        }
    }
}

/// What the names of a session stand for.
pub type Names = BTreeMap<String, Said>;

impl Pattern {
    /// Of a list its first part, else the whole: whether it was done, for scripts that say so.
    pub fn head(&self) -> &Self {
        match self {
            Self::List(parts) => parts.first().unwrap_or(self),
            _ => self,
        }
    }

    /// Whether the reply is as it must be; what it names is remembered.
    pub fn fits(&self, said: &Said, names: &mut Names) -> bool {
        match (self, said) {
            (Self::Anything, _) => true,
            (Self::Exactly(wanted), said) => wanted == said,
            (Self::Between(low, high), Said::Integer(number)) => low <= number && number <= high,
            (Self::List(wanted), Said::List(parts)) => {
                wanted.len() == parts.len() && wanted.iter().zip(parts).all(|(wanted, part)| wanted.fits(part, names))
            }
            (Self::Same(name), said) => names.entry(name.clone()).or_insert_with(|| said.clone()) == said,
            (Self::Greater(name), Said::Integer(number)) => match names.insert(name.clone(), said.clone()) {
                Some(Said::Integer(before)) => *number > before,
                _ => false,
            },
            _ => false,
        }
    }
}

/// A word as it is sent: `$name` is the value that the name stands for.
pub fn word(word: &str, names: &Names) -> String {
    match word.strip_prefix('$').and_then(|name| names.get(name)) {
        Some(Said::Text(text)) => text.clone(),
        Some(Said::Integer(number)) => number.to_string(),
        _ => word.to_owned(),
    }
}

/// The steps of a section, or the line that cannot be read.
pub fn read(section: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut lines =
        section.lines().filter(|line| !line.starts_with("```") && !line.starts_with('#') && !line.is_empty());
    while let Some(line) = lines.next() {
        let wrong = || format!("cannot read the session at: {line}");
        let words = words(line.strip_prefix("> ").ok_or_else(wrong)?).ok_or_else(wrong)?;
        let first = words.first().ok_or_else(wrong)?;
        if first == "wait" {
            let time = words.get(1).and_then(|word| word.strip_suffix("ms")).and_then(|word| word.parse().ok());
            steps.push(Step::Wait(Duration::from_millis(time.ok_or_else(wrong)?)));
            continue;
        }
        let reply = lines.next().and_then(pattern).ok_or_else(wrong)?;
        // Commands are in capitals, and the names of scripts are not.
        steps.push(match first.chars().any(|c| c.is_ascii_lowercase()) {
            false => Step::Command { words, reply },
            true => {
                let comma = words.iter().position(|word| word == ",").ok_or_else(wrong)?;
                let (keys, arguments) = (words.get(1..comma).ok_or_else(wrong)?, words.get(comma + 1..));
                let arguments = arguments.unwrap_or_default().to_vec();
                Step::Call { script: first.clone(), keys: keys.to_vec(), arguments, reply }
            }
        });
    }
    Ok(steps)
}

/// Words between spaces; in quotes a word may hold spaces, or nothing.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, more) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = more.trim_start();
    }
    Some(words)
}

/// A reply as a session says what it must be.
pub fn pattern(line: &str) -> Option<Pattern> {
    if let Some(error) = line.strip_prefix("(error) ") {
        return Some(Pattern::Exactly(Said::Error(error.to_owned())));
    }
    let mut letters = line.chars().peekable();
    let found = value(&mut letters)?;
    letters.next().is_none().then_some(found)
}

fn value(letters: &mut Peekable<Chars>) -> Option<Pattern> {
    match letters.peek()? {
        '[' => list(letters),
        '"' => {
            letters.next();
            let text: String = letters.by_ref().take_while(|c| *c != '"').collect();
            Some(Pattern::Exactly(Said::Text(text)))
        }
        _ => {
            let mut word = String::new();
            while let Some(letter) = letters.next_if(|c| !matches!(c, ',' | ']')) {
                word.push(letter);
            }
            simple(word.trim())
        }
    }
}

fn list(letters: &mut Peekable<Chars>) -> Option<Pattern> {
    let mut parts = Vec::new();
    letters.next();
    loop {
        while letters.next_if(|c| matches!(c, ',' | ' ')).is_some() {}
        if letters.next_if_eq(&']').is_some() {
            return Some(Pattern::List(parts));
        }
        parts.push(value(letters)?);
    }
}

fn simple(word: &str) -> Option<Pattern> {
    if let Some(name) = word.strip_prefix(">$") {
        return Some(Pattern::Greater(name.to_owned()));
    }
    if let Some(name) = word.strip_prefix('$') {
        return Some(Pattern::Same(name.to_owned()));
    }
    if let Some((low, high)) = word.split_once("..") {
        return Some(Pattern::Between(low.parse().ok()?, high.parse().ok()?));
    }
    match word {
        "_" => Some(Pattern::Anything),
        "nil" => Some(Pattern::Exactly(Said::Nil)),
        "OK" => Some(Pattern::Exactly(Said::Text("OK".to_owned()))),
        number => Some(Pattern::Exactly(Said::Integer(number.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_line_by_line() {
        let text = "```session\n> take k:{a} k:{b} , 1 \"two words\" \"\"\n[1, \"x y\", -5..-1, [_]]\n# why\n> wait 120ms\n> GET k\nnil\n```";
        let steps = read(text).unwrap();
        let Some(Step::Call { script, keys, arguments, reply }) = steps.first() else { panic!("{steps:?}") };
        assert_eq!((script.as_str(), keys.len()), ("take", 2));
        assert_eq!(arguments, &["1", "two words", ""]);
        let said = |n| {
            Said::List(vec![Said::Integer(1), Said::Text("x y".into()), Said::Integer(n), Said::List(vec![Said::Nil])])
        };
        let mut names = Names::new();
        assert!(reply.fits(&said(-3), &mut names) && !reply.fits(&said(0), &mut names));
        assert_eq!(steps.get(1), Some(&Step::Wait(Duration::from_millis(120))));
        assert_eq!(steps.len(), 3);
        assert_eq!(pattern("[_, 1..9]").unwrap().to_string(), "a list of anything and 1 to 9");
        assert!(read("> GET k\n").is_err() && read("GET k\n1\n").is_err() && read("> GET k\n[1\n").is_err());
    }

    #[test]
    fn a_name_stands_for_the_value_it_met() {
        let mut names = Names::new();
        let (same, greater) = (pattern("$n").unwrap(), pattern(">$n").unwrap());
        assert!(same.fits(&Said::Integer(4), &mut names) && !same.fits(&Said::Integer(5), &mut names));
        assert!(greater.fits(&Said::Integer(5), &mut names) && !greater.fits(&Said::Integer(5), &mut names));
    }
}
