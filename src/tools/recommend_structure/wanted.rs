//! Needs that the words name beside the use itself: "one field at a time", "must not be lost".

use super::input::{Delivery, Input};
use crate::decisions::denied;
use crate::decisions::structures::{Case, Need};

/// A need, of which cases words can mean it, and the words.
type Row = (Need, fn(&Case) -> bool, &'static [&'static str]);

const WANTED: &[Row] = &[
    (
        Need::Fields,
        |case| case.needs(Need::Whole),
        &["one field", "single field", "individual field", "some fields", "few fields", "by field", "update a field"],
    ),
    (
        Need::Ack,
        |case| [Need::Fifo, Need::Priority, Need::Delay].into_iter().any(|need| case.needs(need)),
        &[
            "be lost",
            "get lost",
            "is lost",
            "never lose",
            "not lose",
            "without losing",
            "may crash",
            "crashes",
            "at least once",
            "at-least-once",
        ],
    ),
];
/// With these, what is said of a loss is that it does no harm.
const HARMLESS: [&str; 4] = ["may be lost", "can be lost", "may get lost", "loss is fine"];

/// Adds to the input what the words want of this use and no field says. What was added, in words.
pub fn add(input: &mut Input, case: &Case) -> Vec<String> {
    let words = input.use_case.to_lowercase();
    if harmless(&words) {
        return Vec::new();
    }
    let mut says = Vec::new();
    for (need, fits, phrases) in WANTED {
        let named = input.needs.iter().any(|given| given.trim_start_matches(['-', '+']) == need.id());
        let settled = named || case.needs(*need) || *need == Need::Ack && input.delivery != Delivery::Usual;
        let Some(phrase) = phrases.iter().find(|phrase| words.contains(*phrase)).filter(|_| !settled && fits(case))
        else {
            continue;
        };
        input.needs.push(need.id().to_owned());
        says.push(format!("{need} from \"{phrase}\""));
    }
    says
}

/// Whether a loss is allowed: "a job may be lost" allows it, "no job may be lost" does not.
fn harmless(words: &str) -> bool {
    HARMLESS
        .iter()
        .any(|harmless| words.match_indices(harmless).any(|(at, _)| !denied(words.get(..at).unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::structures::Place;

    fn added(words: &str, needs: &[Need], input: Input) -> Vec<String> {
        let mut case = Case::new(Place::unknown());
        case.needs.extend(needs);
        let mut input = Input { use_case: words.into(), ..input };
        add(&mut input, &case);
        input.needs
    }

    #[test]
    fn words_add_what_they_name_where_it_makes_sense() {
        let usual = Input::default;
        assert_eq!(added("user objects, read one field at a time", &[Need::Whole], usual()), ["fields"]);
        assert_eq!(added("user objects, read one field at a time", &[Need::Rank], usual()), [""; 0]);
        assert_eq!(added("job queue, no job may get lost", &[Need::Fifo], usual()), ["ack"]);
        assert_eq!(added("job queue: nothing may be lost", &[Need::Fifo], usual()), ["ack"]);
        assert_eq!(added("job queue, a job may be lost", &[Need::Fifo], usual()), [""; 0]);
        assert_eq!(added("a leaderboard that must not be lost", &[Need::Rank], usual()), [""; 0]);
        let given = Input { needs: vec!["-ack".into()], ..Input::default() };
        assert_eq!(added("job queue, workers may crash", &[Need::Fifo], given), ["-ack"]);
        let given = Input { delivery: Delivery::MayBeLost, ..Input::default() };
        assert_eq!(added("job queue, workers may crash", &[Need::Fifo], given), [""; 0]);
    }
}
