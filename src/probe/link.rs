//! One connection to one server: questions in, answers out, each failure kept by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::trouble::Obstacle;
use super::{Ask, Endpoint, Trouble};
use crate::facts::{Cost, Known, Missing, foreign};

/// An open connection that only takes an [`Ask`].
pub struct Link {
    connection: MultiplexedConnection,
    target: Endpoint,
    /// How often each command was sent.
    pub asked: BTreeMap<&'static str, u64>,
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
        let mut link = Self { connection, target: target.clone(), asked: BTreeMap::new(), round_trips: 0 };
        let greeting = match link.send(&[Ask::Ping]).await?.pop() {
            Some(Value::ServerError(error)) => match error.code() {
                "LOADING" => Greeting::Loading,
                // Known to the server but not allowed to say PING, or a replica cut off: it is still worth a look.
                "NOPERM" | "MASTERDOWN" | "MISCONF" | "CLUSTERDOWN" => Greeting::Ready,
                _ => return Err(Trouble::from_redis(target, &error.into())),
            },
            Some(Value::SimpleString(pong)) if pong == "PONG" => Greeting::Ready,
            _ => return Err(Trouble::new(Obstacle::NotRedis, format!("{target} answers PING with something else"))),
        };
        Ok((link, greeting))
    }

    /// Sends all questions in one round trip.
    async fn send(&mut self, asks: &[Ask]) -> Result<Vec<Value>, Trouble> {
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
        pipeline.query_async(&mut self.connection).await.map_err(|error| Trouble::from_redis(&self.target, &error))
    }

    /// What we asked so far.
    pub fn cost(&self) -> Cost {
        Cost { commands: self.asked.values().sum(), round_trips: self.round_trips }
    }

    /// Sends all questions in one round trip; each answer is known or missing for its own reason.
    pub async fn ask(&mut self, asks: &[Ask]) -> Result<Vec<Known<Value>>, Trouble> {
        let replies = self.send(asks).await?;
        Ok(asks.iter().zip(replies).map(|(ask, reply)| known(ask, reply)).collect())
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
            format!(
                "this server has no {} (too old, renamed, or hidden by a managed service)",
                ask.command().replace('|', " ").to_uppercase()
            )
        }
        code => format!("the server answered {} {}", foreign::clean(code), foreign::clean(detail)),
    };
    let fact = if let Ask::Config(parameter) = ask { (*parameter).to_owned() } else { ask.to_string() };
    Err(Missing::new(fact, why.trim_end().to_owned()))
}
