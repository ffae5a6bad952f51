//! What a needed operation costs: the server's own microseconds and bytes, and the client's clock.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Value};
use serde::Serialize;

use super::calls::{command, repeatable};
use super::data::Data;
use super::stand::info;
use crate::decisions::structures::Serves;
use crate::facts::Fields;

/// A minute: no round takes longer.
const MOST_MICROS: u64 = 60_000_000;

/// One need, its calls done in turn: figures of one such round, on average.
#[derive(Debug, Clone, Serialize)]
pub struct Operation {
    pub need: &'static str,
    pub calls: Vec<&'static str>,
    pub rounds: u64,
    /// Commands that were sent.
    pub commands: f64,
    /// The server's time by INFO commandstats.
    pub server_micros: f64,
    /// There and back.
    pub wire_bytes: f64,
    pub per_second: f64,
    pub p99_micros: u64,
}

/// Counters of the server.
struct Counters {
    micros: f64,
    bytes: f64,
    reply: usize,
}

/// Does the calls of a need again and again; `None`: it has none that can be done so.
pub async fn measure(
    connection: &mut MultiplexedConnection,
    data: &Data<'_>,
    row: &Serves,
    rounds: u64,
    time: Duration,
) -> Result<Option<Operation>> {
    let forms: Vec<(&'static str, &'static str)> =
        row.calls.iter().filter_map(|call| Some((*call, repeatable(call)?))).collect();
    if forms.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = forms.iter().filter_map(|(_, form)| form.split(' ').next()).map(str::to_owned).collect();
    let before = counters(connection, &names).await?;
    let mut latency = Histogram::<u64>::new_with_max(MOST_MICROS, 2).context("a histogram")?;
    let start = Instant::now();
    let (mut done, mut sent) = (0_u64, 0_u64);
    while done < rounds && start.elapsed() < time {
        let round_start = Instant::now();
        for (_, form) in &forms {
            sent += call(connection, command(form, data, done), form).await?;
        }
        latency.saturating_record(round_start.elapsed().as_micros().try_into().unwrap_or(u64::MAX));
        done += 1;
    }
    let elapsed = start.elapsed().as_secs_f64();
    let after = counters(connection, &names).await?;
    let each = |sum: f64| sum / done.max(1) as f64;
    Ok(Some(Operation {
        need: row.need.id(),
        calls: forms.iter().map(|(call, _)| *call).collect(),
        rounds: done,
        commands: each(sent as f64),
        server_micros: each(after.micros - before.micros),
        // The first of the two looks went over the wire between them.
        wire_bytes: each((after.bytes - before.bytes - before.reply as f64).max(0.0)),
        per_second: done as f64 / elapsed.max(1e-9),
        p99_micros: latency.value_at_quantile(0.99),
    }))
}

/// One call; one that walks goes on until the walk is over. How many commands that were.
async fn call(connection: &mut MultiplexedConnection, first: Cmd, form: &str) -> Result<u64> {
    let mut sent = 1;
    let mut reply: Value = first.query_async(connection).await.with_context(|| form.to_owned())?;
    let words: Vec<Vec<u8>> = first
        .args_iter()
        .filter_map(|arg| match arg {
            redis::Arg::Simple(word) => Some(word.to_vec()),
            _ => None,
        })
        .collect();
    let Some(place) = cursor_place(&words) else { return Ok(sent) };
    while let Value::Array(parts) = &reply {
        let Some(cursor) = parts.first().and_then(|part| redis::from_redis_value_ref::<String>(part).ok()) else {
            break;
        };
        if cursor == "0" {
            break;
        }
        let mut next = Cmd::new();
        for (n, word) in words.iter().enumerate() {
            if n == place {
                next.arg(&cursor)
            } else {
                next.arg(word.as_slice())
            };
        }
        reply = next.query_async(connection).await?;
        sent += 1;
    }
    Ok(sent)
}

/// Where a walk has its cursor.
fn cursor_place(words: &[Vec<u8>]) -> Option<usize> {
    match words.first()?.as_slice() {
        b"SCAN" => Some(1),
        b"SSCAN" | b"HSCAN" | b"ZSCAN" => Some(2),
        _ => None,
    }
}

async fn counters(connection: &mut MultiplexedConnection, names: &[String]) -> Result<Counters> {
    let text = info(connection, "everything").await?;
    let stats = Fields::parse(&text);
    let micros = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let ours = names.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        let micros = rest.split(',').find_map(|part| part.strip_prefix("usec="))?;
        ours.then(|| micros.parse::<f64>().ok())?
    };
    let bytes = |name: &str| stats.number(name).unwrap_or(0.0);
    Ok(Counters {
        micros: text.lines().filter_map(micros).sum(),
        bytes: bytes("total_net_input_bytes") + bytes("total_net_output_bytes"),
        reply: text.len(),
    })
}
