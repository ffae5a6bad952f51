//! What kind of value an expression gives: text or number, how large, with a fraction or without.

use std::cell::Cell;

use super::commands;
use super::origin::Root;
use super::script::{Callee, Script};
use super::tree::{Kind, Node, Op, Source};

/// Commands whose reply is a list of texts.
const LISTS: [&str; 20] = [
    "TIME",
    "MGET",
    "HMGET",
    "ZMSCORE",
    "LRANGE",
    "SMEMBERS",
    "HGETALL",
    "HKEYS",
    "HVALS",
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZREVRANGE",
    "ZREVRANGEBYSCORE",
    "ZPOPMIN",
    "ZPOPMAX",
    "KEYS",
    "SINTER",
    "SUNION",
    "SDIFF",
    "SORT",
];
/// Steps that one question may take; beyond that we do not know.
const STEPS: usize = 200;
/// How many values of one name are followed.
const VALUES: usize = 32;

impl Script {
    /// Text for sure, wherever it comes from: Lua does not compare it with a number.
    pub fn is_text(&self, node: &Node) -> bool {
        let roots = self.roots(node);
        let text = |root: &Root| match root {
            Root::Key(_) | Root::Argument(_) | Root::Built(_) | Root::Text(_) => true,
            Root::Reply(name) => commands::TEXT.contains(&name.as_str()),
            Root::Part(name) => LISTS.contains(&name.as_str()),
            _ => false,
        };
        let harmless = |root: &Root| matches!(root, Root::Number(_) | Root::Bool | Root::Nil);
        roots.iter().any(text) && roots.iter().all(|root| text(root) || harmless(root))
    }

    pub fn is_number(&self, node: &Node) -> bool {
        let number = |root: &Root| match root {
            Root::Number(_) | Root::Computed => true,
            Root::Reply(name) => commands::INTEGER.contains(&name.as_str()),
            _ => false,
        };
        self.roots(node).iter().all(number)
    }

    /// How large a number can get, where the text of the script tells.
    pub fn largest(&self, node: &Node) -> Option<f64> {
        self.largest_within(node, &Cell::new(STEPS))
    }

    fn largest_within(&self, node: &Node, steps: &Cell<usize>) -> Option<f64> {
        steps.set(steps.get().checked_sub(1)?);
        let of = |node: &Node| self.largest_within(node, steps);
        match &node.kind {
            Kind::Number(number) => Some(number.abs()),
            Kind::Index(base, key) if self.roots(base) == [Root::Reply("TIME".into())] => {
                Some(if key.number() == Some(1.0) { 2e9 } else { 1e6 })
            }
            Kind::Local(id) => {
                let sources = Some(&self.local(*id)?.sources).filter(|sources| sources.len() <= VALUES)?;
                let values =
                    sources.iter().filter_map(|source| if let Source::Value(node) = source { of(node) } else { None });
                values.reduce(f64::max)
            }
            Kind::Binary(Op::Multiply, a, b) => Some(of(a)? * of(b)?),
            Kind::Binary(Op::Divide, a, b) => Some(of(a)? / of(b)?.max(1.0)),
            Kind::Binary(Op::Power, a, b) => Some(of(a)?.powf(of(b)?)),
            Kind::Binary(Op::Add | Op::Or, a, b) => match (of(a), of(b)) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            },
            // The difference of two large numbers may be small.
            Kind::Binary(Op::Subtract, a, b) => match (of(a)?, of(b)) {
                (a, Some(b)) if b < a / 10.0 => Some(a),
                _ => None,
            },
            Kind::Call(callee, arguments) => {
                let passes = ["tonumber", "math.floor", "math.ceil", "math.max", "math.abs"];
                let Callee::Path(path) = self.callee(callee) else { return None };
                passes.contains(&path.as_str()).then(|| arguments.iter().filter_map(of).reduce(f64::max))?
            }
            _ => None,
        }
    }

    /// A number that can have a fraction, which a reply drops.
    pub fn has_fraction(&self, node: &Node) -> bool {
        self.fraction_within(node, &Cell::new(STEPS))
    }

    fn fraction_within(&self, node: &Node, steps: &Cell<usize>) -> bool {
        let Some(left) = steps.get().checked_sub(1) else { return false };
        steps.set(left);
        let of = |node: &Node| self.fraction_within(node, steps);
        match &node.kind {
            Kind::Number(number) => number.fract() != 0.0,
            Kind::Binary(Op::Divide, ..) => true,
            Kind::Binary(op, a, b) if op.is_arithmetic() || matches!(op, Op::Or | Op::And) => of(a) || of(b),
            Kind::Local(id) => self.local(*id).is_some_and(|local| {
                local.sources.iter().take(VALUES).any(|source| matches!(source, Source::Value(node) if of(node)))
            }),
            Kind::Call(callee, arguments) => match self.callee(callee) {
                Callee::Path(path) => match path.as_str() {
                    "math.max" | "math.min" | "math.abs" => arguments.iter().any(of),
                    "math.random" => arguments.is_empty(),
                    "math.sqrt" | "math.log" | "math.exp" | "math.log10" => true,
                    "tonumber" => arguments.first().is_some_and(|inner| {
                        // Where the script knows the time, scores are moments.
                        let moments = self.calls_any(&["TIME"]);
                        let fraction = |root: &Root| match root {
                            Root::Reply(name) if name.starts_with('Z') && moments => false,
                            Root::Reply(name) => commands::FRACTION.contains(&name.as_str()),
                            _ => false,
                        };
                        self.roots(inner).iter().any(fraction)
                    }),
                    _ => false,
                },
                _ => false,
            },
            _ => false,
        }
    }
}
