//! A crowd of clients that lose replies and connections, and the history of what each was told.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use godmode_redis::scripts::{Said, Script, find};
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::stage::node::Node;
use crate::stage::setup::Setup;
use godmode_redis::proof::{Delivery, attempt, said, say};

pub const CLIENTS: usize = 16;
/// Of so many calls one is given up before its reply, and sent again.
const LOSES: u64 = 9;
/// How long a reply is waited for that is going to be lost: about as long as a call takes.
const HASTE: Duration = Duration::from_micros(150);
/// Between two killed connections.
const PEACE: Duration = Duration::from_millis(7);
const NAME: &str = "crowd";

/// What one call was told. It ran at some moment between the last two; when a reply was lost, also after the first.
#[derive(Debug, Clone)]
pub struct Event {
    /// Before the first attempt.
    pub asked: Instant,
    pub sent: Instant,
    pub received: Instant,
    pub reply: Said,
}

impl Event {
    /// A part of the reply, or the whole when it is one integer.
    pub fn number(&self, part: usize) -> i64 {
        match &self.reply {
            Said::Integer(number) => *number,
            Said::List(parts) => match parts.get(part) {
                Some(Said::Integer(number)) => *number,
                other => panic!("part {part} is {other:?}: {self:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    pub fn text(&self, part: usize) -> Option<String> {
        match &self.reply {
            Said::List(parts) => match parts.get(part) {
                Some(Said::Text(text)) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Numbers that look random, and are the same in every run.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: usize) -> Self {
        Self(0x9E37_79B9_7F4A_7C15 ^ (seed as u64 + 1).wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// From 0 to below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        // Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    pub fn millis(&mut self, below: u64) -> Duration {
        Duration::from_millis(self.roll(below))
    }
}

/// A server, and the bug that is planted in one of the scripts that are called on it.
#[derive(Debug)]
pub struct Arena {
    node: Node,
    mutant: Option<Script>,
}

impl Deref for Arena {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

/// One of the crowd.
#[derive(Debug)]
pub struct Client {
    node: Arc<Arena>,
    connection: Option<MultiplexedConnection>,
    pub dice: Dice,
    /// Whether it loses replies; an adversary that counts to the millisecond does not.
    careful: bool,
    tokens: usize,
    pub number: usize,
}

impl Client {
    pub fn new(node: &Arc<Arena>, number: usize) -> Self {
        Self { node: node.clone(), connection: None, dice: Dice::new(number), careful: false, tokens: 0, number }
    }

    pub fn careful(node: &Arc<Arena>) -> Self {
        Self { careful: true, ..Self::new(node, 0) }
    }

    /// A token that nobody else has.
    pub fn token(&mut self) -> String {
        self.tokens += 1;
        format!("client-{}-{}", self.number, self.tokens)
    }

    /// Calls a script until there is a reply, with the same arguments each time.
    pub async fn call(&mut self, id: &str, keys: &[&str], arguments: &[&str]) -> Event {
        let node = self.node.clone();
        let script = node.mutant.as_ref().filter(|mutant| mutant.id == id).unwrap_or_else(|| find(id).unwrap());
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let asked = Instant::now();
        loop {
            let loses = !self.careful && self.dice.roll(LOSES) == 0;
            let Some(connection) = self.connection().await else { continue };
            let sent = Instant::now();
            let answer = attempt(connection, script, Delivery::Evalsha, &keys, &arguments);
            let answer = match loses {
                true => timeout(HASTE, answer).await.ok(),
                false => Some(answer.await),
            };
            match answer {
                Some(Ok(value)) => return Event { asked, sent, received: Instant::now(), reply: said(Ok(value)) },
                Some(Err(error)) if error.code().is_some() => panic!("{id}: {error}"),
                // Given up or killed: nobody knows whether it ran.
                _ => self.connection = None,
            }
        }
    }

    pub async fn say(&mut self, words: &[&str]) -> Said {
        loop {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let Some(connection) = self.connection().await else { continue };
            match say(connection, &words).await {
                Said::Error(error) => {
                    assert!(!error.starts_with("ERR") && !error.starts_with("WRONGTYPE"), "{words:?}: {error}");
                    self.connection = None;
                }
                answer => return answer,
            }
        }
    }

    async fn connection(&mut self) -> Option<&mut MultiplexedConnection> {
        if self.connection.is_none() {
            let mut fresh = self.node.connect().await.ok()?;
            redis::cmd("CLIENT").arg("SETNAME").arg(NAME).query_async::<()>(&mut fresh).await.ok()?;
            self.connection = Some(fresh);
        }
        self.connection.as_mut()
    }
}

pub async fn server() -> Arc<Arena> {
    Arc::new(Arena { node: Node::start(&Setup::new(&[])).await, mutant: None })
}

/// The same, where this script is called in the place of the one whose name it has.
pub async fn server_with(mutant: Script) -> Arc<Arena> {
    Arc::new(Arena { node: Node::start(&Setup::new(&[])).await, mutant: Some(mutant) })
}

/// Lets all clients do this at once, while their connections are killed, and collects what they bring.
pub async fn crowd<T, F>(node: &Arc<Arena>, task: impl Fn(Client) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(task(Client::new(node, number)));
    }
    let assassin = tokio::spawn(assassinate(node.clone()));
    let brought = clients.join_all().await;
    assassin.abort();
    brought
}

/// Kills a connection of the crowd now and then.
async fn assassinate(node: Arc<Arena>) {
    let mut admin = node.connect().await.unwrap();
    let mut dice = Dice::new(CLIENTS);
    loop {
        sleep(PEACE).await;
        let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut admin).await.unwrap();
        let marked = format!(" name={NAME} ");
        let ids: Vec<&str> =
            list.lines().filter(|line| line.contains(&marked)).filter_map(|line| line[3..].split(' ').next()).collect();
        if !ids.is_empty() {
            let id = ids[dice.roll(ids.len() as u64) as usize];
            // It may have gone by itself.
            let _ = redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async::<i64>(&mut admin).await;
        }
    }
}

/// A time in which somebody certainly held something.
#[derive(Debug, Clone)]
pub struct Hold {
    pub what: String,
    pub who: String,
    pub from: Instant,
    pub to: Instant,
}

/// Servers count whole milliseconds: a lease that begins late in one ends by so much early.
const TICK: Duration = Duration::from_millis(1);

impl Hold {
    /// From the reply to the end of the lease, or to the moment in which it was given back, whichever is first.
    pub fn new(what: &str, who: &str, granted: &Event, lease: Duration, given_back: Option<Instant>) -> Self {
        let ends = granted.sent + lease.saturating_sub(TICK);
        let to = given_back.map_or(ends, |back| back.min(ends));
        Self { what: what.to_owned(), who: who.to_owned(), from: granted.received, to }
    }
}

/// The most holds of one thing at one moment, with those that were there.
pub fn most_at_once(holds: &[Hold]) -> (usize, Vec<&Hold>) {
    let at = |hold: &Hold| {
        let here = |other: &&Hold| {
            other.what == hold.what && other.from <= hold.from && hold.from < other.to && hold.from < hold.to
        };
        holds.iter().filter(here).collect::<Vec<_>>()
    };
    let worst = holds.iter().map(at).max_by_key(Vec::len).unwrap_or_default();
    (worst.len(), worst)
}

/// The most events that certainly lie in one stretch of this length.
pub fn most_within(events: &[Event], stretch: Duration) -> usize {
    let within = |first: &Event| {
        events.iter().filter(|event| event.sent >= first.sent && event.received < first.sent + stretch).count()
    };
    events.iter().map(within).max().unwrap_or(0)
}
