//! The tables themselves: every row says something that is true of some server, and nothing is said twice.

use std::collections::BTreeSet;

use godmode_redis::decisions::structures::{
    COMMANDS, Case, Channel, DEPRECATED, MATRIX, MESSAGING, Move, Need, Place, SCENARIOS, Structure, advise, channel,
    check, find, migration_steps, rank, serves,
};
use godmode_redis::facts::{Engine, Kind, Version};

fn engines() -> Vec<Engine> {
    let names = [
        "redis 6.0",
        "redis 6.2",
        "redis 7.0",
        "redis 7.2",
        "redis 7.4",
        "redis 8.0",
        "redis 8.4",
        "redis 8.6",
        "valkey 7.2",
        "valkey 8.0",
        "valkey 8.1",
        "valkey 9.0",
        "valkey 9.1",
    ];
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn with_needs(needs: &[Need]) -> Case {
    let mut case = Case::new(Place::unknown());
    case.needs = needs.iter().copied().collect();
    case
}

#[test]
fn every_row_of_the_matrix_is_the_way_on_some_server() {
    for row in MATRIX {
        let taken = engines().iter().any(|engine| serves(row.structure, row.need, engine).as_ref() == Some(row));
        assert!(taken, "{row:?} is never taken");
        for call in row.calls {
            assert!(find(call).is_some(), "{call} is in no table of commands");
        }
    }
}

#[test]
fn every_need_is_served_and_every_command_used() {
    let newest: Vec<Engine> = engines();
    for need in Need::ALL {
        assert_eq!(need.id().parse(), Ok(need));
        let served = Structure::ALL
            .into_iter()
            .any(|structure| newest.iter().any(|engine| serves(structure, need, engine).is_some()));
        assert!(served, "{need}");
    }
    let used: BTreeSet<&str> =
        MATRIX.iter().flat_map(|row| row.calls).map(|call| call.split(' ').next().unwrap()).collect();
    let moves = ["UNLINK", "PTTL", "OBJECT", "COPY", "LLEN", "XPENDING", "VEMB"];
    let used: BTreeSet<&str> = used.into_iter().chain(moves).collect();
    let unused: Vec<&str> =
        COMMANDS.iter().map(|command| command.name).filter(|name| !used.contains(name) && *name != "EXPIRE").collect();
    assert!(unused.is_empty(), "no row names {unused:?}");
    let names: BTreeSet<&str> = COMMANDS.iter().map(|command| command.name).collect();
    assert_eq!(names.len(), COMMANDS.len(), "a command is there twice");
}

/// Valkey 7.2.4 is a fork of Redis 7.2.4 (<https://valkey.io/topics/migration/>); modules for it came later.
#[test]
fn what_redis_had_at_the_fork_every_valkey_has() {
    let fork = Version(7, 2, 4);
    let holds = |redis: Option<Version>, valkey: Option<Version>| {
        redis.is_none_or(|since| since > fork) || valkey.is_some_and(|since| since <= fork)
    };
    for command in COMMANDS.iter().filter(|command| command.module.is_none()) {
        assert!(holds(command.since.redis, command.since.valkey), "{}", command.name);
    }
    for row in MATRIX.iter().filter(|row| row.structure.facts().module.is_none()) {
        assert!(holds(row.since().redis, row.since().valkey), "{row:?}");
    }
    for scenario in SCENARIOS {
        let module = scenario.flips()[0].pick.and_then(|pick| pick.facts().module);
        let since = scenario.since().unwrap();
        assert!(module.is_some() || holds(since.redis, since.valkey), "{}", scenario.id);
    }
    for (_, script) in godmode_redis::scripts::all() {
        assert!(holds(script.since(&Kind::Redis), script.since(&Kind::Valkey)), "{}", script.id);
    }
}

#[test]
fn no_deprecated_command_is_advised_where_its_successor_is() {
    for engine in engines() {
        for row in MATRIX {
            let Some(taken) = serves(row.structure, row.need, &engine) else { continue };
            for call in taken.calls {
                let old = DEPRECATED.iter().find(|(name, ..)| call.split(' ').next() == Some(name));
                assert!(old.is_none_or(|(_, _, since)| !engine.at_least(*since, (7, 2))), "{call} on {engine}");
            }
        }
    }
}

#[test]
fn every_row_of_the_messaging_table_is_reached_and_its_structure_is_picked() {
    let kinds = [
        Need::Fifo,
        Need::Wait,
        Need::Ack,
        Need::Replay,
        Need::Groups,
        Need::FanOut,
        Need::Delay,
        Need::Priority,
        Need::Kept,
    ];
    let mut rows = BTreeSet::new();
    let mut channels = BTreeSet::new();
    for bits in 1..1_u32 << kinds.len() {
        let needs: Vec<Need> =
            kinds.iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0).map(|(_, need)| *need).collect();
        for (cluster, present) in [("no", ""), ("yes", ""), ("no", "list")] {
            let mut case = with_needs(&needs);
            case.change(&format!("cluster={cluster}")).unwrap();
            if !present.is_empty() {
                case.change(&format!("present={present}")).unwrap();
            }
            let Some(choice) = channel(&case) else { continue };
            rows.insert(choice.row);
            channels.insert(choice.answer);
            let ranked = rank(&case);
            let Some(pick) = ranked.first() else { continue };
            let does = ranked.iter().any(|candidate| candidate.structure == choice.answer.structure());
            assert!(
                !does || pick.structure == choice.answer.structure(),
                "{needs:?}: {:?}, {:?}",
                pick.structure,
                choice.answer
            );
        }
    }
    assert_eq!(rows.len(), MESSAGING.rows.len(), "{rows:?}");
    assert_eq!(channels, BTreeSet::from(Channel::ALL));
}

#[test]
fn what_must_not_be_lost_goes_to_a_stream_and_a_crashed_consumer_is_survived() {
    for needs in [&[Need::FanOut, Need::Kept][..], &[Need::Fifo, Need::Ack, Need::Kept]] {
        let advice = advise(&with_needs(needs));
        assert_eq!(advice.ranked[0].structure, Structure::Stream);
        let promises = advice.channel.unwrap().answer.guarantees();
        assert!(promises.loss.contains("stay pending until XACK"));
    }
    assert!(advise(&with_needs(&[Need::FanOut])).ranked[0].structure.keeps_nothing());
}

/// Takes one change of a page back.
fn undo(case: &mut Case, change: &str, page: &Case) {
    match change.split_once('=').map_or(change, |(name, _)| name) {
        "keys" => case.keys = page.keys,
        "elements" => case.elements = page.elements,
        "name" => case.name_bytes = page.name_bytes,
        "value" => case.value_bytes = page.value_bytes,
        "highest-id" | "ids" => (case.ids, case.highest_id) = (page.ids, page.highest_id),
        "error" => case.error = page.error,
        "budget" => case.budget = page.budget,
        "node" => case.place.node_bytes = page.place.node_bytes,
        "cluster" => case.place.cluster = page.place.cluster,
        "engine" => case.place.engine = page.place.engine.clone(),
        "modules" => case.place.modules = page.place.modules.clone(),
        "present" => case.present = page.present,
        need => {
            let name = need.trim_start_matches(['+', '-']);
            let sign = if page.needs(name.parse().unwrap()) { '+' } else { '-' };
            case.change(&format!("{sign}{name}")).unwrap();
        }
    }
}

#[test]
fn limits_turn_the_answer_at_their_edge() {
    let structure = |case: &Case| rank(case).first().map(|candidate| candidate.structure);
    let of = |id: &str, changes: &[String]| {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.id == id).unwrap();
        let mut case = scenario.case(Place::unknown()).unwrap();
        changes.iter().for_each(|change| case.change(change).unwrap());
        case
    };
    let wide = || "node=1TB".to_owned();
    // A HyperLogLog is off by 0.81 %.
    let counted = |error: &str| structure(&of("unique-approx", &[format!("error={error}")]));
    assert_eq!(counted("0.0081"), Some(Structure::HyperLogLog));
    assert_ne!(counted("0.0080"), Some(Structure::HyperLogLog));
    // 512 MiB are the most that one value may be.
    let value = |bytes: u64| structure(&of("large-objects", &["keys=1".to_owned(), format!("value={bytes}"), wide()]));
    let fits = value((512 << 20) - 1).unwrap();
    assert!(value((512 << 20) + 1) != Some(fits) || value(600 << 20) != Some(fits), "{fits:?}");
    // And 2^32 - 1 the most elements of one key.
    let members = |many: u64| structure(&of("unique", &[format!("elements={many}"), wide()]));
    assert_eq!((members(u64::from(u32::MAX)), members(1 << 32)), (Some(Structure::Set), None));
    // The last byte of a budget, and of a node.
    for limit in ["budget", "node"] {
        let all = rank(&of("unique", &[]))[0].estimate.unwrap().used;
        let with = |bytes: u64| structure(&of("unique", &[format!("{limit}={bytes}")]));
        assert_eq!(with(all), Some(Structure::Set), "{limit}");
        assert_ne!(with(all - 1), Some(Structure::Set), "{limit}");
    }
    // A compact hash is one up to its limit of entries, and its bytes jump behind it.
    let fields = |many: u64| {
        let case = of("cart", &["keys=1".to_owned(), format!("elements={many}")]);
        rank(&case).iter().find(|one| one.structure == Structure::Hash).unwrap().estimate.unwrap().used as f64
    };
    let limit = Case::new(Place::unknown()).place.limits.hash_entries;
    assert!(fields(limit + 1) > fields(limit) * 1.5, "{} {}", fields(limit), fields(limit + 1));
}

#[test]
fn a_move_names_only_commands_that_the_server_has() {
    // Words of SCAN and OBJECT, and names of things.
    const ARGUMENTS: [&str; 7] = ["MATCH", "TYPE", "COUNT", "IDLETIME", "TTL", "TSDB-TYPE", "JSON"];
    let scenario = SCENARIOS.iter().find(|scenario| scenario.id == "unique").unwrap();
    for engine in engines() {
        for taken in ["+membership", "+fifo"] {
            let mut case = scenario.case(Place::new(engine.clone())).unwrap();
            case.change(taken).unwrap();
            for (from, to) in Structure::ALL.into_iter().flat_map(|from| Structure::ALL.map(|to| (from, to))) {
                let steps = migration_steps(&case, &Move { from, to, old: "old:*", new: "new:{id}" });
                assert!(from == to || steps.len() > 1, "{from} {to}");
                for word in commands_in(&steps.join(" ")).filter(|word| !ARGUMENTS.contains(word)) {
                    let command = find(word).unwrap_or_else(|| panic!("{word} is in no table: {steps:?}"));
                    // A module's come with the module, in which the data is.
                    assert!(command.module.is_some() || command.since.has(&engine), "{word} on {engine}: {steps:?}");
                }
            }
        }
    }
}

/// Words that are written as commands are.
fn commands_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
    let words = words.map(|word| word.trim_end_matches('.'));
    words.filter(|word| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '.' | '-')))
}

#[test]
fn what_would_change_the_answer_does_change_it_and_back() {
    for scenario in SCENARIOS {
        let base = scenario.flips().first().unwrap().pick.unwrap();
        for flip in scenario.flips().iter().skip(1) {
            let page = scenario.case(Place::unknown()).unwrap();
            let mut case = page.clone();
            flip.given.iter().for_each(|change| case.change(change).unwrap());
            let there = rank(&case).first().map(|candidate| candidate.structure);
            flip.given.iter().for_each(|change| undo(&mut case, change, &page));
            let back = rank(&case)[0].structure;
            assert_eq!((there, back), (flip.pick, base), "{}: {:?}", scenario.id, flip.given);
        }
        let others = scenario.flips().iter().any(|flip| flip.pick != Some(base));
        assert!(others, "{}: no change leads elsewhere", scenario.id);
    }
}

#[test]
fn no_sizes_make_it_panic() {
    let extremes = ["0", "1", "127", "513", "1000000", "4294967296", "1000000000000"];
    for scenario in SCENARIOS {
        for name in ["keys", "elements", "name", "value", "highest-id"] {
            for value in extremes {
                let mut case = scenario.case(Place::unknown()).unwrap();
                case.change(&format!("{name}={value}")).unwrap();
                // The largest are refused before anything is computed.
                if check(&case).is_ok() {
                    let bytes = rank(&case).into_iter().filter_map(|candidate| candidate.estimate);
                    assert!(
                        bytes.into_iter().all(|estimate| estimate.used < u64::MAX),
                        "{} {name}={value}",
                        scenario.id
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_told_to_change_the_answer_serves_what_is_asked_then() {
    let cache = SCENARIOS.iter().find(|scenario| scenario.id == "cache").unwrap();
    let advice = advise(&cache.case(Place::unknown()).unwrap());
    let told: Vec<String> =
        advice.flips.iter().map(|(change, structure)| format!("{}: {change}", structure.id())).collect();
    assert!(told.iter().any(|says| says.starts_with("hash: fields ")), "{told:?}");
    assert!(advice.flips.iter().all(|(_, structure)| *structure != Structure::Counter), "{told:?}");
    assert!(advice.ranked.iter().all(|one| one.serves.len() == 2), "each need has its way");
}

#[test]
fn bytes_that_nobody_models_are_at_least_those_put_in() {
    let documents = SCENARIOS.iter().find(|scenario| scenario.id == "documents").unwrap();
    let mut case = documents.case(Place::unknown()).unwrap();
    case.change("engine=valkey-9.1").unwrap();
    case.change("modules=json").unwrap();
    let ranked = advise(&case).ranked;
    assert_eq!((ranked[0].structure, ranked[0].estimate), (Structure::Json, None));
    case.change("budget=1MB").unwrap();
    assert!(advise(&case).ranked.is_empty(), "100,000 documents of 560 bytes do not fit");
}
