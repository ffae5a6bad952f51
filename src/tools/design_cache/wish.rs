//! The strategy that is wished for: by its name, or in the words of the workload.

use anyhow::{Result, bail};

use crate::decisions::cache::{Answer, strategy};
use crate::facts::foreign;

/// How people call a strategy. The names in words are those that mean nothing else.
const NAMES: &[(Answer, &[&str])] = &[
    (strategy::WRITE_BEHIND, &["write-behind", "write behind", "writebehind", "write-back", "write back", "writeback"]),
    (strategy::WRITE_THROUGH, &["write-through", "write through", "writethrough"]),
    (strategy::READ_THROUGH, &["read-through", "read through", "readthrough"]),
    (strategy::REFRESH_AHEAD, &["refresh-ahead", "refresh ahead"]),
    (strategy::CACHE_ASIDE, &["cache-aside", "cache aside", "lazy loading", "look-aside"]),
    (strategy::CLIENT_SIDE, &["client-side cach", "client side cach", "client tracking"]),
];

/// Words before a name that turn the wish around.
const AGAINST: &[&str] = &["no", "not", "without", "never", "than", "of", "avoid", "against", "isn't", "from"];
/// So many words before a name may stand between: "instead of the old write-behind".
const NEAR: usize = 3;

/// The strategy of this name; none was wished for when it is empty.
pub fn named(name: &str) -> Result<Option<Answer>> {
    let plain = name.trim().to_lowercase().replace([' ', '_'], "-");
    if plain.is_empty() {
        return Ok(None);
    }
    match strategy::ANSWERS.iter().find(|answer| answer.id == plain) {
        Some(answer) => Ok(Some(*answer)),
        None => {
            let names: Vec<&str> = strategy::ANSWERS.iter().map(|answer| answer.id).collect();
            bail!("there is no strategy {:?}; it is one of {}", foreign::bounded(name, 40), names.join(", "))
        }
    }
}

/// The one strategy that the words wish for; none where they weigh several.
pub fn in_words(words: &str) -> Option<Answer> {
    let words = words.to_lowercase();
    let mut wished = NAMES.iter().filter(|(_, names)| names.iter().any(|name| is_wished(&words, name)));
    let (answer, _) = wished.next()?;
    wished.next().is_none().then_some(*answer)
}

fn is_wished(words: &str, name: &str) -> bool {
    words.match_indices(name).any(|(at, _)| {
        let before = words.get(..at).unwrap_or_default();
        let clause = before.rsplit([',', ';', '.', ':', '(']).next().unwrap_or_default();
        !clause.split_whitespace().rev().take(NEAR).any(|word| AGAINST.contains(&word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_in_words_is_a_wish_unless_it_is_turned_down_or_weighed() {
        for (words, wished) in [
            ("write-behind cache for page counters", Some(strategy::WRITE_BEHIND)),
            ("Write-through cache of profiles", Some(strategy::WRITE_THROUGH)),
            ("2 million profiles, cache aside", Some(strategy::CACHE_ASIDE)),
            ("client-side caching of flags", Some(strategy::CLIENT_SIDE)),
            ("cache-aside for orders, no write-behind", Some(strategy::CACHE_ASIDE)),
            ("write-through instead of write-behind", Some(strategy::WRITE_THROUGH)),
            ("we moved away from the old write-behind", None),
            ("write-behind or write-through?", None),
            ("cache pages", None),
        ] {
            assert_eq!(in_words(words), wished, "{words}");
        }
    }

    #[test]
    fn every_name_of_a_strategy_is_taken() {
        for answer in strategy::ANSWERS {
            assert_eq!(named(answer.id).unwrap(), Some(*answer));
        }
        assert_eq!(named(" ").unwrap(), None);
        assert!(named("magic").unwrap_err().to_string().contains("it is one of cache-aside"));
    }
}
