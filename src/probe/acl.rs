//! The ACL rules of a user who may ask our questions, made from the list of them.

use super::ask::Ask;
use super::every::{every_sentinel_ask, sentinel_courtesies};

/// The ACL rules of a user on a Sentinel. What opens a connection is asked there too.
pub fn sentinel_acl_line(user: &str) -> String {
    let first = [Ask::Ping, Ask::Commands(Vec::new())].into_iter().chain(sentinel_courtesies());
    let asks: Vec<Ask> = first.chain(every_sentinel_ask()).collect();
    acl_line(user, &asks)
}

/// The ACL rules of a user who may ask these questions and nothing else. The second line is for servers that have more
/// subcommands than Redis 7.0, which refuses it as a whole.
pub fn acl_line(user: &str, asks: &[Ask]) -> String {
    let grants = |later: bool| {
        let mut grants: Vec<String> = Vec::new();
        for ask in asks.iter().filter(|ask| ask.came_with_7_2() == later) {
            let grant = format!(" +{}", ask.command());
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
        grants.concat()
    };
    // Redis 6 has no right to read alone; none of the granted commands can write.
    let keys = if asks.iter().any(|ask| matches!(ask, Ask::Key(..))) { "~*" } else { "resetkeys" };
    let base = format!("ACL SETUSER {user} on >CHOOSE-A-PASSWORD {keys} resetchannels -@all{}", grants(false));
    match grants(true) {
        later if later.is_empty() => base,
        later => format!("{base}\nACL SETUSER {user}{later}"),
    }
}
