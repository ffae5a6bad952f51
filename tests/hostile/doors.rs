//! What holds of every report through every door: a stranger's words stay between the marks, bounded and inert.

use godmode_redis::facts::foreign::{CLOSE, LONGEST, OPEN};
use serde_json::{Value, json};

use super::TOKEN;
use crate::mcp::Client;
use crate::stage::{binary, run};

/// A verb and its tool, what both are told, and the headings that their reports may have.
pub struct Verb {
    words: &'static [&'static str],
    tool: &'static str,
    told: fn() -> Value,
    headings: &'static [&'static str],
    /// These stand in each report, once.
    once: &'static [&'static str],
}

pub const INSPECT: Verb = Verb {
    words: &["inspect", "--interval", "0.1", "--pings", "1"],
    tool: "inspect_server",
    told: || json!({"interval": 0.1, "pings": 1}),
    headings: &[
        "# unix://",
        "# redis://",
        "# redis+sentinel://",
        "## Nodes",
        "## Sentinels",
        "## Where the server's time",
        "## Findings",
        "## Not checked: ",
        "## Stop conditions",
        "## In short",
        "### critical: ",
        "### warning: ",
        "### notice: ",
    ],
    once: &["## Findings", "## Stop conditions", "## In short"],
};

pub const AUDIT: Verb = Verb {
    words: &["audit", "--full", "--sample-values", "--top", "40"],
    tool: "audit_memory",
    told: || json!({"full": true, "sample_values": true, "top": 40}),
    headings: &[
        "# unix://",
        "# redis://",
        "## Families",
        "## Bytes by ",
        "## Keys by size",
        "## Keys that end together",
        "## Largest keys",
        "## Keys with the most elements",
        "## Hottest keys",
        "## Values of strings that were sampled",
        "## Nodes that were read",
        "## Findings",
        "## Not checked: ",
        "## The books",
        "## In short",
        "### critical: ",
        "### warning: ",
        "### notice: ",
    ],
    once: &["## Findings", "## The books", "## In short"],
};

/// The verbs that may look at a target beside what they were told.
pub const PROBING: [Verb; 5] = [
    Verb {
        words: &["cache", "cache pages", "--probe", "--interval", "0.2"],
        tool: "design_cache",
        told: || json!({"workload": "cache pages", "probe": true, "interval": 0.2}),
        headings: &[
            "# Cache for ",
            "## Workload",
            "## What the server shows",
            "## Strategy",
            "## Entries",
            "## Time to live",
            "## Freshness",
            "## Stampede",
            "## Memory and hit ratio",
            "## Eviction",
            "## Configuration",
            "## Rollout",
            "### ",
        ],
        once: &["## Strategy", "## Rollout"],
    },
    Verb {
        words: &["recommend", "leaderboard", "--probe"],
        tool: "recommend_structure",
        told: || json!({"use_case": "leaderboard", "probe": true}),
        headings: &[
            "# Leaderboard: ",
            "## Commands",
            "## Keys",
            "## Pitfalls",
            "## Runners-up",
            "## Why nothing else",
            "## What would change the answer",
            "## To try in redis-cli",
        ],
        once: &["## Commands", "## Pitfalls"],
    },
    Verb {
        words: &["topology", "--probe"],
        tool: "plan_topology",
        told: || json!({"probe": true}),
        headings: &[
            "# ",
            "## Arithmetic of one server",
            "## When a primary is lost",
            "## Placement",
            "## Keys",
            "## Clients",
            "## Way there",
            "## What breaks this plan",
            "## Files",
            "## Say once, in this order",
            "## /var/lib/redis/",
            "### ",
        ],
        once: &["## Placement", "## Files"],
    },
    Verb {
        words: &["lua", "sliding-log", "--probe", "--prove", "false"],
        tool: "generate_lua",
        told: || json!({"need": "sliding-log", "probe": true, "prove": false}),
        headings: &[
            "# sliding-log: ",
            "## Script: ",
            "## Function: ",
            "## Call: ",
            "## Keys",
            "## Arguments",
            "## Reply",
            "## What to know",
            "## Proof",
            "### notice: ",
        ],
        once: &["## Call: ", "## Proof"],
    },
    Verb {
        words: &["simulate", "--probe", "--interval", "0.2"],
        tool: "simulate",
        told: || json!({"probe": true, "interval": 0.2}),
        headings: &["# Simulation of ", "## Measured on ", "## Hit ratio over ", "## Taken as given"],
        once: &["## Measured on ", "## Taken as given"],
    },
];

/// The spans between the marks, and the text without them. The marks alternate, or a stranger wrote one.
pub fn apart(text: &str) -> (Vec<String>, String) {
    let (mut spans, mut ours, mut open) = (Vec::new(), String::new(), None::<String>);
    for c in text.chars() {
        open = match (open, c) {
            (None, OPEN) => Some(String::new()),
            (Some(span), CLOSE) => {
                spans.push(span);
                None
            }
            (None, c) => {
                assert_ne!(c, CLOSE, "a mark that nobody opened: {text}");
                ours.push(c);
                None
            }
            (Some(mut span), c) => {
                assert_ne!(c, OPEN, "a mark within marks: {text}");
                span.push(c);
                Some(span)
            }
        };
    }
    assert_eq!(open, None, "a mark that nobody closed: {text}");
    (spans, ours)
}

/// What holds for a piece of text, whatever prints it. Returns how often the stranger was quoted.
pub fn check_text(text: &str) -> usize {
    let (spans, ours) = apart(text);
    assert!(!ours.contains(TOKEN), "a stranger's word outside of the marks: {ours}");
    for span in &spans {
        // A bound, an ellipsis, and what a printer adds: a code span, or a line's indent.
        let letters = span.chars().filter(|c| !matches!(c, '`' | ' ' | '\n')).count();
        assert!(letters <= LONGEST + 1, "{letters} letters in {span}");
    }
    for c in text.chars() {
        let hidden = matches!(u32::from(c), 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xad | 0xe0000..=0xe0fff);
        assert!(c == '\n' || !c.is_control() && !hidden, "{c:?} in {text}");
    }
    spans.iter().filter(|span| span.contains(TOKEN)).count()
}

/// Headings are ours, what is quoted is inert, and code is ours to the last byte.
fn check_markdown(text: &str, verb: &Verb) {
    let mut code = false;
    let prose: Vec<&str> = text
        .lines()
        .filter(|line| {
            let fence = line.starts_with("```") && line[3..].chars().all(|c| c.is_ascii_lowercase());
            let inside = code || fence;
            code ^= fence;
            assert!(!inside || !line.contains(TOKEN), "a stranger's word in code: {line}");
            !inside
        })
        .collect();
    assert!(!code, "a fence that nobody closed: {text}");
    let headings: Vec<&str> = prose.iter().copied().filter(|line| line.starts_with('#')).collect();
    for heading in &headings {
        assert!(verb.headings.iter().any(|start| heading.starts_with(start)), "{heading}");
    }
    for once in verb.once {
        assert_eq!(headings.iter().filter(|heading| heading.starts_with(once)).count(), 1, "{once}: {headings:?}");
    }
    for line in &prose {
        let start = line.trim_start_matches(['-', ' ']);
        assert!(!start.starts_with(OPEN) && !line.starts_with(['`', '<', '>']), "{line}");
    }
    for span in apart(text).0 {
        let ticks = span.len() - span.trim_start_matches('`').len();
        let plain =
            span.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | ':' | '-')) && !span.contains("www.");
        let fence = "`".repeat(ticks);
        let inside = span.trim_start_matches('`').strip_suffix(&fence);
        let closed = inside.is_some_and(|inside| !inside.split(|c| c != '`').any(|run| run.len() == ticks));
        assert!(plain || ticks > 0 && closed, "{span:?} can be markup");
    }
}

/// Keys and values of a report alike, but for the target, which its owner wrote.
pub fn check_json(value: &Value) -> usize {
    match value {
        Value::String(text) => check_text(text),
        Value::Array(items) => items.iter().map(check_json).sum(),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| *name != "target");
            fields.map(|(name, value)| check_text(name) + check_json(value)).sum()
        }
        _ => 0,
    }
}

/// A way out of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Text,
    Markdown,
    Json,
    Agent,
}

impl Door {
    pub const ALL: [Self; 4] = [Self::Text, Self::Markdown, Self::Json, Self::Agent];

    /// The report, or why there is none.
    async fn out(self, verb: &Verb, place: &str) -> Result<String, String> {
        let format = match self {
            Self::Text => None,
            Self::Markdown => Some("--markdown"),
            Self::Json => Some("--json"),
            Self::Agent => {
                let (place, tool, told) = (place.to_owned(), verb.tool, (verb.told)());
                let call = tokio::task::spawn_blocking(move || Client::connected(&place).tool(tool, told));
                let answer = call.await.unwrap();
                let text = answer["content"][0]["text"].as_str().unwrap().to_owned();
                return if answer["isError"] == true { Err(text) } else { Ok(text) };
            }
        };
        let ran = run(binary(&[verb.words, &["--url", place], format.as_slice()].concat())).await;
        if ran.code == 2 {
            assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{ran:?}");
            return Err(ran.err);
        }
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{self:?}: {ran:?}");
        Ok(ran.out)
    }

    /// How often the stranger was quoted in the report, or in the error.
    pub async fn check(self, verb: &Verb, place: &str) -> Result<usize, usize> {
        let out = self.out(verb, place).await.map_err(|error| check_text(&error))?;
        assert!(out.len() < 150_000, "{} bytes", out.len());
        if self == Self::Json {
            return Ok(check_json(&serde_json::from_str(&out).unwrap()));
        }
        if self != Self::Text {
            check_markdown(&out, verb);
        }
        // The first line is the target, which its owner wrote.
        Ok(check_text(out.split_once('\n').unwrap().1))
    }
}

/// How often the stranger was quoted in a report through each door.
pub async fn check_doors(verb: &Verb, place: &str) -> [usize; 4] {
    let mut quoted = [0; 4];
    for (door, quoted) in Door::ALL.into_iter().zip(&mut quoted) {
        *quoted = door.check(verb, place).await.unwrap_or_else(|_| panic!("{door:?}: no report"));
    }
    quoted
}
