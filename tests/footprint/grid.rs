//! The cells: types, encodings, sizes, names and times to live on which the model is held against a server.

use godmode_redis::facts::{Engine, Kind, Version};
use godmode_redis::footprint::Element::{Number, Text};
use godmode_redis::footprint::{Precision, Shape};

use super::cells::{Cell, random};

/// Cells that this build understands; `json` where RedisJSON is loaded.
pub fn of(engine: &Engine, json: bool) -> Vec<Cell> {
    let mut cells = everywhere();
    if has_field_expiry(engine) {
        cells.extend(fields_that_expire());
    }
    if has_vectors(engine) {
        cells.extend(vectors());
    }
    if json {
        cells.extend(documents());
    }
    cells
}

pub fn has_field_expiry(engine: &Engine) -> bool {
    match engine.kind {
        Kind::Redis => engine.version >= Version(7, 4, 0),
        Kind::Valkey => engine.version >= Version(9, 0, 0),
        Kind::Other(_) => false,
    }
}

pub fn has_vectors(engine: &Engine) -> bool {
    engine.kind == Kind::Redis && engine.version >= Version(8, 0, 0)
}

fn cell(keys: u64, name_len: u64, expires: bool, shape: Shape) -> Cell {
    Cell { shape, keys, name_len, expires }
}

fn everywhere() -> Vec<Cell> {
    let mut cells = chosen();
    cells.extend(drawn());
    cells.extend(others());
    cells
}

/// Strings, hashes, sets, sorted sets and lists on both sides of the limits of their encodings.
fn chosen() -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut add = |keys, name_len, expires, shape| cells.push(cell(keys, name_len, expires, shape));
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
    cells
}

/// The same with sizes, names and times to live at random, the same in each run.
fn drawn() -> Vec<Cell> {
    /// Of each structure.
    const CELLS: u64 = 14;
    /// Elements of all keys of a cell, and their bytes.
    const ELEMENTS: u64 = 20_000;
    const BYTES: u64 = 8 << 20;
    /// Numbers of each width, all of those below within a quarter as wide.
    const NUMBERS: [i64; 6] = [99, 3_000, 20_000, 1_500_000, 1_700_000_000, 900_000_000_000];
    let mut seed = 6;
    let mut cells = Vec::new();
    for number in 0..5 * CELLS {
        // Small ones as often as ten times greater ones.
        let mut draw = |from: u64, to: u64| {
            let share = random(&mut seed) as f64 / f64::from(1 << 30) / 2.0;
            (from as f64 * (to as f64 / from as f64).powf(share)) as u64
        };
        let (name_len, elements, len) = (draw(8, 150), draw(1, 2_000), draw(1, 600));
        let named = Text(8 + draw(1, 60));
        let wide = NUMBERS.iter().copied().cycle().nth(draw(1, 1_000) as usize).unwrap_or(99);
        let whole = draw(1, 1_000) % 4 == 0;
        let value = if whole { Number(wide) } else { Text(len) };
        // Members are all different.
        let member = if whole { Number(wide.max(20_000)) } else { named };
        let shape = match number % 5 {
            0 => Shape::String { len: draw(1, 50_000) },
            1 => Shape::Hash { fields: elements, name: named, value, field_expires: false },
            2 => Shape::Set { members: elements, member },
            3 => Shape::Zset { members: elements, member: named, score: Number(wide) },
            _ => Shape::List { items: elements, item: value },
        };
        let (elements, bytes) = match shape {
            Shape::String { len } => (1, len),
            _ => (elements, elements * (value.len() + named.len())),
        };
        let keys = (ELEMENTS / elements).min(BYTES / bytes).clamp(5, 3_000);
        cells.push(cell(keys, name_len, draw(1, 1_000) % 3 == 0, shape));
    }
    cells
}

/// Structures of which chance or history decides more.
fn others() -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut add = |keys, expires, shape| cells.push(cell(keys, 20, expires, shape));
    let stream = |entries, fields, name, value, pending| Shape::Stream { entries, fields, name, value, pending };
    add(600, false, stream(5, 2, Text(8), Text(20), 0));
    add(300, true, stream(60, 3, Text(6), Text(12), 0));
    add(60, false, stream(300, 1, Text(7), Text(100), 0));
    add(20, false, stream(1_000, 2, Text(6), Text(20), 0));
    add(15, true, stream(1_030, 4, Text(8), Text(50), 0));
    add(5, false, stream(4_000, 1, Text(4), Text(400), 0));
    add(5, false, stream(5_000, 8, Text(10), Text(8), 0));
    add(15, false, stream(1_000, 2, Text(6), Text(20), 1_000));
    for (keys, unique) in [
        (3_000, 1),
        (2_000, 5),
        (700, 20),
        (400, 60),
        (300, 100),
        (200, 200),
        (200, 300),
        (100, 500),
        (60, 1_000),
        (60, 1_500),
        (60, 1_700),
        (20, 3_000),
        (5, 20_000),
    ] {
        add(keys, unique % 1_000 == 0, Shape::HyperLogLog { unique });
    }
    for (keys, bits) in [(3_000, 8), (3_000, 1_000), (1_000, 10_000), (200, 100_000), (40, 1_000_000), (5, 8_000_000)] {
        add(keys, bits % 1_000_000 == 0, Shape::Bitmap { bits });
    }
    let geo = |members, member| Shape::Geo { members, member: Text(member) };
    for (keys, members, member) in
        [(2_000, 5, 12), (1_000, 50, 12), (200, 128, 30), (60, 200, 12), (30, 900, 12), (10, 3_000, 40)]
    {
        add(keys, members == 50, geo(members, member));
    }
    cells
}

fn fields_that_expire() -> Vec<Cell> {
    let expiring = |fields, name, value| Shape::Hash { fields, name, value, field_expires: true };
    vec![
        cell(1_000, 20, false, expiring(10, Text(8), Text(20))),
        cell(300, 20, true, expiring(60, Text(12), Number(1_500_000))),
        cell(30, 20, false, expiring(700, Text(8), Text(20))),
        cell(10, 20, false, expiring(3_000, Text(20), Text(50))),
    ]
}

fn vectors() -> Vec<Cell> {
    use Precision::{Bit, Byte, Float};
    [
        (2, 300, 10, 128, Byte, 16),
        (2, 300, 10, 128, Float, 16),
        (2, 300, 10, 256, Bit, 16),
        (20, 30, 12, 64, Byte, 16),
        (2, 300, 50, 384, Float, 16),
        (2, 300, 20, 384, Byte, 8),
        (2, 300, 20, 100, Byte, 32),
        (1, 1_000, 12, 768, Bit, 16),
        (1, 2_000, 16, 32, Byte, 16),
        (4, 100, 16, 200, Bit, 4),
    ]
    .map(|(keys, elements, name_len, dimensions, precision, links)| {
        cell(keys, 20, elements == 30, Shape::Vectors { elements, name_len, dimensions, precision, links })
    })
    .to_vec()
}

/// Documents of RedisJSON.
fn documents() -> Vec<Cell> {
    [
        (3_000, 1, 8, Text(20)),
        (3_000, 3, 8, Text(20)),
        (2_000, 5, 8, Text(16)),
        (1_000, 10, 8, Text(24)),
        (1_000, 10, 12, Text(100)),
        (1_000, 10, 8, Number(300)),
        (1_000, 10, 8, Number(1_500_000)),
        (1_000, 10, 8, Number(1_700_000_000_000)),
        (400, 30, 20, Text(40)),
        (100, 100, 10, Text(60)),
        (30, 1_000, 10, Text(12)),
        (100, 4, 10, Text(10_000)),
    ]
    .map(|(keys, fields, name_len, value)| cell(keys, 24, fields == 10, Shape::Json { fields, name_len, value }))
    .to_vec()
}
