//! Where a value comes from: a key, an argument, a reply, the text itself. It looks at what a name can ever hold, not at
//! the order of assignments.

use super::script::{Callee, Script};
use super::tree::{Kind, Node, Op, Source, StatementKind, Unary};

/// One thing that a value may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// `KEYS[n]`; no number when the place is computed.
    Key(Option<usize>),
    /// `ARGV[n]`.
    Argument(Option<usize>),
    AllKeys,
    AllArguments,
    Text(String),
    Number(f64),
    Bool,
    Nil,
    /// Text that the script puts together, and from what.
    Built(Vec<Root>),
    /// The reply to a command, by its name.
    Reply(String),
    /// A part of such a reply.
    Part(String),
    /// The result of arithmetic or of `tonumber`.
    Computed,
    Table,
    Unknown,
}

/// Steps that one question may take; a script that needs more is beyond us, and quiet.
const STEPS: usize = 200;
/// How many values of one name or one table are followed.
const VALUES: usize = 32;

struct Search<'a> {
    script: &'a Script,
    steps: usize,
    seen: Vec<usize>,
}

impl Script {
    /// All that a value may be.
    pub fn roots(&self, node: &Node) -> Vec<Root> {
        Search { script: self, steps: STEPS, seen: Vec::new() }.of(node)
    }
}

impl Search<'_> {
    fn of(&mut self, node: &Node) -> Vec<Root> {
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 {
            return vec![Root::Unknown];
        }
        match &node.kind {
            Kind::Nil => vec![Root::Nil],
            Kind::Bool(_) => vec![Root::Bool],
            Kind::Number(number) => vec![Root::Number(*number)],
            Kind::Text(text) => vec![Root::Text(text.clone())],
            Kind::Local(id) => self.local(*id),
            Kind::Global(name) if name == "KEYS" => vec![Root::AllKeys],
            Kind::Global(name) if name == "ARGV" => vec![Root::AllArguments],
            Kind::Index(base, key) => self.index(base, key),
            Kind::Call(callee, arguments) => self.call(callee, arguments),
            Kind::Method(base, _) => vec![Root::Built(self.of(base))],
            Kind::Binary(Op::Concat, a, b) => vec![Root::Built(self.both(a, b))],
            // `a and b or c` is b or c.
            Kind::Binary(Op::Or, a, b) => match &a.kind {
                Kind::Binary(Op::And, _, then) => self.both(then, b),
                _ => self.both(a, b),
            },
            Kind::Binary(Op::And, _, b) => self.of(b),
            Kind::Binary(op, _, _) if op.is_arithmetic() => vec![Root::Computed],
            Kind::Binary(_, _, _) | Kind::Unary(Unary::Not, _) => vec![Root::Bool],
            Kind::Unary(_, _) => vec![Root::Computed],
            Kind::Table(_) => vec![Root::Table],
            Kind::Global(_) | Kind::Rest | Kind::Function(_) => vec![Root::Unknown],
        }
    }

    fn both(&mut self, a: &Node, b: &Node) -> Vec<Root> {
        let mut all = self.of(a);
        for root in self.of(b) {
            if !all.contains(&root) {
                all.push(root);
            }
        }
        all
    }

    fn local(&mut self, id: usize) -> Vec<Root> {
        let Some(local) = self.script.local(id) else { return vec![Root::Unknown] };
        if self.seen.contains(&id) {
            return Vec::new();
        }
        self.seen.push(id);
        let mut all = Vec::new();
        if local.sources.len() > VALUES {
            all.push(Root::Unknown);
        }
        for source in local.sources.iter().take(VALUES) {
            let roots = match source {
                Source::Value(node) => self.of(node),
                Source::Nth(node) => self.nth(node),
                Source::Each(list, 0) if self.is_call(list, "ipairs") => vec![Root::Computed],
                Source::Each(list, _) => self.each(list),
                Source::Counter => vec![Root::Computed],
                Source::Unknown => vec![Root::Unknown],
            };
            all.extend(roots.into_iter().filter(|root| !all.contains(root)).collect::<Vec<_>>());
        }
        self.seen.pop();
        if all.is_empty() { vec![Root::Unknown] } else { all }
    }

    fn is_call(&self, node: &Node, path: &str) -> bool {
        matches!(&node.kind, Kind::Call(callee, _) if self.script.callee(callee) == Callee::Path(path.into()))
    }

    /// A further value of `unpack(list)`; of any other call we know nothing.
    fn nth(&mut self, node: &Node) -> Vec<Root> {
        if self.is_call(node, "unpack") { self.of(node) } else { vec![Root::Unknown] }
    }

    /// What `ipairs(list)` and `pairs(list)` hand out.
    fn each(&mut self, node: &Node) -> Vec<Root> {
        match &node.kind {
            Kind::Call(_, arguments) if self.is_call(node, "ipairs") || self.is_call(node, "pairs") => {
                arguments.first().map_or(vec![Root::Unknown], |list| self.parts(list, None))
            }
            _ => vec![Root::Unknown],
        }
    }

    fn index(&mut self, base: &Node, key: &Node) -> Vec<Root> {
        self.parts(base, Some(key))
    }

    /// The parts of a list: the one of this name, or any.
    fn parts(&mut self, list: &Node, key: Option<&Node>) -> Vec<Root> {
        let number = key.and_then(|key| match self.of(key).as_slice() {
            [Root::Number(number)] => Some(*number as usize),
            _ => None,
        });
        let mut all = Vec::new();
        for root in self.of(list) {
            let parts = match root {
                Root::AllKeys => vec![Root::Key(number)],
                Root::AllArguments => vec![Root::Argument(number)],
                Root::Reply(command) | Root::Part(command) => vec![Root::Part(command)],
                Root::Table => self.stored(list, key, number),
                _ => vec![Root::Unknown],
            };
            all.extend(parts.into_iter().filter(|part| !all.contains(part)).collect::<Vec<_>>());
        }
        all
    }

    /// What is in a table under a name, as far as it is written out.
    fn stored(&mut self, list: &Node, key: Option<&Node>, number: Option<usize>) -> Vec<Root> {
        let mut values = Vec::new();
        let mut tables = vec![list.clone()];
        if let Kind::Local(id) = list.kind
            && let Some(local) = self.script.local(id)
        {
            tables = local
                .sources
                .iter()
                .filter_map(|source| if let Source::Value(node) = source { Some(node.clone()) } else { None })
                .collect();
            let wanted = key.and_then(|key| key.text());
            let named = |stored: &Option<Node>| match (wanted, stored.as_ref().and_then(|node| node.text())) {
                (Some(wanted), Some(name)) => wanted == name,
                _ => true,
            };
            if local.stored.len() > VALUES || local.sources.len() > VALUES {
                return vec![Root::Unknown];
            }
            values.extend(local.stored.iter().filter(|(name, _)| named(name)).map(|(_, value)| value.clone()));
        }
        for table in tables {
            let Kind::Table(items) = &table.kind else { continue };
            for (n, item) in items.iter().enumerate() {
                let same = match (&item.key, key.and_then(|key| key.text()), number) {
                    (Some(name), Some(wanted), _) => name.text().is_none_or(|name| name == wanted),
                    (None, Some(_), _) => false,
                    (None, None, Some(number)) => number == n + 1,
                    _ => true,
                };
                values.extend(same.then(|| item.value.clone()));
            }
        }
        let mut all: Vec<Root> = values.iter().flat_map(|value| self.of(value)).collect();
        all.dedup();
        if all.is_empty() { vec![Root::Unknown] } else { all }
    }

    fn call(&mut self, callee: &Node, arguments: &[Node]) -> Vec<Root> {
        let first = arguments.first();
        match self.script.callee(callee) {
            Callee::Own(id) => self.returned(id),
            Callee::Unknown => vec![Root::Unknown],
            Callee::Path(path) => match path.as_str() {
                "redis.call" | "redis.pcall" => {
                    let name = first.map(|name| self.of(name));
                    match name.as_deref() {
                        Some([Root::Text(name)]) => vec![Root::Reply(name.to_uppercase())],
                        _ => vec![Root::Unknown],
                    }
                }
                "tonumber" | "select" => vec![Root::Computed],
                "tostring" | "string.format" | "string.sub" | "string.gsub" | "string.lower" | "string.upper"
                | "string.rep" | "table.concat" | "redis.sha1hex" => {
                    let parts = arguments.iter().flat_map(|argument| self.of(argument)).collect();
                    vec![Root::Built(parts)]
                }
                "unpack" => first.map_or(vec![Root::Unknown], |list| self.parts(list, None)),
                path if path.starts_with("math.") => vec![Root::Computed],
                _ => vec![Root::Unknown],
            },
        }
    }

    /// What a function of the script gives back.
    fn returned(&mut self, id: usize) -> Vec<Root> {
        let Some(function) = self.script.tree.functions.get(id) else { return vec![Root::Unknown] };
        let mut last = Vec::new();
        for statement in &function.body {
            if let StatementKind::Return(values) = &statement.kind {
                last = values.first().map_or(vec![Root::Nil], |value| self.of(value));
            }
        }
        // A return inside of a block is not followed.
        if last.is_empty() || function.body.len() > 6 { vec![Root::Unknown] } else { last }
    }
}
