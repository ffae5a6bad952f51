//! The keys that are built to hold the model against a server: types, encodings, sizes, names, times to live.

use godmode_redis::footprint::{Element, Precision, Shape};

/// Commands as the wire wants them.
#[derive(Debug, Default)]
pub struct Commands {
    pub bytes: Vec<u8>,
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

/// Elements in one command while a collection is filled.
const AT_ONCE: usize = 50;
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
        }
    }

    /// The command that a server must know.
    pub fn needs(&self) -> &'static str {
        match self.shape {
            Shape::Hash { field_expires: true, .. } => "hpexpire",
            Shape::Vectors { .. } => "vadd",
            _ => "set",
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
            Shape::Vectors { elements, name_len, dimensions, precision } => {
                let precision = match precision {
                    Precision::Float => "NOQUANT",
                    Precision::Byte => "Q8",
                    Precision::Bit => "BIN",
                };
                let mut seed = number + 1;
                for i in 0..elements {
                    let mut words = vec!["VADD".to_owned(), key.clone(), "VALUES".to_owned(), dimensions.to_string()];
                    words.extend((0..dimensions).map(|_| random(&mut seed)));
                    words.extend([text("e", i, name_len), precision.to_owned()]);
                    to.say(&words);
                }
            }
        }
        if self.expires {
            to.say(&["PEXPIRE", &key, "86400000"]);
        }
    }
}

/// A number between -1 and 1, of which the next follows (the generator of POSIX' rand).
fn random(seed: &mut u64) -> String {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    format!("{:.4}", (*seed >> 33) as f64 / f64::from(1 << 30) - 1.0)
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

/// All cells: the first column of the table that `make footprint` prints.
pub fn all() -> Vec<Cell> {
    use Element::{Number, Text};
    let mut cells = Vec::new();
    let mut add = |keys: u64, name_len: u64, expires: bool, shape: Shape| {
        cells.push(Cell { shape, keys, name_len, expires });
    };
    add(5_000, 16, false, Shape::Int);
    add(5_000, 24, true, Shape::Int);
    for len in [1, 8, 20, 44, 45, 64, 100, 200, 500, 1000] {
        add(5_000, 16, false, Shape::String { len });
    }
    for (name_len, len) in [(12, 32), (24, 16), (30, 30), (40, 90), (60, 250), (140, 30)] {
        add(2_900, name_len, false, Shape::String { len });
        add(2_900, name_len, true, Shape::String { len });
    }
    for (keys, len) in [(700, 4_000), (350, 10_000), (100, 60_000)] {
        add(keys, 20, false, Shape::String { len });
    }
    let hash = |fields, name, value| Shape::Hash { fields, name, value, field_expires: false };
    add(3_000, 20, false, hash(5, Text(8), Text(16)));
    add(3_000, 20, true, hash(10, Text(8), Text(20)));
    add(1_400, 20, false, hash(20, Text(6), Number(1_500_000)));
    add(500, 20, false, hash(100, Text(10), Text(60)));
    add(200, 20, false, hash(512, Text(8), Text(20)));
    add(1_000, 20, false, hash(20, Text(8), Text(100)));
    add(1_000, 20, true, hash(30, Text(10), Text(150)));
    add(30, 20, false, hash(600, Text(8), Text(20)));
    add(30, 20, false, hash(900, Text(12), Text(30)));
    add(10, 20, false, hash(5_000, Text(9), Text(20)));
    add(10, 20, false, hash(3_000, Text(36), Text(50)));
    let set = |members, member| Shape::Set { members, member };
    add(3_000, 20, false, set(10, Text(10)));
    add(3_000, 20, true, set(10, Number(20_000)));
    add(900, 20, false, set(100, Text(10)));
    add(900, 20, false, set(100, Number(1_500_000)));
    add(300, 20, false, set(500, Number(1 << 40)));
    add(300, 20, false, set(200, Text(12)));
    add(100, 20, false, set(700, Text(36)));
    add(30, 20, false, set(1_000, Text(10)));
    add(30, 20, true, set(1_000, Number(1_500_000)));
    add(6, 20, false, set(9_000, Text(36)));
    let zset = |members, member, score| Shape::Zset { members, member, score };
    add(3_000, 20, false, zset(10, Text(10), Number(1_000)));
    add(1_400, 20, true, zset(50, Text(16), Number(1_700_000_000)));
    add(600, 20, false, zset(128, Text(10), Number(100_000)));
    add(200, 20, false, zset(200, Text(10), Number(100_000)));
    add(50, 20, false, zset(1_000, Text(20), Number(1_500_000)));
    add(50, 20, true, zset(700, Text(36), Number(1_700_000_000)));
    add(30, 20, false, zset(3_000, Text(16), Number(1_500_000)));
    let list = |items, item| Shape::List { items, item };
    add(3_000, 20, false, list(5, Text(20)));
    add(1_400, 20, true, list(20, Text(50)));
    add(700, 20, false, list(100, Number(1_500_000)));
    add(200, 20, false, list(150, Text(50)));
    add(100, 20, false, list(400, Text(50)));
    add(10, 20, false, list(3_000, Text(50)));
    add(15, 20, false, list(1_000, Text(300)));
    add(40, 20, false, list(100, Text(3_000)));
    add(20, 20, false, list(20, Text(12_000)));
    let stream = |entries, fields, name, value, pending| Shape::Stream { entries, fields, name, value, pending };
    add(600, 20, false, stream(5, 2, Text(8), Text(20), 0));
    add(300, 20, true, stream(60, 3, Text(6), Text(12), 0));
    add(20, 20, false, stream(1_000, 2, Text(6), Text(20), 0));
    add(15, 20, false, stream(1_030, 4, Text(8), Text(50), 0));
    add(15, 20, false, stream(1_000, 2, Text(6), Text(20), 1_000));
    add(700, 20, false, Shape::HyperLogLog { unique: 20 });
    add(200, 20, false, Shape::HyperLogLog { unique: 300 });
    add(20, 20, true, Shape::HyperLogLog { unique: 3_000 });
    add(1_000, 20, false, Shape::Bitmap { bits: 10_000 });
    add(40, 20, true, Shape::Bitmap { bits: 1_000_000 });
    add(1_000, 20, false, Shape::Geo { members: 50, member: Text(12) });
    add(30, 20, false, Shape::Geo { members: 900, member: Text(12) });
    let expiring = |fields, name, value| Shape::Hash { fields, name, value, field_expires: true };
    add(1_000, 20, false, expiring(10, Text(8), Text(20)));
    add(30, 20, false, expiring(700, Text(8), Text(20)));
    let vectors = |dimensions, precision| Shape::Vectors { elements: 300, name_len: 10, dimensions, precision };
    add(2, 20, false, vectors(128, Precision::Byte));
    add(2, 20, false, vectors(128, Precision::Float));
    add(2, 20, false, vectors(256, Precision::Bit));
    cells
}
