//! The design as a document.

use super::CacheDesign;
use super::hosting::Managed;
use super::reading::From;
use crate::decisions::Choice;
use crate::decisions::cache::{Answer, Details, Line, Point, strategy};
use crate::facts::{Count, PerSecond, Share};
use crate::forecast::refill::WarmUp;
use crate::print::{Document, Mark};

pub fn of(design: &CacheDesign) -> Document {
    let mut document = Document::new(format!("Cache for {}: {}", design.workload.what, design.design.kept));
    troubles(&mut document, design);
    workload(&mut document, design);
    document.heading("Strategy");
    choice(&mut document, "who loads, who writes", &design.design.strategy);
    if let Some(wish) = design.wish.filter(|wish| *wish != design.design.strategy.answer) {
        document.text(if design.design.kept != wish {
            format!("{wish} was asked for and is not followed: see above.")
        } else {
            format!(
                "{wish} was asked for and is followed below; the table would take {}.",
                design.design.strategy.answer
            )
        });
    }
    if let Some(details) = &design.design.cache {
        cache(&mut document, design, details);
    }
    if let Some(code) = &design.code {
        document.heading(format!("Client: {}", code.client));
        if let Some(text) = &code.text {
            document.code(code.language, text);
        }
        code.notes.iter().for_each(|note| document.text(note));
    }
    document
}

fn troubles(document: &mut Document, design: &CacheDesign) {
    for refusal in &design.design.refusals {
        let lines = vec![
            ("why".to_owned(), refusal.because()),
            ("instead".to_owned(), refusal.instead()),
            ("page".to_owned(), format!("refusals.md, {}", refusal.id)),
        ];
        document.entry(Mark::Critical, "refused", refusal.id, lines);
    }
    for conflict in &design.design.conflicts {
        let options = conflict.options.iter().map(|option| ("option".to_owned(), option.clone()));
        if conflict.assumed.is_empty() {
            document.entry(Mark::Warning, "conflict", &conflict.says, options.collect());
            continue;
        }
        let assumed = format!("{}: say what holds", conflict.assumed.join(", "));
        let lines = [("assumed".to_owned(), assumed)].into_iter().chain(options).collect();
        document.entry(Mark::Notice, "to settle", &conflict.says, lines);
    }
}

fn workload(document: &mut Document, design: &CacheDesign) {
    document.heading("Workload");
    let words = |from: From| match from {
        From::Given => "given",
        From::Words => "from your words",
        From::Measured => "measured",
        From::Assumed => "assumed",
    };
    let rows = design.taken.iter().map(|taken| {
        vec![taken.name.to_owned(), taken.value.clone(), words(taken.from).to_owned(), taken.note.clone()]
    });
    document.table(&["what", "value", "from", "note"], rows.collect());
    if let Some(live) = &design.measured {
        document.heading("What the server shows");
        let rows = live.seen.iter().map(|seen| vec![seen.name.to_owned(), seen.value.clone(), seen.means.clone()]);
        document.table(&["what", "now", "means"], rows.collect());
        if let Some(curve) = live.curve.as_ref().filter(|curve| !curve.estimates.is_empty()) {
            let percent = |ratio: f64| format!("{:.1} %", ratio * 100.0);
            let rows = curve.estimates.iter().map(|one| {
                vec![
                    Count(one.items as u64).to_string(),
                    percent(1.0 - one.miss_ratio),
                    format!("{} to {}", percent(1.0 - one.high), percent(1.0 - one.low)),
                ]
            });
            document.table(&["entries", "hit ratio by the ages of its keys", "within (99 %)"], rows.collect());
        }
        for missing in &live.unseen {
            document.entry(Mark::Unknown, "not seen", missing, Vec::new());
        }
    }
}

/// The answer with its reason, how it is done, and what would change it.
fn choice(document: &mut Document, question: &str, choice: &Choice<Answer>) {
    let answer = choice.answer;
    let mut lines = vec![("what".to_owned(), answer.is()), ("because".to_owned(), choice.because.to_owned())];
    if !choice.held.is_empty() {
        lines.push(("holds here".to_owned(), choice.held.join(", and ")));
    }
    for name in ["Do", "Mind", "Promises", "Guard", "Watch"] {
        lines.extend(answer.points(name).into_iter().map(|point| (name.to_lowercase(), point)));
    }
    for unless in &choice.unless {
        lines.push(("would change it".to_owned(), format!("{} if {}", unless.answer, unless.lacks.join(", and "))));
    }
    document.entry(Mark::Good, question, answer.id, lines);
}

fn cache(document: &mut Document, design: &CacheDesign, details: &Details) {
    document.heading("Entries");
    choice(document, "encoding", &details.encoding);
    let size = &details.size;
    document.pairs(vec![
        ("Key".to_owned(), format!("{} (v1: the version of the format)", details.key)),
        ("Bytes of an entry".to_owned(), format!("{:.0} of used_memory: {}", size.bytes_per_item, size.arithmetic)),
        ("MEMORY USAGE will say".to_owned(), format!("{} B", size.claimed_per_item)),
    ]);
    document.pairs(details.value.says().into_iter().map(|(name, text)| (name.to_owned(), text)).collect());
    if design.design.kept == strategy::STORE {
        document.heading("Memory");
        document.pairs(vec![
            ("All items".to_owned(), format!("{} for {}", details.size.advised.bytes, Count(design.workload.items))),
            beside(details),
        ]);
    } else {
        loads(document, design, details);
    }
    document.heading("Eviction");
    choice(document, "policy", &details.policy);
    document.heading("Configuration");
    lines(document, design.managed.as_ref(), &details.lines);
    if design.design.kept != strategy::STORE {
        document.heading("Rollout");
        rollout(document, design, details);
    }
}

/// What follows from an origin behind the cache: a store has none.
fn loads(document: &mut Document, design: &CacheDesign, details: &Details) {
    document.heading("Time to live");
    ttl(document, design, details);
    document.heading("Freshness");
    choice(document, "against old values", &details.consistency);
    document.text(format!(
        "By delete-after-commit alone about {} of the writes to the hottest item would leave an old value for up to a TTL.",
        Share(details.herd.stale_sets)
    ));
    document.heading("Stampede");
    choice(document, "guard", &details.stampede);
    document.text(format!(
        "The hottest item is read {}; when it is absent, {:.0} loads would run at once without a guard, and {:.1} with this one.",
        PerSecond(details.herd.reads),
        details.herd.unguarded,
        details.herd.guarded
    ));
    document.heading("Memory and hit ratio");
    sizes(document, details);
}

fn beside(details: &Details) -> (String, String) {
    let says = format!("{} of RAM for fragmentation, the fork of a replica's sync, and buffers", details.size.headroom);
    ("Beside it".to_owned(), says)
}

/// The lines, and on a managed service its way to each.
fn lines(document: &mut Document, managed: Option<&Managed>, lines: &[Line]) {
    let written = |line: &Line| format!("{} {}", line.name, line.value);
    match managed {
        None => {
            let rows = lines.iter().map(|line| vec![written(line), line.because.clone()]);
            document.table(&["line", "because"], rows.collect());
        }
        Some(managed) => {
            let rows =
                lines.iter().map(|line| vec![written(line), managed.way(line.name).to_owned(), line.because.clone()]);
            document.table(&["what", &format!("on {}", managed.service), "because"], rows.collect());
        }
    }
}

fn ttl(document: &mut Document, design: &CacheDesign, details: &Details) {
    let ttl = &details.ttl;
    let bears = design.workload.origin_capacity;
    let mut pairs = vec![
        (
            "TTL".to_owned(),
            format!("{:.0} s less a random 0 to {:.1} s, drawn for each entry", ttl.seconds, ttl.jitter),
        ),
        (
            "Refills after a mass expiry".to_owned(),
            format!(
                "{} in the first second without the jitter, {} in the worst second with it; the origin bears {}",
                Count(ttl.peak_without as u64),
                Count(ttl.peak_with as u64),
                PerSecond(bears)
            ),
        ),
        ("Cold start".to_owned(), cold_start(&ttl.warm_up, bears)),
    ];
    if let Some(fresh) = ttl.fresh {
        pairs.insert(
            1,
            ("Fresh for".to_owned(), format!("{fresh:.0} s of them; then old and served while one reader loads")),
        );
    }
    if let Some(absent) = ttl.absent {
        let says = format!(
            "remember an absent id for {absent:.0} s under a prefix of its own (script negative-mark bounds them); a write deletes it"
        );
        pairs.push(("What does not exist".to_owned(), says));
    }
    document.pairs(pairs);
}

fn cold_start(warm: &WarmUp, bears: f64) -> String {
    let demand = format!("{} at the origin at first", PerSecond(warm.demand_per_second));
    match (warm.seconds, warm.overload_seconds) {
        (Some(seconds), Some(over)) if over > 0.0 => format!(
            "{demand}, more than the {} that it bears for {over:.0} s: hold loads back; it is warm after about {seconds:.0} s",
            PerSecond(bears)
        ),
        (Some(seconds), _) => format!("{demand}, which it bears; it is warm after about {seconds:.0} s"),
        (None, _) => {
            format!("{demand}: it never gets warm, the misses of a warm cache alone are more than {}", PerSecond(bears))
        }
    }
}

fn sizes(document: &mut Document, details: &Details) {
    let size = &details.size;
    let row = |point: &Point| {
        vec![
            Count(point.items as u64).to_string(),
            point.bytes.to_string(),
            format!("{:.1} % ({:.1} to {:.1})", point.hit_ratio * 100.0, point.low * 100.0, point.high * 100.0),
            PerSecond(point.origin_load).to_string(),
            age(point.eviction_age),
        ]
    };
    document.table(
        &["entries", "memory", "hit ratio", "loads at the origin", "stays unread for"],
        size.curve.iter().map(row).collect(),
    );
    let mut pairs = vec![
        (
            "Advised".to_owned(),
            format!(
                "{}, {} entries, hit ratio {:.1} %: {}",
                size.advised.bytes,
                Count(size.advised.items as u64),
                size.advised.hit_ratio * 100.0,
                size.because
            ),
        ),
        beside(details),
    ];
    if let Some(knee) = &size.knee {
        let says =
            format!("up to {} memory brings more hits for a byte than on the average, behind it fewer", knee.bytes);
        pairs.push(("Knee".to_owned(), says));
    }
    document.pairs(pairs);
    document.text(
        "Predicted for independent requests under Zipf's law (Che, Tung and Wang, 2002); scans make it worse, bursts of one item better. `godmode-redis simulate` replays it on a throwaway server.",
    );
}

fn age(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "not evicted".to_owned(), |seconds| format!("{seconds:.0} s"))
}

fn rollout(document: &mut Document, design: &CacheDesign, details: &Details) {
    let origin = design.workload.origin_capacity;
    let at_once = (origin * design.workload.origin_ms / 1e3).ceil().max(1.0);
    document.pairs(vec![
        ("Before".to_owned(), "a switch in the application's configuration that turns reads of the cache off, and another for its writes".to_owned()),
        ("Warm up".to_owned(), format!("one process after the other, or the most popular items first; at most {at_once:.0} loads at once ({} times {} ms)", PerSecond(origin), design.workload.origin_ms)),
        ("Watch".to_owned(), format!("hit ratio against {:.1} %, loads at the origin against {}, used_memory against maxmemory, evicted_keys", details.size.advised.low * 100.0, PerSecond(details.size.advised.origin_load))),
        ("Alert".to_owned(), format!("loads at the origin above {}; a hit ratio 10 points below the prediction for 10 minutes", PerSecond(origin * 0.8))),
        ("When the cache is down".to_owned(), format!("a timeout counts as a miss; at most {at_once:.0} loads at once, the rest gets an error or a default at once; a circuit breaker asks the cache again every few seconds")),
        ("Undo".to_owned(), "turn the reads off; entries end by their TTL, nothing is to be deleted".to_owned()),
    ]);
}
