//! One connection to one server: questions in, answers out, each failure kept by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::ask::CommandName;
use super::trouble::Obstacle;
use super::{Ask, Endpoint, Gate, Trouble, gate};
use crate::facts::{Cost, Known, Missing, foreign};

/// An open connection that only takes an [`Ask`].
pub struct Link {
    connection: MultiplexedConnection,
    target: Endpoint,
    gate: Gate,
    /// How often each command was sent.
    pub asked: BTreeMap<&'static str, u64>,
    /// How many of them were answered by an error.
    pub errors: u64,
    pub round_trips: u64,
}

/// What a first PING told about a server that lets us in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greeting {
    Ready,
    /// The server is reading its data and answers little more than INFO.
    Loading,
}

impl Link {
    /// Connects and sees that a Redis answers, within `patience`.
    pub async fn open(target: &Endpoint, patience: Duration) -> Result<(Self, Greeting), Trouble> {
        let greeted = async {
            match Self::greet(target).await {
                Err(trouble) if trouble.obstacle == Obstacle::Lost => Err(sniff(target).await.unwrap_or(trouble)),
                done => done,
            }
        };
        tokio::time::timeout(patience, greeted).await.unwrap_or_else(|_| {
            Err(Trouble::new(
                Obstacle::Silent,
                format!("{target} took the connection or the call, but said nothing for {} s", patience.as_secs_f64()),
            ))
        })
    }

    async fn greet(target: &Endpoint) -> Result<(Self, Greeting), Trouble> {
        let trouble = |error: &redis::RedisError| Trouble::from_redis(target, error);
        // Without a provider of cryptography the first TLS connection would panic. A second call is harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = target.client().await?;
        // Our own deadlines stand around each step; the library's half second would cut a busy server short.
        let patient = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connection =
            client.get_multiplexed_async_connection_with_config(&patient).await.map_err(|error| trouble(&error))?;
        // The gate's own question goes with the first PING, so that it costs no round trip.
        let own = Ask::own();
        let gate = Gate::new(&[], Err(Missing::new(own.fact(), "not asked")));
        let (asked, target) = (BTreeMap::new(), target.clone());
        let mut link = Self { connection, target, gate, asked, errors: 0, round_trips: 0 };
        let mut replies = link.send(&[&Ask::Ping, &own]).await?.into_iter();
        let pong = replies.next();
        if let (Ask::Commands(names), Some(reply)) = (&own, replies.next()) {
            let names: Vec<&str> = names.iter().map(CommandName::as_str).collect();
            link.gate = Gate::new(&names, known(&own, reply));
        }
        let greeting = match pong {
            Some(Value::ServerError(error)) => match error.code() {
                "LOADING" => Greeting::Loading,
                // Known to the server but not allowed to say PING, or a replica cut off: it is still worth a look.
                "NOPERM" | "MASTERDOWN" | "MISCONF" | "CLUSTERDOWN" => Greeting::Ready,
                _ => return Err(Trouble::from_redis(&link.target, &error.into())),
            },
            Some(Value::SimpleString(pong)) if pong == "PONG" => Greeting::Ready,
            _ => {
                let says = format!("{} answers PING with something else", link.target);
                return Err(Trouble::new(Obstacle::NotRedis, says));
            }
        };
        Ok((link, greeting))
    }

    /// Sends all questions in one round trip. Whoever calls has asked the gate.
    async fn send(&mut self, asks: &[&Ask]) -> Result<Vec<Value>, Trouble> {
        let mut pipeline = Pipeline::with_capacity(asks.len());
        // One denied command must not take the others with it.
        pipeline.ignore_errors();
        for ask in asks {
            *self.asked.entry(ask.command()).or_default() += 1;
            let words = ask.words();
            for (n, word) in words.iter().enumerate() {
                if n == 0 {
                    pipeline.cmd(word);
                } else {
                    pipeline.arg(word.as_bytes());
                }
            }
        }
        self.round_trips += 1;
        let replies = pipeline.query_async(&mut self.connection).await;
        let replies: Vec<Value> = replies.map_err(|error| Trouble::from_redis(&self.target, &error))?;
        self.errors += replies.iter().filter(|reply| matches!(reply, Value::ServerError(_))).count() as u64;
        Ok(replies)
    }

    /// What we asked so far.
    pub fn cost(&self) -> Cost {
        Cost { commands: self.asked.values().sum(), round_trips: self.round_trips }
    }

    /// Sends the questions that the gate admits in one round trip; each answer is known or missing for its own reason.
    pub async fn ask(&mut self, asks: &[Ask]) -> Result<Vec<Known<Value>>, Trouble> {
        let admitted: Vec<Known<&Ask>> = asks.iter().map(|ask| self.gate.admit(ask).map(|()| ask)).collect();
        let sent: Vec<&Ask> = admitted.iter().flatten().copied().collect();
        let replies = if sent.is_empty() { Vec::new() } else { self.send(&sent).await? };
        let mut replies = replies.into_iter();
        let answer = |ask: Known<&Ask>| {
            let ask = ask?;
            let unanswered = || Err(Missing::new(ask.fact(), "the server did not answer"));
            replies.next().map_or_else(unanswered, |reply| known(ask, reply))
        };
        Ok(admitted.into_iter().map(answer).collect())
    }
}

/// The library reports an answer that is not Redis' as a broken pipe, so we look at the first bytes ourselves.
async fn sniff(target: &Endpoint) -> Option<Trouble> {
    let mut stream = TcpStream::connect(target.plain_address()?).await.ok()?;
    stream.write_all(b"PING\r\n").await.ok()?;
    let mut first = [0; 64];
    let length = stream.read(&mut first).await.ok()?;
    let says = match first.get(..length)? {
        [] => return None,
        [b'+' | b'-' | b':' | b'$' | b'*', ..] => return None,
        // An alert record of TLS.
        [0x15, 0x03, ..] => "speaks TLS, and the URL does not",
        _ => "answers, but not in the Redis protocol",
    };
    Some(Trouble::new(Obstacle::NotRedis, format!("{target} {says}")))
}

fn known(ask: &Ask, reply: Value) -> Known<Value> {
    let Value::ServerError(error) = reply else { return Ok(reply) };
    let detail = error.details().unwrap_or("");
    let why = match error.code() {
        "NOPERM" => format!("denied to our user; grant +{}", ask.command()),
        "LOADING" => "the server is loading its data".into(),
        _ if detail.contains("unknown command")
            || detail.contains("unknown subcommand")
            || detail.contains("Unknown subcommand") =>
        {
            gate::absent(ask)
        }
        code => format!("the server answered {} {}", foreign::clean(code), foreign::clean(detail)),
    };
    Err(Missing::new(ask.fact(), why.trim_end().to_owned()))
}
