//! What a sample of the keys tells: sizes, lives, how often they are used, and what else lives there.

use super::live::{Live, Seen};
use crate::census::Values;
use crate::decisions::cache::Neighbours;
use crate::facts::{Expiry, KeyFacts, KeyType, Share};
use crate::footprint::{Layout, Limits, Shape};

/// The length of a string where it could not be asked for without touching the key (before Redis 7.2): the middle of those
/// that would claim as many bytes.
fn guessed(layout: Layout, key: &KeyFacts) -> Option<u64> {
    let claimed = key.claimed?;
    let name = key.name.len() as u64;
    let expires = matches!(key.expiry, Some(Expiry::In(_)));
    let claim = |len: u64| layout.key(name, &Shape::String { len }, expires, &Limits::default()).claimed;
    // The first length that claims at least so much: claims never fall with the length.
    let first = |bytes: u64| {
        let (mut low, mut high) = (0, bytes);
        while low < high {
            let middle = u64::midpoint(low, high);
            if claim(middle) >= bytes { high = middle } else { low = middle + 1 }
        }
        low
    };
    Some(u64::midpoint(first(claimed), first(claimed + 1).saturating_sub(1)))
}

pub fn tell(live: &mut Live, layout: Option<Layout>, keys: &[KeyFacts]) {
    if keys.is_empty() {
        return;
    }
    let many = keys.len() as u64;
    let names = keys.iter().map(|key| key.name.len() as u64).sum::<u64>() / many;
    live.measured.key_bytes = Some(names.max(1));
    tell_sizes(live, layout, keys);
    tell_lives(live, keys);
    tell_counters(live, keys);
    tell_values(live, keys);
    live.measured.neighbours = neighbours(keys);
    if let Some((_, why)) = &live.measured.neighbours {
        live.seen.push(Seen {
            name: "not of the cache",
            value: why.clone(),
            means: "it decides the policy".to_owned(),
        });
    }
}

/// The value below which so many of a hundred lie.
fn at(sorted: &[u64], percent: usize) -> u64 {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
}

fn tell_sizes(live: &mut Live, layout: Option<Layout>, keys: &[KeyFacts]) {
    let claimed: Vec<u64> = keys.iter().filter_map(|key| key.claimed).collect();
    let lengths: Vec<u64> = keys.iter().filter_map(|key| key.length.or_else(|| guessed(layout?, key))).collect();
    let strings = keys.iter().all(|key| key.key_type == Some(KeyType::String));
    // Of other types the claim is the nearest there is.
    let mut sizes = if strings && lengths.len() == keys.len() { lengths } else { claimed };
    if sizes.is_empty() {
        return;
    }
    sizes.sort_unstable();
    let mean = sizes.iter().sum::<u64>() / sizes.len() as u64;
    live.measured.value_bytes = Some(mean.max(1));
    live.measured.value_p99 = Some(at(&sizes, 99).max(1));
    live.seen.push(Seen {
        name: "bytes of values",
        value: format!(
            "{} at the median, {} at p99, {} at most, {mean} on average",
            at(&sizes, 50),
            at(&sizes, 99),
            sizes.last().copied().unwrap_or(0)
        ),
        means: format!("of {} keys that were drawn at random", sizes.len()),
    });
}

fn tell_lives(live: &mut Live, keys: &[KeyFacts]) {
    let many = keys.len() as u64;
    let rest = |key: &KeyFacts| if let Some(Expiry::In(ms)) = key.expiry { Some(ms / 1000) } else { None };
    let mut lives: Vec<u64> = keys.iter().filter_map(rest).collect();
    lives.sort_unstable();
    let without = many - lives.len() as u64;
    let value = if lives.is_empty() {
        "none has a TTL".to_owned()
    } else {
        let deciles: Vec<String> = (1..10).map(|tenth| at(&lives, tenth * 10).to_string()).collect();
        let rest = format!("the others' rest by deciles is {} s, {} s at most", deciles.join(", "), at(&lives, 100));
        format!("{} have none; {rest}", Share::of(without, many))
    };
    live.seen.push(Seen { name: "TTLs", value, means: format!("of {many} keys that were drawn at random") });
}

/// A new key starts here (LFU_INIT_VAL, evict.c): at or below it are the keys that were not used again, or not for long.
const NEW: u64 = 5;
const FULL: u64 = 255;

/// The counters of LFU, where the policy keeps them.
fn tell_counters(live: &mut Live, keys: &[KeyFacts]) {
    let mut counters: Vec<u64> = keys.iter().filter_map(|key| key.frequency.map(u64::from)).collect();
    if counters.is_empty() {
        return;
    }
    counters.sort_unstable();
    let many = counters.len() as u64;
    let low = counters.iter().filter(|counter| **counter <= NEW).count() as u64;
    let full = counters.iter().filter(|counter| **counter >= FULL).count() as u64;
    let means = if full > 0 {
        format!("{} are full ({FULL}) and cannot be told apart: a higher lfu-log-factor", Share::of(full, many))
    } else if low * 10 > many * 9 {
        "nearly all stand where a new key starts: a lower lfu-log-factor and a longer lfu-decay-time tell them apart"
            .to_owned()
    } else {
        String::new()
    };
    live.seen.push(Seen {
        name: "OBJECT FREQ",
        value: format!(
            "{} at p10, {} at the median, {} at p90; {} at {NEW} or below",
            at(&counters, 10),
            at(&counters, 50),
            at(&counters, 90),
            Share::of(low, many)
        ),
        means,
    });
}

/// Fewer values tell no ratio.
const FEWEST: u64 = 30;

fn tell_values(live: &mut Live, keys: &[KeyFacts]) {
    let mut values = Values::default();
    keys.iter().filter_map(|key| key.sample.as_deref()).for_each(|sample| values.take(sample));
    if values.sampled == 0 {
        return;
    }
    if values.sampled < FEWEST {
        live.unseen.push(format!("compression: {} strings are too few to tell", values.sampled));
        return;
    }
    let ratio = values.zstd as f64 / values.bytes.max(1) as f64;
    live.measured.compression = Some(ratio);
    live.seen.push(Seen {
        name: "compression",
        value: format!("{ratio:.2} of the bytes remain by zstd, {} are JSON", Share::of(values.json, values.sampled)),
        means: format!("of {} strings, the first 16 KiB of each", values.sampled),
    });
}

/// Parts of a name that no cache entry has (judgement: what queues, locks and limits of common libraries are called).
const PRECIOUS: &[&str] = &[
    "lock",
    "locks",
    "mutex",
    "queue",
    "queues",
    "job",
    "jobs",
    "bull",
    "celery",
    "resque",
    "sidekiq",
    "session",
    "sessions",
    "sess",
    "ratelimit",
    "rate-limit",
    "rate_limit",
    "limiter",
    "idempotency",
    "semaphore",
];
/// Fewer keys without a TTL than one in a hundred may be mistakes; where nearly all have none, it is the cache itself.
const SOME: f64 = 0.01;
const ALL: f64 = 0.9;

/// What lives beside a cache, as far as names, types and TTLs tell.
fn neighbours(keys: &[KeyFacts]) -> Option<(Neighbours, String)> {
    let many = keys.len() as u64;
    let named = |key: &KeyFacts| {
        let name = String::from_utf8_lossy(&key.name).to_lowercase();
        let mut parts = name.split([':', '/', '.', '|', '{', '}']);
        // A lock that guards an entry of the cache is worth no more than the entry.
        parts.clone().all(|part| part != "cache") && parts.any(|part| PRECIOUS.contains(&part))
    };
    let lasting = |key: &KeyFacts| key.expiry == Some(Expiry::Never);
    let works = |key: &KeyFacts| lasting(key) && matches!(key.key_type, Some(KeyType::List | KeyType::Stream));
    let precious = keys.iter().filter(|key| named(key) || works(key)).count() as u64;
    if precious > 0 {
        let share = Share::of(precious, many);
        let says =
            format!("{share} are lists or streams without a TTL, or are named as locks, queues, sessions or limits");
        return Some((Neighbours::Precious, says));
    }
    let without = keys.iter().filter(|key| lasting(key)).count() as u64;
    let share = without as f64 / many as f64;
    (SOME..ALL)
        .contains(&share)
        .then(|| (Neighbours::Permanent, format!("{} have no TTL, and the others have one", Share::of(without, many))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, key_type: KeyType, expiry: Expiry) -> KeyFacts {
        KeyFacts { name: name.into(), key_type: Some(key_type), expiry: Some(expiry), ..KeyFacts::default() }
    }

    fn beside(more: &[KeyFacts]) -> Option<Neighbours> {
        let mut keys: Vec<KeyFacts> =
            (0..95).map(|n| key(&format!("cache:page:{n}"), KeyType::String, Expiry::In(60_000))).collect();
        keys.extend_from_slice(more);
        neighbours(&keys).map(|(neighbours, _)| neighbours)
    }

    #[test]
    fn what_is_no_cache_entry_is_told_by_name_type_and_ttl() {
        let string = |name: &str| key(name, KeyType::String, Expiry::Never);
        assert_eq!(beside(&[]), None);
        assert_eq!(beside(&[string("config:a"), string("config:b")]), Some(Neighbours::Permanent));
        assert_eq!(beside(&[key("lock:order:1", KeyType::String, Expiry::In(9))]), Some(Neighbours::Precious));
        assert_eq!(beside(&[key("mail", KeyType::Stream, Expiry::Never)]), Some(Neighbours::Precious));
        assert_eq!(beside(&[key("lock:{cache:page:1}", KeyType::String, Expiry::In(9))]), None);
        // A list that is cached, and a name that only begins so.
        assert_eq!(
            beside(&[key("cache:top", KeyType::List, Expiry::In(9)), key("locker:1", KeyType::String, Expiry::In(9))]),
            None
        );
        // A cache that sets no TTL at all is a cache.
        let bare: Vec<KeyFacts> = (0..50).map(|n| string(&format!("page:{n}"))).collect();
        assert_eq!(neighbours(&bare), None);
    }
}
