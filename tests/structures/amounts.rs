//! How many keys there are, and how many elements in each: from what was said, never one for the other.

use super::tool::json;

/// What is asked, and the keys and elements of each that it makes.
#[rustfmt::skip]
const AMOUNTS: &[(&[&str], u64, u64)] = &[
    // What is written in that time is spread over the feeds, the sensors, the rooms of the page, or those that were said.
    (&["feed", "--retention", "3600", "--writes", "100000"], 100_000, 3_600),
    (&["feed", "--retention", "3600", "--writes", "100000", "--keys", "1000"], 1_000, 360_000),
    (&["feed", "--retention", "3600", "--writes", "100000", "--elements", "2000"], 2_000, 180_000),
    (&["chat-history", "--retention", "86400", "--writes", "100"], 20_000, 432),
    (&["inbox", "--retention", "86400", "--writes", "1000"], 100_000, 864),
    (&["semaphore", "--retention", "30", "--writes", "100"], 100, 30),
    (&["metrics", "--retention", "3600", "--writes", "100", "--engine", "redis 8.6"], 100, 3_600),
    (&["audit-log", "--retention", "86400", "--writes", "10"], 12, 72_000),
    (&["percentiles", "--retention", "600", "--writes", "1000"], 60, 10_000),
    // One key of the page gets them all.
    (&["events", "--retention", "86400", "--writes", "100"], 1, 8_640_000),
    (&["queue", "--retention", "3600", "--writes", "10"], 1, 36_000),
    (&["events", "--retention", "86400", "--writes", "100", "--keys", "10"], 10, 864_000),
    (&["events", "--retention", "86400", "--writes", "100", "--elements", "500"], 1, 500),
    // A counter that is written again stays one: the window of a limit tells nothing of how many clients there are.
    (&["rate-limit", "--retention", "60", "--writes", "50000"], 100_000, 1),
    (&["quotas", "--retention", "3600", "--writes", "1000"], 5_000, 8),
    (&["sliding-statistics", "--retention", "86400", "--writes", "1000"], 1_000, 24),
    (&["top-k", "--retention", "3600", "--writes", "1000"], 1, 1_000_000),
    // A value for each write, at most; and a session does not get more fields the longer it is kept.
    (&["cache", "--retention", "60", "--writes", "100"], 6_000, 1),
    (&["session", "--retention", "3600", "--writes", "100"], 360_000, 10),
    (&["session", "--retention", "3600", "--writes", "100", "--keys", "1000"], 1_000, 10),
    (&["idempotency", "--retention", "86400", "--writes", "10"], 864_000, 1),
    (&["unique", "--retention", "3600", "--writes", "10"], 1, 36_000),
    // One of the two tells nothing.
    (&["feed", "--retention", "3600"], 100_000, 300),
    (&["feed", "--writes", "100000"], 100_000, 300),
];

#[tokio::test]
async fn keys_and_elements_are_not_confused() {
    let mut wrong = Vec::new();
    for (arguments, keys, elements) in AMOUNTS {
        let answer = json(arguments).await;
        let sizes = answer["asked"]["sizes"].as_str().unwrap_or_default().replace(',', "");
        let number = |name: &str| {
            let rest = sizes.split_once(name).map_or("", |(_, rest)| rest);
            rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<u64>().ok())
        };
        if (number("keys: "), number("elements in each: ")) != (Some(*keys), Some(*elements)) {
            wrong.push(format!("{arguments:?}: {sizes}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
