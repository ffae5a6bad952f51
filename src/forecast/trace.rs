//! Reads traces of cache requests, line by line: what the common public formats are, and what is wrong with a line.

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufRead, Read};

use serde::Serialize;

/// A longer line is no request.
const LONGEST: u64 = 16 << 10;
/// So many bad lines are told with their number; all are counted.
const TOLD: usize = 5;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Read,
    Write,
    /// Changes what is there, and leaves its TTL: INCR, APPEND.
    Change,
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// Of the key.
    pub hash: u64,
    /// Of key and value, where the trace says.
    pub bytes: u64,
    pub op: Op,
    pub seconds: Option<f64>,
    pub ttl: Option<f64>,
}

/// A line that is no request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bad {
    pub line: u64,
    pub why: String,
}

/// The shape of the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Format {
    /// timestamp, key, key size, value size, client id, operation, TTL: `twitter/cache-trace`.
    Twitter,
    /// Columns by place; a header may name them in another order.
    Plain(Columns),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    key: usize,
    size: Option<usize>,
    op: Option<usize>,
    time: Option<usize>,
    ttl: Option<usize>,
}

impl Default for Columns {
    fn default() -> Self {
        Self { key: 0, size: Some(1), op: Some(2), time: Some(3), ttl: Some(4) }
    }
}

/// Gives the requests of a trace one after another.
#[derive(Debug)]
pub struct Trace<R> {
    from: R,
    format: Option<Format>,
    buffer: Vec<u8>,
    lines: u64,
    requests: u64,
    bad: u64,
    told: Vec<Bad>,
}

impl<R: BufRead> Trace<R> {
    pub fn new(from: R) -> Self {
        Self { from, format: None, buffer: Vec::new(), lines: 0, requests: 0, bad: 0, told: Vec::new() }
    }

    /// The next request; bad lines on the way are counted.
    pub fn request(&mut self) -> io::Result<Option<Request>> {
        while self.line()? {
            let buffer = std::mem::take(&mut self.buffer);
            let read = self.understand(&buffer);
            self.buffer = buffer;
            match read {
                Ok(Some(request)) => {
                    self.requests += 1;
                    return Ok(Some(request));
                }
                Ok(None) => {}
                Err(why) => self.complain(why),
            }
        }
        Ok(None)
    }

    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// How many lines were no request, and the first of them.
    pub fn bad(&self) -> (u64, &[Bad]) {
        (self.bad, &self.told)
    }

    /// What the lines were taken for.
    pub fn format(&self) -> &'static str {
        match &self.format {
            None => "nothing",
            Some(Format::Twitter) => "timestamp, key, key size, value size, client, operation, TTL",
            Some(Format::Plain(_)) => "key, size, op, time",
        }
    }

    /// Reads a line into the buffer, cut off where it is no request any more.
    fn line(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        if self.from.by_ref().take(LONGEST).read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(false);
        }
        self.lines += 1;
        if self.buffer.last() != Some(&b'\n') && self.buffer.len() as u64 == LONGEST {
            self.from.skip_until(b'\n')?;
        }
        Ok(true)
    }

    fn complain(&mut self, why: String) {
        self.bad += 1;
        if self.told.len() < TOLD {
            self.told.push(Bad { line: self.lines, why });
        }
    }

    fn understand(&mut self, line: &[u8]) -> Result<Option<Request>, String> {
        if line.len() as u64 >= LONGEST {
            return Err(format!("it is longer than {} KiB", LONGEST >> 10));
        }
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(None);
        }
        match &self.format {
            Some(Format::Twitter) => twitter(line).map(Some),
            Some(Format::Plain(columns)) => plain(line, columns).map(Some),
            None => {
                let (format, is_header) = recognize(line);
                self.format = Some(format);
                if is_header { Ok(None) } else { self.understand(line) }
            }
        }
    }
}

/// The format of the first line, and whether that is a header.
fn recognize(line: &[u8]) -> (Format, bool) {
    let fields: Vec<&[u8]> = split(line).collect();
    let named = |names: &[&str]| {
        fields.iter().position(|field| names.iter().any(|name| field.eq_ignore_ascii_case(name.as_bytes())))
    };
    if let Some(key) = named(&["key", "obj_id", "object_id", "id"]) {
        let columns = Columns {
            key,
            size: named(&["size", "obj_size", "bytes", "value_size"]),
            op: named(&["op", "operation", "command"]),
            time: named(&["time", "timestamp"]),
            ttl: named(&["ttl"]),
        };
        return (Format::Plain(columns), true);
    }
    if twitter(line).is_ok() { (Format::Twitter, false) } else { (Format::Plain(Columns::default()), false) }
}

/// Fields by commas, or by tabs, or by spaces, whichever the line has.
fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let by = [b',', b'\t', b' '].into_iter().find(|by| line.contains(by)).unwrap_or(b',');
    line.split(move |byte| *byte == by).map(<[u8]>::trim_ascii).filter(move |field| by != b' ' || !field.is_empty())
}

/// A key may hold commas, so the fields behind it count from the end.
fn twitter(line: &[u8]) -> Result<Request, String> {
    let mut behind = line.rsplitn(6, |byte| *byte == b',');
    let mut next = |name: &str| behind.next().ok_or_else(|| format!("{name} is missing"));
    let (ttl, op, _client) = (next("the TTL")?, next("the operation")?, next("the client")?);
    let (value, key_size, front) = (next("the value's size")?, next("the key's size")?, next("the key")?);
    let comma = front.iter().position(|byte| *byte == b',').ok_or("the key is missing")?;
    let (time, key) = front.split_at(comma);
    Ok(Request {
        hash: hash(key.get(1..).unwrap_or_default()),
        bytes: whole("the key's size", key_size)? + whole("the value's size", value)?,
        op: operation(op)?,
        seconds: Some(number("the time", time)?),
        ttl: Some(number("the TTL", ttl)?).filter(|ttl| *ttl > 0.0),
    })
}

fn plain(line: &[u8], columns: &Columns) -> Result<Request, String> {
    let field = |at: Option<usize>| at.and_then(|at| split(line).nth(at)).filter(|field| !field.is_empty());
    let key = field(Some(columns.key)).ok_or("the key is missing")?;
    Ok(Request {
        hash: hash(key),
        bytes: field(columns.size).map_or(Ok(1), |size| whole("the size", size))?,
        op: field(columns.op).map_or(Ok(Op::Read), operation)?,
        seconds: field(columns.time).map(|time| number("the time", time)).transpose()?,
        ttl: field(columns.ttl).map(|ttl| number("the TTL", ttl)).transpose()?.filter(|ttl| *ttl > 0.0),
    })
}

fn operation(word: &[u8]) -> Result<Op, String> {
    let lower = word.to_ascii_lowercase();
    match lower.as_slice() {
        b"get" | b"gets" | b"read" | b"r" | b"mget" | b"get_lease" | b"0" => Ok(Op::Read),
        b"set" | b"add" | b"replace" | b"cas" | b"write" | b"w" | b"put" | b"set_lease" | b"1" => Ok(Op::Write),
        b"append" | b"prepend" | b"incr" | b"decr" => Ok(Op::Change),
        b"delete" | b"del" | b"unlink" | b"d" | b"2" => Ok(Op::Delete),
        _ => Err(format!("{} is no operation: get, set or delete", shown(word))),
    }
}

fn whole(name: &str, text: &[u8]) -> Result<u64, String> {
    let digits = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
    // A sum of two must fit too.
    digits.filter(|size| *size < 1 << 50).ok_or_else(|| format!("{name} is {}, not a number of bytes", shown(text)))
}

fn number(name: &str, text: &[u8]) -> Result<f64, String> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
    number.filter(|n: &f64| n.is_finite()).ok_or_else(|| format!("{name} is {}, not a number", shown(text)))
}

/// A stranger's word, cut short and without what a terminal acts on.
fn shown(text: &[u8]) -> String {
    format!("{:?}", crate::facts::foreign::bounded(&String::from_utf8_lossy(text), 30))
}

fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Request>, u64, Vec<Bad>) {
        let mut trace = Trace::new(text.as_bytes());
        let mut requests = Vec::new();
        while let Some(request) = trace.request().unwrap() {
            requests.push(request);
        }
        assert_eq!(trace.requests(), requests.len() as u64);
        let (bad, told) = trace.bad();
        (requests, bad, told.to_vec())
    }

    #[test]
    fn plain_lines_by_commas_tabs_and_spaces() {
        for text in ["a,10,get,1\nb,20,SET,2.5\n", "a\t10\tget\t1\nb\t20\tset\t2.5", "a 10  r 1\r\nb 20 w 2.5\n"] {
            let (requests, bad, _) = read(text);
            assert_eq!((requests.len(), bad), (2, 0), "{text}");
            assert_eq!((requests[1].bytes, requests[1].op, requests[1].seconds), (20, Op::Write, Some(2.5)));
            assert_ne!(requests[0].hash, requests[1].hash);
        }
        let (requests, bad, _) = read("only\nkeys\n\n# and a remark\nonly\n");
        assert_eq!((requests.len(), bad, requests[0].hash == requests[2].hash), (3, 0, true));
    }

    #[test]
    fn a_header_names_the_columns() {
        let (requests, bad, _) = read("time,key,op,size\n7,a,delete,3\n");
        let wanted = Request { hash: hash(b"a"), bytes: 3, op: Op::Delete, seconds: Some(7.0), ttl: None };
        assert_eq!((requests.as_slice(), bad), (&[wanted][..], 0));
    }

    #[test]
    fn the_lines_of_twitter() {
        let (requests, bad, _) = read("0,yDqF:3q:1A,x,26,175,1,get,0\n1,nz:u:1,32,3,2,set,3600\n");
        assert_eq!((requests.len(), bad), (2, 0));
        assert_eq!((requests[0].bytes, requests[0].hash, requests[0].ttl), (201, hash(b"yDqF:3q:1A,x"), None));
        assert_eq!((requests[1].op, requests[1].ttl), (Op::Write, Some(3_600.0)));
    }

    #[test]
    fn a_bad_line_is_counted_and_told() {
        let (requests, bad, told) = read("a,10,get,1\nb,many,get,2\nc,1,boil,3\n,5,get,4\nd,1,get,\u{1b}[31m\n");
        assert_eq!((requests.len(), bad), (1, 4));
        assert_eq!((told[0].line, told[0].why.as_str()), (2, "the size is \"many\", not a number of bytes"));
        assert_eq!((told[1].line, told[1].why.as_str()), (3, "\"boil\" is no operation: get, set or delete"));
        assert_eq!((told[2].line, told[2].why.as_str()), (4, "the key is missing"));
        assert!(!told[3].why.contains('\u{1b}'));
        let long = format!("{}\na,1\n", "x".repeat(1 << 20));
        let (requests, bad, told) = read(&long);
        assert_eq!((requests.len(), bad, told[0].why.as_str()), (1, 1, "it is longer than 16 KiB"));
    }
}
