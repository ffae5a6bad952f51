//! One connection to one server: questions in, answers out, each failure kept by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::every::{courtesies, sentinel_courtesies};
use super::name::CommandName;
use super::target::Protocol;
use super::trouble::{Obstacle, meaning};
use super::{Ask, Endpoint, Gate, Trouble, gate, reply};
use crate::facts::{Cost, Foreign, Known, Missing};

/// An open connection that only takes an [`Ask`].
pub struct Link {
    connection: MultiplexedConnection,
    target: Endpoint,
    gate: Gate,
    /// Whether the server took CLIENT NO-TOUCH.
    untouching: bool,
    pub greeting: Greeting,
    pub asked: Asked,
    pub round_trips: u64,
}

/// What went over a connection.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// How often each command was sent.
    pub commands: BTreeMap<&'static str, u64>,
    /// How many of them were answered by an error.
    pub errors: u64,
}

impl Asked {
    fn add(&mut self, other: &Self) {
        for (command, times) in &other.commands {
            *self.commands.entry(command).or_default() += times;
        }
        self.errors += other.errors;
    }

    pub fn since(&self, before: &Self) -> Self {
        let more = |(command, times): (&&'static str, &u64)| {
            Some((*command, times - before.commands.get(command).copied().unwrap_or(0))).filter(|(_, times)| *times > 0)
        };
        Self { commands: self.commands.iter().filter_map(more).collect(), errors: self.errors - before.errors }
    }
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
    pub async fn open(target: &Endpoint, patience: Duration) -> Result<Self, Trouble> {
        let greeted = async {
            match Self::greet(target).await {
                // The library loses what was said before these two, so we listen ourselves.
                Err(trouble) if matches!(trouble.obstacle, Obstacle::Lost | Obstacle::WrongPassword) => {
                    Err(sniff(target).await.unwrap_or_else(|| trouble.after_tls(target)))
                }
                done => done,
            }
        };
        match tokio::time::timeout(patience, greeted).await {
            Ok(done) => done,
            Err(_) => Err(silence(target, patience).await),
        }
    }

    async fn greet(target: &Endpoint) -> Result<Self, Trouble> {
        let mut link = Self::dial(target).await?;
        if link.greeting == Greeting::Loading {
            // It answers a few times a second, and will be asked one more thing.
            return Ok(link);
        }
        match link.introduce().await {
            Err(trouble) if trouble.obstacle == Obstacle::Lost && target.protocol() == Protocol::Resp3 => {
                Err(no_resp3(target))
            }
            // A proxy that does not know HELLO may hang up on it. The next connection says nothing of itself.
            Err(trouble) if trouble.obstacle == Obstacle::Lost => {
                let mut plain = Self::dial(target).await?;
                plain.round_trips += link.round_trips;
                plain.asked.add(&link.asked);
                Ok(plain)
            }
            introduced => introduced.map(|()| link),
        }
    }

    /// Says who we are and how we speak, as far as the server's table lists it. The library's parser reads both versions
    /// of the protocol at any time, so the connection may change from RESP2 to RESP3 when it is open.
    async fn introduce(&mut self) -> Result<(), Trouble> {
        let protocol = self.target.protocol();
        let said = |ask: &Ask| match (ask, protocol) {
            (Ask::Hello, Protocol::Resp2) => false,
            (Ask::Hello, Protocol::Resp3) => true,
            _ => self.gate.lists(ask),
        };
        let all = if self.is_sentinel() { sentinel_courtesies().to_vec() } else { courtesies().to_vec() };
        let asks: Vec<Ask> = all.into_iter().filter(said).collect();
        let mut speaks = 2;
        for (ask, answer) in asks.iter().zip(self.ask(&asks).await?) {
            match (ask, answer) {
                (Ask::Hello, Ok(hello)) => speaks = reply::protocol(&hello).unwrap_or(speaks),
                (Ask::NoTouch, Ok(Value::Okay)) => self.untouching = true,
                _ => {}
            }
        }
        tracing::debug!("{} speaks RESP{speaks}; its keys keep their idle time: {}", self.target, self.untouching());
        if protocol == Protocol::Resp3 && speaks < 3 {
            return Err(no_resp3(&self.target));
        }
        Ok(())
    }

    async fn dial(target: &Endpoint) -> Result<Self, Trouble> {
        let trouble = |error: &redis::RedisError| Trouble::from_redis(target, error);
        // Without a provider of cryptography the first TLS connection would panic. A second call is harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = target.client().await?;
        // Our own deadlines stand around each step; the library's half second would cut a busy server short.
        let patient = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connection =
            client.get_multiplexed_async_connection_with_config(&patient).await.map_err(|error| trouble(&error))?;
        let own = Ask::own();
        let gate = Gate::new(&[], Err(Missing::new(own.fact(), "not asked")));
        let (asked, target) = (Asked::default(), target.clone());
        let greeting = Greeting::Ready;
        let mut link = Self { connection, target, gate, untouching: false, greeting, asked, round_trips: 0 };
        // PING goes alone: a server that answers one error and hangs up would take the second question with it.
        let pong = link.send(&[&Ask::Ping]).await?.pop();
        link.greeting = match pong {
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
        if let (Ask::Commands(names), Some(reply)) = (&own, link.send(&[&own]).await?.pop()) {
            let names: Vec<&str> = names.iter().map(CommandName::as_str).collect();
            link.gate = Gate::new(&names, known(&own, reply));
        }
        Ok(link)
    }

    /// Sends all questions in one round trip. Whoever calls has asked the gate.
    async fn send(&mut self, asks: &[&Ask]) -> Result<Vec<Value>, Trouble> {
        let mut pipeline = Pipeline::with_capacity(asks.len());
        // One denied command must not take the others with it.
        pipeline.ignore_errors();
        for ask in asks {
            *self.asked.commands.entry(ask.command()).or_default() += 1;
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
        self.asked.errors += replies.iter().filter(|reply| matches!(reply, Value::ServerError(_))).count() as u64;
        Ok(replies)
    }

    /// Whether a question may be sent at all.
    pub fn admits(&self, ask: &Ask) -> Known<()> {
        self.gate.admit(ask)
    }

    /// The same connection for whoever sends declared questions by the page.
    pub fn shared(&self) -> (MultiplexedConnection, Endpoint) {
        (self.connection.clone(), self.target.clone())
    }

    /// Whether reading a key leaves its idle time and frequency as they are. What asks about keys needs this.
    pub fn untouching(&self) -> bool {
        self.untouching
    }

    pub fn is_sentinel(&self) -> bool {
        self.gate.is_sentinel()
    }

    /// Whether it is known to hold data, as no Sentinel does.
    pub fn holds_data(&self) -> bool {
        self.gate.holds_data()
    }

    /// What we asked so far.
    pub fn cost(&self) -> Cost {
        Cost { commands: self.asked.commands.values().sum(), round_trips: self.round_trips }
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

    /// The same, for as long as we are willing to wait: a server may hang at any moment.
    pub async fn ask_within(&mut self, asks: &[Ask], patience: Duration) -> Result<Vec<Known<Value>>, Trouble> {
        match tokio::time::timeout(patience, self.ask(asks)).await {
            Ok(answered) => answered,
            Err(_) => Err(Trouble::silent(&self.target, patience)),
        }
    }
}

fn no_resp3(target: &Endpoint) -> Trouble {
    Trouble::new(Obstacle::Protocol, format!("{target} does not speak RESP3, which the target insists on"))
}

/// What a server says to a PING without a login, where the library only told that the connection or the login failed.
async fn sniff(target: &Endpoint) -> Option<Trouble> {
    let mut stream = TcpStream::connect(target.plain_address()?).await.ok()?;
    stream.write_all(b"PING\r\n").await.ok()?;
    let mut first = [0; 64];
    // A server that resets the connection says nothing either.
    let length = stream.read(&mut first).await.unwrap_or(0);
    let (obstacle, says) = match first.get(..length)? {
        [] => (Obstacle::NotRedis, "closes the connection without a word, as a TLS port does to plain text"),
        // An alert record of TLS.
        [0x15, 0x03, ..] => (Obstacle::NotRedis, "speaks TLS, and the URL does not"),
        said if said.starts_with(b"-ERR max number of clients") => {
            (Obstacle::TooManyClients, "has no connection left (maxclients)")
        }
        said if said.starts_with(b"-DENIED") => {
            (Obstacle::NeedsPassword, "runs in protected mode and lets no one in from outside without a password")
        }
        said if said.starts_with(b"+PONG") => {
            (Obstacle::WrongPassword, "refuses the login, and needs none: try it without a password")
        }
        [b'+' | b'-' | b':' | b'$' | b'*', ..] => return None,
        _ => (Obstacle::NotRedis, "answers, but not in the Redis protocol"),
    };
    Some(Trouble::new(obstacle, format!("{target} {says}")))
}

/// What stays silent: the way there, or the server.
async fn silence(target: &Endpoint, patience: Duration) -> Trouble {
    let seconds = patience.as_secs_f64();
    let takes_calls = match target.host_and_port() {
        Some(place) => tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(place)).await.is_ok(),
        None => true,
    };
    if !takes_calls {
        return Trouble::new(Obstacle::Unreachable, format!("{target} could not be dialled within {seconds} s"));
    }
    let tls = if target.uses_tls() { "; a port without TLS does the same" } else { "" };
    Trouble::new(Obstacle::Silent, format!("{target} takes connections, but said nothing for {seconds} s{tls}"))
}

/// An answer, or why there is none.
pub fn known(ask: &Ask, reply: Value) -> Known<Value> {
    let Value::ServerError(error) = reply else { return Ok(reply) };
    let detail = error.details().unwrap_or("");
    let why = match error.code() {
        "NOPERM" => format!("denied to our user; grant +{}", ask.command()),
        _ if detail.contains("unknown command")
            || detail.contains("unknown subcommand")
            || detail.contains("Unknown subcommand") =>
        {
            gate::absent(ask)
        }
        code => meaning(code).unwrap_or_else(|| {
            let said = format!("{code} {detail}");
            format!("the server answered {}", Foreign::name(said.trim_end()))
        }),
    };
    Err(Missing::new(ask.fact(), why.trim_end().to_owned()))
}
