//! The ACL rules of a user who may ask our questions, made from the list of them.

use super::ask::Ask;
use super::every::{every_sentinel_ask, sentinel_courtesies};

/// The ACL rules of a user on a Sentinel. What opens a connection is asked there too.
pub fn sentinel_acl_line(user: &str) -> String {
    let first = [Ask::Ping, Ask::Commands(Vec::new())].into_iter().chain(sentinel_courtesies());
    let asks: Vec<Ask> = first.chain(every_sentinel_ask()).collect();
    acl_line(user, &asks)
}

/// The ACL rules of a user who may ask these questions and nothing else. Each line but the first is for servers that have
/// more subcommands than those before: Redis 7.0 refuses the second as a whole, Redis 7.2 to 8.0 the third, Valkey and Redis
/// before 8.6 the fourth, and one without the search module the last.
pub fn acl_line(user: &str, asks: &[Ask]) -> String {
    let grants = |era: usize| {
        let mut grants: Vec<String> = Vec::new();
        for ask in asks.iter().filter(|ask| era_of(ask) == era) {
            let grant = format!(" +{}", ask.command());
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
        grants.concat()
    };
    // Redis 6 has no right to read alone; none of the granted commands can write.
    let keys = if asks.iter().any(|ask| matches!(ask, Ask::Key(..))) { "~*" } else { "resetkeys" };
    let base = format!("ACL SETUSER {user} on >CHOOSE-A-PASSWORD {keys} resetchannels -@all{}", grants(0));
    let later = [1, 2, 3, 4].map(grants).into_iter().filter(|grants| !grants.is_empty());
    later.fold(base, |lines, grants| format!("{lines}\nACL SETUSER {user}{grants}"))
}

/// Redis 6.2, Redis 7.2, Valkey 8.0 and Redis 8.2, Redis 8.6, the search module.
fn era_of(ask: &Ask) -> usize {
    let later = [ask.came_with_7_2(), ask.came_with_8(), ask.came_with_8_6(), ask.is_of_search()];
    later.into_iter().map(usize::from).sum()
}
