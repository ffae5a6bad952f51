//! A server that answers every question with words of its choice: what no real server would say, but a stranger's can.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A listener that speaks just enough of the protocol. It lives as long as the test program.
pub struct Fake {
    port: u16,
}

/// What kind of server it plays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Answers everything, with these words wherever a server could put them.
    Lies,
    /// Answers everything with an error of these words.
    Refuses,
    /// Lies, and names a node of its Cluster by these words.
    Cluster,
    /// Lies as a single server that has one key, and of that key.
    Keys,
    /// Lies, and as a Sentinel too, that watches itself.
    Sentinel,
}

/// What it says, and how often it was asked for INFO: its counters grow with that.
struct Script {
    words: Vec<u8>,
    manner: Manner,
    port: u16,
    looks: AtomicU64,
}

impl Fake {
    pub fn start(words: Vec<u8>, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Script { words, manner, port, looks: AtomicU64::new(1) });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&script);
                std::thread::spawn(move || script.serve(stream));
            }
        });
        Self { port }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn sentinel_url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/main", self.port)
    }
}

impl Script {
    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut to = stream.try_clone().ok()?;
        let mut from = BufReader::new(stream);
        loop {
            let words = read_command(&mut from)?;
            to.write_all(&self.answer(&words)).ok()?;
        }
    }

    fn answer(&self, words: &[Vec<u8>]) -> Vec<u8> {
        if self.manner == Manner::Refuses {
            return self.error();
        }
        let text = |n: usize| words.get(n).map(|word| String::from_utf8_lossy(word).to_lowercase()).unwrap_or_default();
        let evil = || bulk(&self.words);
        let now = 1_764_000_000;
        match (text(0).as_str(), text(1).as_str()) {
            ("ping", _) => b"+PONG\r\n".to_vec(),
            ("info", _) => bulk(&self.info(self.looks.fetch_add(1, Ordering::Relaxed))),
            ("config", "get") => array(&[bulk(&words[2]), evil()]),
            ("client", "list") => bulk(&self.clients()),
            ("slowlog", "get") => {
                let entry = [number(1), number(now), number(2_000_000), array(&[bulk(b"hgetall"), evil()])];
                let odd = [number(2), number(now), number(1_000_000), array(&[evil(), evil()])];
                array(&[array(&entry), array(&odd)])
            }
            ("latency", "latest") => array(&[array(&[evil(), number(now), number(5_000), number(9_000)])]),
            ("latency", "histogram") => array(&[]),
            ("acl", "whoami") => evil(),
            ("acl", "getuser") => array(&[bulk(b"flags"), array(&[bulk(b"on"), bulk(b"nopass"), evil()])]),
            ("command", "info") => {
                let row =
                    |name: &Vec<u8>| array(&[bulk(name), number(-2), array(&[]), number(1), number(1), number(1)]);
                let stranger = array(&[evil(), number(-2), array(&[]), number(1), number(1), number(1)]);
                let rows: Vec<Vec<u8>> = words.iter().skip(2).map(row).chain([stranger]).collect();
                array(&rows)
            }
            ("select", _) => b"+OK\r\n".to_vec(),
            ("scan", _) => array(&[bulk(b"0"), array(&[evil()])]),
            ("memory", "usage") => number(200_000_000),
            ("object", "encoding") => evil(),
            ("object", _) | ("pttl" | "strlen" | "dbsize", _) => number(1),
            ("type", _) => self.status(b'+'),
            ("cluster", "nodes") if self.manner == Manner::Cluster => bulk(&self.nodes()),
            ("sentinel", "master") if self.manner == Manner::Sentinel => {
                let port = self.port.to_string();
                let fields: [&[u8]; 10] = [
                    b"name",
                    &self.words,
                    b"ip",
                    b"127.0.0.1",
                    b"port",
                    port.as_bytes(),
                    b"flags",
                    &self.words,
                    b"quorum",
                    b"2",
                ];
                array(&fields.map(bulk))
            }
            ("sentinel", "replicas" | "sentinels") => array(&[]),
            ("cluster", "info") => bulk(&[b"cluster_state:", self.line().as_slice()].concat()),
            _ => self.error(),
        }
    }

    /// One line of the words: an error and a field of INFO end at the first line break.
    fn line(&self) -> Vec<u8> {
        self.words.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()
    }

    fn error(&self) -> Vec<u8> {
        self.status(b'-')
    }

    /// The client library takes a line that is no UTF-8 for the end of the connection, so it is always UTF-8.
    fn status(&self, kind: u8) -> Vec<u8> {
        format!("{}{}\r\n", char::from(kind), String::from_utf8_lossy(&self.line())).into_bytes()
    }

    fn info(&self, look: u64) -> Vec<u8> {
        let fields = [
            "redis_version:7.4.0".into(),
            "server_name:EVIL".into(),
            "os:EVIL".into(),
            "process_id:77".into(),
            "executable:/EVIL".into(),
            "server_time_usec:1764000000000000".into(),
            "uptime_in_seconds:EVIL".into(),
            "role:slave".into(),
            "master_host:EVIL".into(),
            "master_port:EVIL".into(),
            "master_link_status:EVIL".into(),
            "master_link_down_since_seconds:EVIL".into(),
            "cluster_enabled:1".into(),
            "used_memory:900000000".into(),
            "used_memory_peak:900000000".into(),
            "used_memory_rss:3000000000".into(),
            "maxmemory:1000000000".into(),
            "maxmemory_policy:EVIL".into(),
            "mem_fragmentation_ratio:3.5".into(),
            "mem_fragmentation_bytes:2000000000".into(),
            "mem_allocator:EVIL".into(),
            "connected_slaves:1".into(),
            "slave0:ip=EVIL,port=EVIL,state=EVIL,offset=1,lag=1".into(),
            "master_repl_offset:100".into(),
            "repl_backlog_size:100".into(),
            "rdb_last_bgsave_status:EVIL".into(),
            "rdb_changes_since_last_save:7".into(),
            "aof_enabled:0".into(),
            format!("total_error_replies:{}", look * 10_000),
            format!("total_commands_processed:{}", look * 100_000),
            format!("errorstat_EVIL:count={}", look * 9_000),
            format!("cmdstat_EVIL:calls={},usec={}", look * 900, look * 900_000),
            format!("evicted_keys:{}", look * 500),
            "db0:keys=EVIL,expires=1,avg_ttl=0".into(),
        ];
        let mut text = fields.map(|field: String| field + "\r\n").concat();
        if self.manner == Manner::Keys {
            // One primary, without a replica: that is where keys are read.
            for (lie, truth) in [
                ("role:slave", "role:master"),
                ("cluster_enabled:1", "cluster_enabled:0"),
                ("connected_slaves:1", "connected_slaves:0"),
                ("db0:keys=EVIL", "db0:keys=1"),
            ] {
                text = text.replace(lie, truth);
            }
        }
        replaced(text.as_bytes(), &self.line())
    }

    fn nodes(&self) -> Vec<u8> {
        let words: Vec<u8> = self.line().into_iter().filter(|byte| !b" ,@".contains(byte)).collect();
        let lines = b"a :0@1 myself,master - 0 0 1 connected 0-16383\nb EVIL:7001@17001 slave a 0 0 1 connected\n";
        replaced(&replaced_by(lines, b":0@", format!(":{}@", self.port).as_bytes()), &words)
    }

    fn clients(&self) -> Vec<u8> {
        let words: Vec<u8> = self.line().into_iter().filter(|byte| *byte != b' ').collect();
        let line =
            b"id=3 addr=10.0.0.9:4000 name=EVIL flags=N idle=5 omem=200000000 tot-mem=200000000 cmd=EVIL user=EVIL \
            lib-name=EVIL\n";
        replaced(line, &words)
    }
}

fn replaced(text: &[u8], by: &[u8]) -> Vec<u8> {
    replaced_by(text, b"EVIL", by)
}

fn replaced_by(text: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        out.extend(&rest[..at]);
        out.extend(by);
        rest = &rest[at + what.len()..];
    }
    out.extend(rest);
    out
}

fn read_command(from: &mut BufReader<TcpStream>) -> Option<Vec<Vec<u8>>> {
    let count = read_length(from, '*')?;
    (0..count)
        .map(|_| {
            let mut word = vec![0; read_length(from, '$')? + 2];
            from.read_exact(&mut word).ok()?;
            word.truncate(word.len() - 2);
            Some(word)
        })
        .collect()
}

fn read_length(from: &mut BufReader<TcpStream>, kind: char) -> Option<usize> {
    let mut line = String::new();
    from.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn number(n: i64) -> Vec<u8> {
    format!(":{n}\r\n").into_bytes()
}

fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [format!("*{}\r\n", items.len()).into_bytes(), items.concat()].concat()
}
