//! What benches share: a connection that is as bare as it can be, and what a server says of itself.

// Each bench uses some of it.
#![allow(dead_code)]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

pub type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// A connection that speaks RESP2 and nothing else.
pub struct Wire {
    reader: BufReader<UnixStream>,
    out: Vec<u8>,
    line: Vec<u8>,
}

impl Wire {
    pub fn open(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        Ok(Self { reader: BufReader::with_capacity(1 << 16, stream), out: Vec::new(), line: Vec::new() })
    }

    pub fn say(&mut self, words: &[&[u8]]) -> io::Result<()> {
        write!(self.out, "*{}\r\n", words.len())?;
        for word in words {
            write!(self.out, "${}\r\n", word.len())?;
            self.out.extend_from_slice(word);
            self.out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.reader.get_mut().write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    pub fn header(&mut self) -> io::Result<(u8, i64)> {
        self.line.clear();
        self.reader.read_until(b'\n', &mut self.line)?;
        let kind = self.line.first().copied().unwrap_or(b'-');
        let text = std::str::from_utf8(self.line.get(1..).unwrap_or_default()).unwrap_or_default().trim();
        Ok((kind, text.parse().unwrap_or(0)))
    }

    pub fn bulk(&mut self, length: i64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0) + 2];
        self.reader.read_exact(&mut bytes)?;
        bytes.truncate(bytes.len().saturating_sub(2));
        Ok(bytes)
    }

    pub fn skip(&mut self) -> io::Result<()> {
        match self.header()? {
            (b'$', length) if length >= 0 => self.bulk(length).map(drop),
            (b'*', many) => (0..many).try_for_each(|_| self.skip()),
            _ => Ok(()),
        }
    }

    pub fn text(&mut self, words: &[&[u8]]) -> io::Result<String> {
        self.say(words)?;
        self.flush()?;
        let (_, length) = self.header()?;
        Ok(String::from_utf8_lossy(&self.bulk(length)?).into_owned())
    }
}

pub fn info(socket: &Path, name: &str) -> Done<String> {
    let text = Wire::open(socket)?.text(&[b"INFO", b"everything"])?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned));
    value.ok_or_else(|| format!("INFO has no {name}").into())
}

pub fn cpu(socket: &Path) -> Done<f64> {
    let sum = |user: &str, system: &str| -> Done<f64> {
        Ok(info(socket, user)?.trim().parse::<f64>()? + info(socket, system)?.trim().parse::<f64>()?)
    };
    sum("used_cpu_user_main_thread", "used_cpu_sys_main_thread").or_else(|_| sum("used_cpu_user", "used_cpu_sys"))
}

pub fn engine(socket: &Path) -> Done<String> {
    let valkey = info(socket, "valkey_version").map(|version| format!("Valkey {version}"));
    valkey.or_else(|_| Ok(format!("Redis {}", info(socket, "redis_version")?)))
}
