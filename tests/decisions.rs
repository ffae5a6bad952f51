//! The tables that decide: each ends in an answer, each row can be reached, and each answer stands on its page.

use std::collections::BTreeSet;

use godmode_redis::decisions::Printed;
use godmode_redis::decisions::cache::{self, Consistency, Neighbours, When, Workload};
use godmode_redis::decisions::cache::{consistency, encoding, policy, stampede, strategy};
use godmode_redis::decisions::{Choice, Table, topology};
use godmode_redis::footprint::Allocator;

fn tables() -> Vec<Printed> {
    cache::tables().into_iter().chain(topology::tables()).collect()
}

#[test]
fn every_table_ends_in_otherwise_and_says_why() {
    for table in tables() {
        let last = table.rows.last().unwrap();
        assert_eq!(last[0], "otherwise", "{}", table.id);
        let otherwise = table.rows.iter().filter(|row| row[0] == "otherwise").count();
        assert_eq!(otherwise, 1, "{}: rows below an otherwise are never reached", table.id);
        assert!(table.question.ends_with('?'), "{}", table.id);
        for [when, choose, because] in &table.rows {
            assert!(because.len() > 20 && !because.ends_with('.'), "{}: {choose}, {when}: {because}", table.id);
        }
        let whens: BTreeSet<&String> = table.rows.iter().map(|row| &row[0]).collect();
        assert_eq!(whens.len(), table.rows.len(), "{}: two rows ask for the same", table.id);
    }
}

/// A workload in which nothing special holds.
fn plain() -> Workload {
    Workload {
        what: "profile".into(),
        items: 2_000_000,
        value_bytes: 500,
        value_p99: 0,
        compression: None,
        key_bytes: 0,
        reads: 5_000.0,
        writes: 50.0,
        skew: 0.9,
        staleness: 60.0,
        origin_ms: 30.0,
        origin_capacity: 1_000.0,
        processes: 12,
        latency_ms: 0.0,
        memory: 0,
        consistency: Consistency::Eventual,
        neighbours: Neighbours::None,
        only_copy: false,
        unflushed: false,
        money: false,
        losable_writes: false,
        fields: false,
        nested: false,
        json: false,
        parts: false,
        several_writers: false,
        absent_ids: false,
        stable_popularity: false,
        by_write_age: false,
        loader: false,
        engine: "redis 8.6".parse().unwrap(),
    }
}

/// Workloads that differ from the plain one in up to three ways.
fn variants() -> Vec<Workload> {
    let ways: [fn(&mut Workload); 24] = [
        |_| {},
        |w| w.only_copy = true,
        |w| w.unflushed = true,
        |w| w.staleness = 0.0,
        |w| w.staleness = 2.0,
        |w| w.writes = 6_000.0,
        |w| w.writes = 0.0,
        |w| w.losable_writes = true,
        |w| w.consistency = Consistency::ReadYourWrites,
        |w| w.latency_ms = 0.2,
        |w| w.items = 200,
        |w| w.origin_ms = 900.0,
        |w| w.origin_capacity = 2.0,
        |w| w.loader = true,
        |w| w.several_writers = true,
        |w| w.fields = true,
        |w| w.value_bytes = 4 << 10,
        |w| w.value_p99 = 300 << 10,
        |w| (w.nested, w.json) = (true, true),
        |w| (w.value_bytes, w.parts) = (300 << 10, true),
        |w| w.neighbours = Neighbours::Permanent,
        |w| w.neighbours = Neighbours::Precious,
        |w| w.stable_popularity = true,
        |w| w.by_write_age = true,
    ];
    let reads: [fn(&mut Workload); 2] = [|_| {}, |w| (w.reads, w.writes) = (10.0, 0.1)];
    let mut all = Vec::new();
    for reading in reads {
        for first in ways {
            for second in ways {
                for third in ways {
                    let mut workload = plain();
                    [reading, first, second, third].iter().for_each(|change| change(&mut workload));
                    all.push(workload);
                }
            }
        }
    }
    all
}

fn rows_reached(table: &Table<When, cache::Answer>, cases: &[Workload]) -> BTreeSet<usize> {
    cases.iter().map(|case| table.choose(case).unwrap().row).collect()
}

#[test]
fn no_row_is_in_the_shadow_of_another() {
    let cases = variants();
    for table in [strategy::TABLE, consistency::TABLE, stampede::TABLE, policy::TABLE, encoding::TABLE] {
        let reached = rows_reached(&table, &cases);
        let all: BTreeSet<usize> = (0..table.rows.len()).collect();
        assert_eq!(reached, all, "{}: rows that no workload reaches", table.id);
    }
}

#[test]
fn what_would_change_the_answer_does_change_it() {
    // For each answer that is one condition away there is a workload that differs and gets it.
    let cases = variants();
    for table in [strategy::TABLE, consistency::TABLE, stampede::TABLE, policy::TABLE, encoding::TABLE] {
        let choice: Choice<cache::Answer> = table.choose(&plain()).unwrap();
        for unless in choice.unless.iter().filter(|unless| unless.lacks.len() == 1) {
            let gets = cases.iter().any(|case| table.choose(case).unwrap().answer == unless.answer);
            assert!(gets, "{}: {} if {}", table.id, unless.answer, unless.lacks.join(", "));
        }
    }
}

#[test]
fn every_answer_has_its_section_with_what_to_do() {
    let questions = [strategy::ANSWERS, consistency::ANSWERS, stampede::ANSWERS, policy::ANSWERS, encoding::ANSWERS];
    for (table, answers) in cache::tables().iter().zip(questions) {
        let chosen: BTreeSet<&str> = table.rows.iter().map(|row| row[1].as_str()).collect();
        let written: BTreeSet<&str> = answers.iter().map(|answer| answer.id).collect();
        assert_eq!(chosen, written, "{}: answers and rows differ", table.id);
        for answer in answers {
            assert!(answer.is().len() > 30, "{}: {}", table.id, answer.id);
            assert!(!answer.points("Do").is_empty(), "{}: {} has nothing to do", table.id, answer.id);
            let headings = answer.page.text.matches(&format!("\n## {}\n", answer.id)).count();
            assert_eq!(headings, 1, "{}: {}", table.id, answer.id);
        }
        let sections = answers[0].page.text.matches("\n## ").count();
        assert_eq!(sections, answers.len() + 1, "{}: a section for each answer, and its sources", table.id);
    }
}

/// The source text's own rules, in the words of the tables.
#[test]
fn the_rules_of_the_source_text_hold() {
    let policy_of = |change: fn(&mut Workload)| {
        let mut workload = plain();
        change(&mut workload);
        policy::TABLE.choose(&workload).unwrap().answer.id
    };
    assert_eq!(policy_of(|_| {}), "allkeys-lru");
    assert_eq!(policy_of(|w| w.neighbours = Neighbours::Permanent), "volatile-lru");
    assert_eq!(policy_of(|w| w.stable_popularity = true), "allkeys-lfu");
    assert_eq!(policy_of(|w| w.neighbours = Neighbours::Precious), "noeviction");
    // A thousand concurrent readers of an entry that ends, none of whom takes an old value: one loads under a lock.
    let mut hot = plain();
    (hot.reads, hot.skew, hot.items, hot.origin_ms) = (50_000.0, 1.1, 100_000, 200.0);
    (hot.staleness, hot.writes, hot.origin_capacity) = (4.0, 0.0, 10.0);
    assert!(hot.herd() >= 1_000.0, "{}", hot.herd());
    assert_eq!(stampede::TABLE.choose(&hot).unwrap().answer, stampede::LOCK);
    hot.staleness = 60.0;
    assert_eq!(stampede::TABLE.choose(&hot).unwrap().answer, stampede::STALE);
    // Values above 100 KB are compressed or split.
    let mut large = plain();
    large.value_bytes = cache::LARGE + 1;
    assert_eq!(encoding::TABLE.choose(&large).unwrap().answer, encoding::COMPRESSED);
    // What is still above it when compressed is split, and what does not compress too.
    (large.value_bytes, large.value_p99) = (2_000, cache::LARGE * 3);
    assert_eq!(encoding::TABLE.choose(&large).unwrap().answer, encoding::SPLIT);
    large.compression = Some(0.1);
    assert_eq!(encoding::TABLE.choose(&large).unwrap().answer, encoding::COMPRESSED);
    large.parts = true;
    assert_eq!(encoding::TABLE.choose(&large).unwrap().answer, encoding::SPLIT);
}

#[test]
fn whatever_the_strategy_what_is_nowhere_else_is_never_evicted() {
    for wish in strategy::ANSWERS {
        let mut workload = plain();
        workload.losable_writes = true;
        let allocator = Allocator::usual(&workload.engine);
        let design = cache::design(&workload, Some(*wish), Vec::new(), allocator).unwrap();
        assert_eq!(design.kept, *wish, "{:?}", design.conflicts);
        let Some(details) = design.cache else {
            assert_eq!(*wish, strategy::NO_CACHE);
            continue;
        };
        let line = |name: &str| details.lines.iter().find(|line| line.name == name).map(|line| line.value.as_str());
        let keeps = [strategy::WRITE_BEHIND, strategy::STORE].contains(wish);
        let expected = if keeps { ("noeviction", "yes") } else { ("allkeys-lru", "no") };
        assert_eq!((line("maxmemory-policy").unwrap(), line("appendonly").unwrap()), expected, "{wish}");
        assert_eq!(details.policy.answer.id, expected.0, "{wish}");
        if keeps {
            assert!(wish.points("Do").iter().any(|point| point.contains("`noeviction`")), "{wish}: its page agrees");
        }
    }
}

#[test]
fn the_share_of_the_hottest_item_is_that_of_zipfs_law() {
    for (items, skew) in [(1_000, 0.0), (1_000, 0.7), (100_000, 0.99), (100_000, 1.0), (50_000, 1.3)] {
        let exact = 1.0 / (1..=items).map(|rank| f64::from(rank).powf(-skew)).sum::<f64>();
        let mut workload = plain();
        (workload.items, workload.skew) = (items as u64, skew);
        let off = workload.hottest_share() / exact - 1.0;
        assert!(off.abs() < 0.03, "{items} items, skew {skew}: {off:+.4}");
    }
}
