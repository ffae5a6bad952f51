//! Advice as an answer: every sentence of it is made here.

use super::answer::{Asked, CallRow, ChangeRow, Memory, Messaging, Recommendation, Refused, RunnerUp, UseRow};
use super::by_hand;
use super::found::says_how_many;
use super::input::Input;
use super::keeping;
use super::sampled::Present;
use super::site::Site;
use crate::decisions::structures::{
    Advice, Better, Candidate, Case, DEPRECATED, Estimate, Fit, Ids, Need, Obstacle, Scenario, Structure, hosting,
    json_is_measured,
};
use crate::facts::{Bytes, Count, Engine, Foreign, Kind, Share, Version};
use crate::footprint::Layout;
use crate::page::unlinked;
use crate::rules::uri;

/// More runners-up than this tell nothing.
pub(super) const MOST_RUNNERS_UP: usize = 4;
/// More changes than this are not likely ones.
pub(super) const MOST_CHANGES: usize = 8;
/// What a node serves of calls in constant time, one in each round trip
/// (<https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/benchmarks/>).
const CALLS_OF_A_NODE: u64 = 100_000;
/// Half of it for one key, since it shares its core: judgement.
const CALLS_OF_A_KEY: u64 = 50_000;
/// From here on a value holds up others.
const LARGE_VALUE: u64 = 100 << 10;

/// All that an answer is made of.
pub struct Question<'a> {
    pub scenario: Option<&'static Scenario>,
    pub ignored: &'a [String],
    /// What the numbers of the words were taken for.
    pub read: &'a [String],
    pub input: &'a Input,
    pub case: &'a Case,
    pub site: &'a Site,
    /// The target's own keys, where they were looked at.
    pub present: Option<&'a Present>,
}

pub fn asked(question: &Question) -> Asked {
    let (case, scenario) = (question.case, question.scenario);
    let numbers = match case.ids {
        Ids::Number => format!(", ids up to {}", Count(case.highest_id)),
        Ids::Text => String::new(),
    };
    Asked {
        use_case: scenario.map(|scenario| scenario.id),
        title: scenario.map_or("Needs without a use", |scenario| scenario.page.title()).to_owned(),
        ignored: question.ignored.iter().map(|word| Foreign::given(word)).collect(),
        server: question.site.says(case.place.cluster),
        needs: case.needs.iter().map(|need| need.id()).collect(),
        sizes: format!(
            "keys: {}; elements in each: {}, of {} bytes of name and {} of value{numbers}",
            Count(case.keys),
            Count(case.elements),
            Count(case.name_bytes),
            Count(case.value_bytes)
        ),
        read: question.read.to_vec(),
        hosting: question.site.provider.map(hosting::says),
        deprecated: deprecated(question),
        present: question.present.cloned(),
    }
}

/// What the user names and others replaced, where the server has the successor.
fn deprecated(question: &Question) -> Vec<String> {
    let words = question.input.use_case.to_uppercase();
    let named = |name: &str| words.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name);
    let engine = &question.case.place.engine;
    let there = |since: (u16, u16)| engine.at_least(since, (7, 2));
    DEPRECATED
        .iter()
        .filter(|(name, _, since)| named(name) && there(*since))
        .map(|(name, by, since)| format!("{name} is deprecated since Redis {}.{}: {by}", since.0, since.1))
        .collect()
}

/// The answer where something does.
pub fn recommendation(question: &Question, advice: &Advice, pick: &Candidate) -> Recommendation {
    let (case, scenario) = (question.case, question.scenario);
    let structure = pick.structure;
    let loss = scenario.and_then(Scenario::loss);
    // The page is about the structure that it picks; for another one its keys and its session do not fit.
    let fits = scenario.is_some_and(|page| page.flips().first().is_some_and(|flip| flip.pick == Some(structure)));
    let page = scenario.filter(|_| fits);
    let keys = keeping::keys(page, structure);
    let present = case.present;
    let migration = present.map(|present| keeping::migration(question, present, structure, &keys)).unwrap_or_default();
    let by_hand = by_hand::of(page, structure, &case.place);
    Recommendation {
        asked: asked(question),
        structure: structure.id(),
        title: structure.facts().title,
        because: because(advice, pick),
        calls: calls(pick),
        keys,
        cluster: format!(
            "{}. Keys that one command or script touches together share a hash tag.",
            capital(structure.facts().cluster)
        ),
        ttl: keeping::ttl(page, case),
        retention: question.input.retention.and_then(|seconds| keeping::retention(question, structure, seconds)),
        tenants: question.input.tenants.map(|tenants| keeping::tenants(tenants, page, structure, pick)),
        eviction: keeping::eviction(loss, question.site.policy()),
        memory: memory(question, pick),
        throughput: throughput(question, pick),
        available: available(question, structure),
        scripts: by_hand.scripts,
        messaging: advice.channel.as_ref().filter(|choice| choice.answer.structure() == structure).map(messaging),
        runners_up: advice
            .ranked
            .iter()
            .skip(1)
            .take(MOST_RUNNERS_UP)
            .map(|other| runner_up(case, advice, pick, other))
            .collect(),
        would_change: changes(advice),
        refused: if advice.ranked.len() > 1 { Vec::new() } else { refused(case, advice, MOST_RUNNERS_UP - 1) },
        proven: None,
        pitfalls: pitfalls(page, case, pick),
        migration,
        session: by_hand.session,
        newer: by_hand.newer,
        page: scenario.map(|scenario| uri(scenario.page.path)),
    }
}

/// Where a structure of a module is to be had, for who named no service.
fn available(question: &Question, structure: Structure) -> Option<String> {
    let module = structure.facts().module.filter(|_| question.site.provider.is_none())?;
    let services = hosting::services(module);
    let managed = if services.is_empty() { "no service documents it".to_owned() } else { services.join("; ") };
    Some(format!("module {}, which the official builds of Redis 8.0 bring. Managed: {managed}", module.id()))
}

fn because(advice: &Advice, pick: &Candidate) -> String {
    let title = capital(pick.structure.facts().title);
    let work = pick.serves.iter().filter(|row| row.fit == Fit::Work).count();
    let does = match work {
        0 => "serves all of it natively".to_owned(),
        n => format!("serves all of it, {n} of {} needs with work of yours", pick.serves.len()),
    };
    let Some(second) = advice.ranked.get(1) else {
        return format!("{title} {does}, and nothing else does.");
    };
    let other = second.structure.facts().title;
    match (pick.beats(second), &advice.channel) {
        (Better::Promises, Some(choice)) => format!("{title} {does}: {}.", choice.because),
        (Better::LessWork, _) => format!("{title} {does}; {other}, the next, takes more work of yours."),
        (Better::Cheaper, _) => {
            format!("{title} {does}, and its calls do not grow with the data as those of {other} do.")
        }
        (Better::Smaller(share), _) => format!("{title} {does} in {} less memory than {other}.", Share(share)),
        (Better::Known, _) => format!("{title} {does}; what {other} costs is not known."),
        (_, _) => format!("{title} {does}, and is the plainer one beside {other}."),
    }
}

fn calls(pick: &Candidate) -> Vec<CallRow> {
    pick.serves
        .iter()
        .filter(|row| !row.calls.is_empty())
        .map(|row| CallRow {
            need: row.need.id(),
            calls: row.calls.to_vec(),
            cost: row.cost().to_string(),
            since: match row.structure.facts().module {
                Some(module) => format!("{}, with the module {}", row.since(), module.id()),
                None => row.since().to_string(),
            },
            note: row.note,
        })
        .collect()
}

/// As it begins a sentence.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn memory(question: &Question, pick: &Candidate) -> Memory {
    let (case, estimate) = (question.case, pick.estimate);
    let pending = pick.structure == Structure::Stream && case.needs(Need::Ack);
    let mut says = estimate.map_or_else(
        || "not modelled: an index depends on its fields, and Valkey's JSON has a layout of its own".to_owned(),
        |estimate| bytes(case, &estimate),
    );
    if pending {
        says.push_str(". A tenth of the entries is taken to be delivered and not yet acknowledged");
    }
    if pick.structure == Structure::HashFieldTtl {
        says.push_str(". The times of fields count to the structure, and not to expiry");
        if case.place.engine.kind == Kind::Valkey {
            // `structures::proven` holds the model within that.
            says.push_str("; the table of fields that end together is not modelled: up to 15 % more was measured");
        }
    }
    if estimate.is_some() && !Layout::new(&case.place.engine, case.place.allocator).is_measured() {
        says.push_str(&format!(". Not measured on {}: those of the nearest version that was", case.place.engine));
    }
    if pick.structure == Structure::Json && estimate.is_some() {
        says.push_str(&format!(". It holds {JSON}, {}", json_measured(&case.place.engine)));
    }
    says.extend(estimate.and_then(|estimate| beside_now(question, &estimate)));
    let per_element = estimate.map(|estimate| estimate.used as f64 / case.all_elements().max(1) as f64);
    Memory { says, estimate, per_element }
}

/// For which documents the model holds.
const JSON: &str =
    "for flat documents with the same names of fields, which are kept once for all, and texts that all differ";

/// On what it was held against servers, and what is known of the others.
fn json_measured(engine: &Engine) -> String {
    let beyond = match engine.version {
        _ if json_is_measured(engine) => "",
        // ijson, commits 32d82ef and adf71f0, which RedisJSON 8.2 and 8.4 have in Cargo.lock.
        version if version >= Version(8, 0, 0) => {
            ", not on RedisJSON 8: from 8.2 on it keeps numbers in place, and from 8.4 on texts of up to 7 bytes"
        }
        _ => ", not on those before",
    };
    format!("measured on RedisJSON 2.6.9 and 2.8.3{beyond}")
}

/// What the keys of today take, where the estimate is of as many.
fn beside_now(question: &Question, estimate: &Estimate) -> Option<String> {
    let present =
        question.present.filter(|present| present.found.is_some() && !says_how_many(question.input, question.case))?;
    let (now, then) = (present.taken, estimate.used as f64);
    let share = Share((then / now.max(1.0) - 1.0).abs());
    let (share, word) = if then < now { (share, "less") } else { (share, "more") };
    Some(format!(". Your keys take {} now: this is {share} {word}", Bytes(now as u64)))
}

fn bytes(case: &Case, estimate: &Estimate) -> String {
    if estimate.used == 0 {
        return "nothing is stored; each subscriber has an output buffer".to_owned();
    }
    let rough = if estimate.rough { "about " } else { "" };
    let overhead = estimate.used.saturating_sub(estimate.payload);
    format!(
        "{rough}{} of used_memory ({:.1} bytes an element): {} of your own bytes, and {} beside them ({} names and entries, \
         {} TTLs, {} tables of the keyspace, {} the structure). MEMORY USAGE will claim {}",
        Bytes(estimate.used),
        estimate.used as f64 / case.all_elements().max(1) as f64,
        Bytes(estimate.payload.min(estimate.used)),
        Bytes(overhead),
        Bytes(estimate.names),
        Bytes(estimate.expiry),
        Bytes(estimate.tables),
        Bytes(estimate.structure),
        Bytes(estimate.claimed),
    )
}

fn throughput(question: &Question, pick: &Candidate) -> String {
    let (input, case) = (question.input, question.case);
    let dearest = pick.cost();
    let class = match dearest {
        cost if cost.grows() => {
            format!("the dearest call is {cost}: it takes longer the more there is, and others wait")
        }
        cost => format!(
            "the dearest call is {cost}: a node serves some {} such calls a second, one in a round trip, and several times \
             as many in pipelines",
            Count(CALLS_OF_A_NODE)
        ),
    };
    let calls = input.reads.unwrap_or(0).saturating_add(input.writes.unwrap_or(0));
    if calls > CALLS_OF_A_NODE {
        return format!(
            "{class}. {} calls a second are beyond one node: a Cluster, or client-side caching",
            Count(calls)
        );
    }
    if calls > CALLS_OF_A_KEY && case.keys == 1 {
        return format!("{class}. {} calls a second on one key load one core: split the key", Count(calls));
    }
    class
}

fn messaging(choice: &crate::decisions::Choice<crate::decisions::structures::Channel>) -> Messaging {
    let unless = choice.unless.iter().map(|other| format!("{} if {}", other.answer, other.lacks.join(", and ")));
    Messaging {
        channel: choice.answer.to_string(),
        because: choice.because,
        guarantees: choice.answer.guarantees(),
        unless: unless.collect(),
    }
}

/// What another would take.
fn beside(case: &Case, other: &Candidate) -> String {
    let Some(estimate) = other.estimate else { return "not modelled".into() };
    let (used, claimed) = (Bytes(estimate.used), Bytes(estimate.claimed));
    let mut says = format!("{used}, and MEMORY USAGE will claim {claimed}");
    if other.structure == Structure::Json {
        says.push_str(&format!(" ({})", json_measured(&case.place.engine)));
    }
    says
}

fn runner_up(case: &Case, advice: &Advice, pick: &Candidate, other: &Candidate) -> RunnerUp {
    let behind = match pick.beats(other) {
        // What the table of messages says of a List is its cost.
        Better::Promises if pick.structure == Structure::List => "each message costs more".to_owned(),
        Better::Promises => "it promises something else".to_owned(),
        Better::LessWork => {
            let notes: Vec<&str> = other.serves.iter().filter(|row| row.fit == Fit::Work).map(|row| row.note).collect();
            if notes.is_empty() { "its values would stay empty".into() } else { format!("needs {}", notes.join("; ")) }
        }
        Better::Cheaper => "its calls grow with the data".to_owned(),
        Better::Smaller(share) => format!("the pick takes {} less", Share(share)),
        Better::Known => "its bytes are not known".to_owned(),
        Better::Plainer => "does the same in as many bytes".to_owned(),
    };
    let wins = advice.flips.iter().find(|(_, structure)| *structure == other.structure);
    RunnerUp {
        structure: other.structure.id(),
        title: other.structure.facts().title,
        behind,
        memory: beside(case, other),
        wins_when: wins.map(|(change, _)| change.to_string()),
    }
}

fn changes(advice: &Advice) -> Vec<ChangeRow> {
    let row = |(change, structure): &(_, Structure)| ChangeRow {
        when: ToString::to_string(change as &crate::decisions::structures::Change),
        structure: structure.id(),
    };
    advice.flips.iter().take(MOST_CHANGES).map(row).collect()
}

fn pitfalls(page: Option<&'static Scenario>, case: &Case, pick: &Candidate) -> Vec<String> {
    let mut pitfalls = vec![pick.structure.facts().note.to_owned()];
    let large = matches!(pick.structure, Structure::String | Structure::StringKeys) && case.value_bytes > LARGE_VALUE;
    if large {
        pitfalls.push(format!("values of {} hold up others: compress or split them", Bytes(case.value_bytes)));
    }
    let section = page.map(|page| page.page.section("Pitfalls")).unwrap_or_default();
    let items = format!("\n{section}");
    let items =
        items.split("\n- ").skip(1).map(|item| unlinked(&item.split_whitespace().collect::<Vec<_>>().join(" ")));
    pitfalls.extend(items);
    pitfalls
}

/// The nearest of those that do not serve.
pub(super) fn refused(case: &Case, advice: &Advice, most: usize) -> Vec<Refused> {
    let one = |(structure, against): &(Structure, Vec<Obstacle>)| Refused {
        structure: structure.id(),
        title: structure.facts().title,
        because: against.iter().map(|obstacle| obstacle.says(case)).collect(),
    };
    advice.refused.iter().take(most).map(one).collect()
}

pub fn use_row(scenario: &'static Scenario) -> UseRow {
    UseRow { id: scenario.id, title: scenario.page.title(), about: unlinked(&scenario.page.summary()) }
}
