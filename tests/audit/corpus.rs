//! Keys whose truth is known, put on a server of our own.

use redis::Pipeline;
use redis::aio::MultiplexedConnection;

/// Commands that are sent at once.
const CHUNK: usize = 4_000;

/// A numbers generator of the test's own, the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }
}

/// Sends commands of many words, thousands at a time.
pub struct Filling<'a> {
    connection: &'a mut MultiplexedConnection,
    pipeline: Pipeline,
}

impl<'a> Filling<'a> {
    pub fn new(connection: &'a mut MultiplexedConnection) -> Self {
        Self { connection, pipeline: Pipeline::new() }
    }

    pub async fn put(&mut self, words: &[&[u8]]) {
        let mut command = redis::cmd(std::str::from_utf8(words[0]).unwrap());
        words[1..].iter().for_each(|word| {
            command.arg(*word);
        });
        self.pipeline.add_command(command).ignore();
        if self.pipeline.len() >= CHUNK {
            self.flush().await;
        }
    }

    pub async fn flush(&mut self) {
        let pipeline = std::mem::take(&mut self.pipeline);
        if !pipeline.is_empty() {
            let () = pipeline.query_async(self.connection).await.unwrap();
        }
    }
}

/// As many equal strings, made by the server itself.
pub async fn many(connection: &mut MultiplexedConnection, prefix: &str, keys: u64, value: &str) {
    const MAKE: &str = "for n = 1, ARGV[1] do redis.call('SET', KEYS[1] .. n, ARGV[2]) end";
    let mut make = redis::cmd("EVAL");
    make.arg(MAKE).arg(1).arg(prefix).arg(keys).arg(value);
    let () = make.query_async(connection).await.unwrap();
}

/// Families with their number of keys per unit of size.
pub const FAMILIES: [(&str, u64); 7] = [
    ("app:session:*", 20),
    ("cache:user:*:profile", 15),
    ("count:page:*", 20),
    ("shop:user:*", 10),
    ("tags:item:*", 4),
    ("board:*:daily", 2),
    ("queue:job:*", 2),
];

/// Fills a server with `unit` times the families: 73 keys per unit.
pub async fn mixed(connection: &mut MultiplexedConnection, unit: u64) {
    let mut dice = Dice::new(7);
    let mut filling = Filling::new(connection);
    for n in 0..20 * unit {
        let (key, ttl) = (format!("app:session:{n}"), (1_000 + dice.below(600_000)).to_string());
        let value = vec![b'x'; 20 + dice.below(150) as usize];
        filling.put(&[b"SET", key.as_bytes(), &value, b"EX", ttl.as_bytes()]).await;
    }
    for n in 0..15 * unit {
        let value = vec![b'y'; 100 + dice.below(300) as usize];
        filling.put(&[b"SET", format!("cache:user:{n}:profile").as_bytes(), &value]).await;
    }
    for n in 0..20 * unit {
        filling.put(&[b"SET", format!("count:page:{n}").as_bytes(), n.to_string().as_bytes()]).await;
    }
    for n in 0..10 * unit {
        let (key, name) = (format!("shop:user:{n}"), format!("name {n}"));
        filling.put(&[b"HSET", key.as_bytes(), b"name", name.as_bytes(), b"city", b"Bern", b"age", b"41"]).await;
    }
    for n in 0..4 * unit {
        let key = format!("tags:item:{n}");
        let members: Vec<String> = (0..1 + dice.below(8)).map(|tag| format!("tag{tag}")).collect();
        let mut words: Vec<&[u8]> = vec![b"SADD", key.as_bytes()];
        words.extend(members.iter().map(|member| member.as_bytes()));
        filling.put(&words).await;
    }
    for n in 0..2 * unit {
        filling.put(&[b"ZADD", format!("board:{n}:daily").as_bytes(), b"1", b"ann", b"2", b"bob", b"3", b"eve"]).await;
    }
    for n in 0..2 * unit {
        filling.put(&[b"RPUSH", format!("queue:job:{n}").as_bytes(), b"a job of some kind", b"another"]).await;
    }
    filling.flush().await;
}

/// A few keys that weigh as much as thousands of others.
pub const GIANTS: [(&str, usize); 3] = [("report:all", 6_000_000), ("export:big", 4_000_000), ("dump:full", 3_000_000)];

pub async fn giants(connection: &mut MultiplexedConnection) {
    let mut filling = Filling::new(connection);
    for (name, bytes) in GIANTS {
        filling.put(&[b"SET", name.as_bytes(), &vec![b'g'; bytes]]).await;
        filling.flush().await;
    }
}
