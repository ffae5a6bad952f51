//! How long it is kept, under which names, for whom, and how it moves there from what holds it today.

use super::answer::{KeyRow, Tenants};
use super::compose::Question;
use crate::decisions::structures::{
    Candidate, Case, Loss, Move, Need, Scenario, Structure, find, migration_steps, type_name,
};
use crate::facts::{Bytes, Count, Foreign};

/// Where no page names the keys.
const USUAL: &str = "{service}:{entity}:{id}";
const BUCKETS: &str = "{service}:{entity}:{bucket}";

/// The keys of the page, or names by the usual convention.
pub fn keys(page: Option<&'static Scenario>, structure: Structure) -> Vec<KeyRow> {
    if let Some(page) = page {
        let row = |row: crate::decisions::structures::KeyRow| KeyRow {
            pattern: row.pattern.to_owned(),
            kind: row.kind,
            about: row.about.to_owned(),
        };
        return page.keys().into_iter().map(row).collect();
    }
    let pattern = if structure == Structure::HashBuckets { BUCKETS } else { USUAL };
    let about =
        if structure.keeps_nothing() { "the channel" } else { "by what it is for, what it holds, and which one" };
    let kind = type_name(structure).unwrap_or(structure.id());
    vec![KeyRow { pattern: pattern.to_owned(), kind, about: about.to_owned() }]
}

pub fn ttl(scenario: Option<&Scenario>, case: &Case) -> String {
    match scenario.map(Scenario::ttl) {
        Some(ttl) if !ttl.is_empty() => ttl.to_owned(),
        _ if case.needs(Need::ExpireItem) => "of each element".to_owned(),
        _ if case.needs(Need::ExpireWhole) => "EXPIRE in the same step as the first write".to_owned(),
        _ => "none was asked for: say so in the code, since a key without one stays for ever".to_owned(),
    }
}

/// How so many seconds are kept, and no more.
pub fn retention(question: &Question, structure: Structure, seconds: u64) -> Option<String> {
    let (case, writes) = (question.case, question.input.writes);
    let engine = &case.place.engine;
    let all = writes.map(|writes| writes.saturating_mul(seconds));
    let ms = seconds.saturating_mul(1_000);
    let per_key = all.map(|all| all.div_ceil(case.keys.max(1)));
    // MINID came with the command that takes over from dead consumers (Redis 6.2).
    let by_id = find("XAUTOCLAIM").is_some_and(|command| command.since.has(engine));
    let old = format!("now - {} ms", Count(ms));
    let range = case.needs(Need::TimeRange) || case.needs(Need::Recent) || case.needs(Need::ExpireItem);
    Some(match structure {
        Structure::Stream if by_id => {
            format!("XADD key MINID ~ ({old}) * ... with each entry: what is older goes by whole nodes")
        }
        Structure::Stream | Structure::List => {
            let trim = if structure == Structure::Stream { "XADD key MAXLEN ~" } else { "LTRIM key 0" };
            match per_key {
                Some(many) => format!("{trim} {} with each write: so many come in {seconds} s", Count(many)),
                None => format!("{trim} N with each write, N being what comes in {seconds} s: say writes to be told"),
            }
        }
        Structure::Zset if range => {
            format!("ZREMRANGEBYSCORE key -inf ({old}) with each write, where the score is the time")
        }
        Structure::TimeSeries => format!("TS.CREATE key RETENTION {ms}"),
        Structure::HashFieldTtl => format!("HEXPIRE key {seconds} FIELDS 1 field after each write of a field"),
        structure if structure.keeps_nothing() => return None,
        _ => format!(
            "EXPIRE key {seconds} in the same step as the write: a key goes as a whole, so that one for each period (the date in \
             its name) ends on time"
        ),
    })
}

/// Names, limits and shares of those who share it.
pub fn tenants(tenants: u64, page: Option<&'static Scenario>, structure: Structure, pick: &Candidate) -> Tenants {
    let first = keys(page, structure).into_iter().next().map_or_else(|| USUAL.to_owned(), |row| row.pattern);
    let pattern = with_tenant(&first);
    let prefix = pattern.split_once('{').map_or(pattern.as_str(), |(before, _)| before).to_owned();
    let each = pick.estimate.map(|estimate| Bytes(estimate.used.div_ceil(tenants.max(1))));
    let share = each.map_or_else(String::new, |each| format!(", {each} each on average"));
    Tenants {
        says: format!("{} tenants{share}: the tenant is a part of every name", Count(tenants)),
        names: format!(
            "{pattern}. The tenant as a hash tag ({prefix}{{acme}}:...) keeps a tenant's keys on one node, and a busy tenant \
             too: without it they spread"
        ),
        quota: "count what each one uses beside the data, and refuse before the write: `recommend quotas`, and in one step \
                generate_lua capped-increment (a limit on how much) or fixed-window (on how often)"
            .to_owned(),
        access: format!("a user for each, who sees no other's keys: ACL SETUSER acme ~{prefix}acme:* resetchannels"),
        shares: format!("who takes how much: `godmode-redis audit --match '{prefix}acme:*'`"),
    }
}

/// `lb:{game}:{period}` becomes `lb:{tenant}:{game}:{period}`; where it is there already, it stays.
fn with_tenant(pattern: &str) -> String {
    if pattern.contains("{tenant}") {
        return pattern.to_owned();
    }
    match pattern.split_once(':') {
        Some((service, rest)) => format!("{service}:{{tenant}}:{rest}"),
        None => format!("{pattern}:{{tenant}}"),
    }
}

pub fn eviction(loss: Option<Loss>, policy: Option<&str>) -> String {
    let Some(loss) = loss else {
        return "it depends on whether the data may be lost: noeviction if not".to_owned();
    };
    match policy {
        Some(policy) if !loss.policies().contains(&policy) => {
            format!("{loss}. The server has {policy}, which does not suit it")
        }
        Some(policy) => format!("{loss}. The server has {policy}"),
        None => loss.to_string(),
    }
}

/// What the old keys are called nobody has said, unless by a pattern.
const OLD: &str = "<old prefix>*";

pub fn migration(question: &Question, from: Structure, to: Structure, keys: &[KeyRow]) -> Vec<String> {
    let given = Foreign::given(&question.input.key_pattern).to_string();
    let old = if given.is_empty() { OLD } else { given.as_str() };
    let new = keys.first().map_or(USUAL, |key| key.pattern.as_str());
    let mut steps = migration_steps(question.case, &Move { from, to, old, new });
    let special = question.scenario.map(|scenario| scenario.page.sentence("Migration")).unwrap_or_default();
    if !special.is_empty() && from != to {
        steps.push(special);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_stands_behind_the_service() {
        assert_eq!(with_tenant("lb:{game}:{period}"), "lb:{tenant}:{game}:{period}");
        assert_eq!(with_tenant("quota:{tenant}:{period}"), "quota:{tenant}:{period}");
        assert_eq!(with_tenant("flags"), "flags:{tenant}");
    }
}
