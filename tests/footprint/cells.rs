//! Keys of one shape, and the commands that build them.

use godmode_redis::footprint::{Element, Precision, Shape};

/// Commands as the wire wants them.
#[derive(Debug, Default)]
pub struct Commands {
    pub bytes: Vec<u8>,
    /// Where each command ends.
    pub ends: Vec<usize>,
}

impl Commands {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn say<T: AsRef<[u8]>>(&mut self, words: &[T]) {
        self.bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            let word = word.as_ref();
            self.bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            self.bytes.extend_from_slice(word);
            self.bytes.extend_from_slice(b"\r\n");
        }
        self.ends.push(self.bytes.len());
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// So many keys of one shape.
#[derive(Debug, Clone)]
pub struct Cell {
    pub shape: Shape,
    pub keys: u64,
    pub name_len: u64,
    pub expires: bool,
}

/// Elements in one command while a collection is filled. Few, because more arguments than the seven chunks of a size that glibc keeps at hand (tcache) leave gaps behind.
const AT_ONCE: usize = 3;
/// Between entries of a stream.
const ENTRY_MS: u64 = 100;

impl Cell {
    pub fn name(&self) -> String {
        let time = if self.expires { " TTL" } else { "" };
        format!("{:?} x{} name {}{time}", self.shape, self.keys, self.name_len)
    }

    pub fn key(&self, number: u64) -> String {
        let width = usize::try_from(self.name_len).unwrap_or(0);
        format!("k{number:0>width$}", width = width - 1)
    }

    /// What a length command would say.
    pub fn length(&self) -> u64 {
        match self.shape {
            Shape::Int => 9,
            Shape::String { len } => len,
            Shape::List { items, .. } => items,
            Shape::Set { members, .. } | Shape::Zset { members, .. } | Shape::Geo { members, .. } => members,
            Shape::Hash { fields, .. } => fields,
            Shape::Stream { entries, .. } => entries,
            Shape::HyperLogLog { .. } => 0,
            Shape::Bitmap { bits } => bits.div_ceil(8),
            Shape::Vectors { elements, .. } => elements,
            Shape::Json { fields, .. } => fields,
        }
    }

    pub fn build(&self, number: u64, to: &mut Commands) {
        let key = self.key(number);
        // Other members in each key: equal ones would fall on the same buckets everywhere.
        let first = number * self.length();
        match self.shape {
            Shape::Int => to.say(&["SET", &key, &(123_456_789 + number).to_string()]),
            Shape::String { len } => to.say(&["SET", &key, &text("v", number, len)]),
            Shape::List { items, item } => (0..items).for_each(|i| to.say(&["RPUSH", &key, &element(item, "i", i)])),
            Shape::Set { members, member } => {
                fill(to, "SADD", &key, members, |i| vec![element(member, "m", first + i)]);
                poke(to, "SISMEMBER", &key, members, &element(member, "m", first));
            }
            Shape::Zset { members, member, score } => {
                fill(to, "ZADD", &key, members, |i| vec![element(score, "", i), element(member, "m", first + i)]);
                poke(to, "ZSCORE", &key, members, &element(member, "m", first));
            }
            Shape::Geo { members, member } => {
                let place = |i: u64| format!("{:.4}", (i * 7919 % 16_000) as f64 / 100.0 - 80.0);
                fill(to, "GEOADD", &key, members, |i| {
                    vec![place(i), place(i * 31 + 7), element(member, "m", first + i)]
                });
                poke(to, "ZSCORE", &key, members, &element(member, "m", first));
            }
            Shape::Hash { fields, name, value, field_expires } => {
                fill(to, "HSET", &key, fields, |i| vec![element(name, "f", first + i), element(value, "v", i)]);
                poke(to, "HEXISTS", &key, fields, &element(name, "f", first));
                if field_expires {
                    for i in 0..fields {
                        to.say(&["HPEXPIRE", &key, "3600000", "FIELDS", "1", &element(name, "f", first + i)]);
                    }
                    poke(to, "HEXISTS", &key, fields, &element(name, "f", first));
                }
            }
            Shape::Stream { entries, fields, name, value, pending } => {
                for i in 0..entries {
                    let mut words =
                        vec!["XADD".to_owned(), key.clone(), format!("{}-0", 1_700_000_000_000 + i * ENTRY_MS)];
                    for field in 0..fields {
                        words.extend([element(name, "f", field), element(value, "v", i)]);
                    }
                    to.say(&words);
                }
                if pending > 0 {
                    to.say(&["XGROUP", "CREATE", &key, "g", "0"]);
                    to.say(&["XREADGROUP", "GROUP", "g", "c", "COUNT", &pending.to_string(), "STREAMS", &key, ">"]);
                }
            }
            Shape::HyperLogLog { unique } => {
                (0..unique).for_each(|i| to.say(&["PFADD", &key, &text("u", number * unique + i, 16)]));
            }
            Shape::Bitmap { bits } => to.say(&["SETBIT", &key, &(bits - 1).to_string(), "1"]),
            Shape::Vectors { elements, name_len, dimensions, precision, links } => {
                let precision = match precision {
                    Precision::Float => "NOQUANT",
                    Precision::Byte => "Q8",
                    Precision::Bit => "BIN",
                };
                let mut seed = number + 1;
                for i in 0..elements {
                    let mut words = vec!["VADD".to_owned(), key.clone(), "VALUES".to_owned(), dimensions.to_string()];
                    words.extend((0..dimensions).map(|_| coordinate(&mut seed)));
                    words.extend([text("e", i, name_len), precision.to_owned(), "M".to_owned(), links.to_string()]);
                    to.say(&words);
                }
            }
            Shape::Json { fields, name_len, value } => {
                // Names are those of every document, texts are its own: equal ones would be kept once.
                let field = |i: u64| {
                    let quote = if matches!(value, Element::Text(_)) { "\"" } else { "" };
                    format!("\"{}\":{quote}{}{quote}", text("f", i, name_len), element(value, "v", first + i))
                };
                let fields: Vec<String> = (0..fields).map(field).collect();
                to.say(&["JSON.SET", &key, "$", &format!("{{{}}}", fields.join(","))]);
            }
        }
        if self.expires {
            to.say(&["PEXPIRE", &key, "86400000"]);
        }
    }
}

/// A number below 2^31, and the next seed (the constants of Knuth's MMIX).
pub fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// A number between -1 and 1.
fn coordinate(seed: &mut u64) -> String {
    format!("{:.4}", random(seed) as f64 / f64::from(1 << 30) - 1.0)
}

/// Text of a length that no server takes for a number.
fn text(letter: &str, number: u64, len: u64) -> String {
    let width = usize::try_from(len).unwrap_or(0).saturating_sub(letter.len());
    let digits = format!("{number:x}");
    let mut text = format!("{letter}{digits:z>width$}");
    text.truncate(usize::try_from(len).unwrap_or(0));
    text
}

fn element(element: Element, letter: &str, number: u64) -> String {
    match element {
        // A score between two whole numbers.
        Element::Text(len) if letter.is_empty() => {
            let fraction = usize::try_from(len).unwrap_or(0).saturating_sub(2);
            format!("0.{:0fraction$}", number * 2 + 1)
        }
        Element::Text(len) => text(letter, number, len),
        Element::Number(greatest) => (greatest - i64::try_from(number).unwrap_or(0) % (greatest / 4)).to_string(),
    }
}

fn fill(to: &mut Commands, command: &str, key: &str, count: u64, element: impl Fn(u64) -> Vec<String>) {
    let elements: Vec<Vec<String>> = (0..count).map(element).collect();
    for some in elements.chunks(AT_ONCE) {
        let words = [command.to_owned(), key.to_owned()];
        to.say(&words.into_iter().chain(some.iter().flatten().cloned()).collect::<Vec<_>>());
    }
}

/// Each look at a table that is being moved moves a bucket more.
fn poke(to: &mut Commands, command: &str, key: &str, times: u64, element: &str) {
    (0..times).for_each(|_| to.say(&[command, key, element]));
}
