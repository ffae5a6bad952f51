//! Numbers in the words of a use: how much of what, for the fields that were left out.

use super::input::Input;
use crate::decisions::{Quantity, Unit, quantities, take, words_between};
use crate::facts::foreign::without_logins;
use crate::facts::{Bytes, Count};

/// What the words said beside the use itself.
pub struct Reading {
    pub input: Input,
    /// The words without the numbers that were understood.
    pub words: String,
    /// Each number that counts, and as what.
    pub says: Vec<String>,
}

/// A use in more words than this is no use.
const LONGEST: usize = 4_000;
/// Fewer are more likely a "top 10" than the size of the data: judgement.
const FEWEST: f64 = 1_000.0;

const MEMORY: &[&str] = &["memory", "ram", "maxmemory", "budget"];
const KEPT: &[&str] = &["keep", "kept", "retain", "retention", "history", "stored", "last"];
const READS: &[&str] = &["read", "get", "request", "lookup", "view", "quer", "hit", "rps", "qps"];

/// The numbers of the words where no field says it.
pub fn read(input: Input) -> Reading {
    let words = without_logins(input.use_case.trim()).into_owned();
    let mut reading = Reading { input, words, says: Vec::new() };
    if reading.words.len() > LONGEST {
        return reading;
    }
    let mut found = quantities(&reading.words);
    let mut take = |wants: &dyn Fn(&Quantity) -> bool| take(&mut found, wants);
    let budget = take(&|q| q.unit == Unit::Bytes && q.about(MEMORY));
    let element = take(&|q| q.unit == Unit::Bytes);
    let retention = take(&|q| q.unit == Unit::Seconds && q.value >= 1.0 && q.about(KEPT));
    let reads = take(&|q| q.unit == Unit::PerSecond && q.about(READS));
    let writes = take(&|q| q.unit == Unit::PerSecond);
    let things = found.into_iter().filter(|q| q.unit == Unit::Things && q.value >= FEWEST);
    let elements = things.max_by(|a, b| a.value.total_cmp(&b.value));
    let says = &mut reading.says;
    let input = &mut reading.input;
    let bytes = |value: u64| Bytes(value).to_string();
    let count = |value: u64| Count(value).to_string();
    fill(&mut input.elements, elements, "elements", count, says);
    fill(&mut input.element_bytes, element, "element_bytes", bytes, says);
    fill(&mut input.budget, budget, "budget", bytes, says);
    fill(&mut input.retention, retention, "retention", |seconds| format!("{seconds} s"), says);
    fill(&mut input.reads, reads, "reads", |rate| format!("{}/s", Count(rate)), says);
    fill(&mut input.writes, writes, "writes", |rate| format!("{}/s", Count(rate)), says);
    if !reading.says.is_empty() {
        reading.words = words_between(&reading.words);
    }
    reading
}

fn fill(
    field: &mut Option<u64>,
    found: Option<Quantity>,
    name: &str,
    print: impl Fn(u64) -> String,
    says: &mut Vec<String>,
) {
    let Some(quantity) = found else { return };
    let value = quantity.value.round() as u64;
    says.push(match field {
        Some(given) => format!("{name} {} as given, and not \"{}\"", print(*given), quantity.text),
        None => format!("{name} {} from \"{}\"", print(value), quantity.text),
    });
    field.get_or_insert(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str) -> Reading {
        read(Input { use_case: words.into(), ..Input::default() })
    }

    #[test]
    fn numbers_in_words_fill_the_fields() {
        let reading = of("leaderboard of 2 million users of 40 bytes, 500 writes/s and 3000 reads/s in 4 GB of memory");
        let input = &reading.input;
        assert_eq!((input.elements, input.element_bytes), (Some(2_000_000), Some(40)));
        assert_eq!((input.writes, input.reads, input.budget), (Some(500), Some(3_000), Some(4 << 30)));
        assert!(reading.words.starts_with("leaderboard of users"), "{}", reading.words);
        assert_eq!(reading.says.len(), 5, "{:?}", reading.says);
        let kept = of("event log, 100 events/s, kept for 7 days").input;
        assert_eq!((kept.writes, kept.retention), (Some(100), Some(604_800)));
    }

    #[test]
    fn small_numbers_are_no_sizes_and_a_field_beats_words() {
        let top = of("top 10 players, 2fa tokens");
        assert!(top.says.is_empty() && top.words == "top 10 players, 2fa tokens");
        let input = Input { use_case: "sessions, 5000 users".into(), elements: Some(7), ..Input::default() };
        let reading = read(input);
        assert_eq!(reading.input.elements, Some(7));
        assert_eq!(reading.says, ["elements 7 as given, and not \"5000\""]);
        assert!(read(Input { use_case: "1 ".repeat(50_000), ..Input::default() }).says.is_empty());
    }
}
