//! A script as rules look at it: every expression with its place, and every command with its keys.

use std::collections::HashSet;
use std::sync::Arc;

use super::SyntaxTrouble;
use super::bounds;
use super::commands;
use super::header::Header;
use super::origin::Root;
use super::parse::Parsed;
use super::places::{self, Loop, Place, Role};
use super::tree::{Expr, Kind, Local, Node, Source, Span, Tree};

/// A parsed script with what can be said of its parts.
#[derive(Debug)]
pub struct Script {
    pub text: String,
    pub tree: Tree,
    pub header: Option<Header>,
    /// Every expression, outer before inner, in the order of the text.
    pub places: Vec<Place>,
    pub loops: Vec<Loop>,
    /// Every call of a command, in the order of the text.
    pub commands: Vec<Command>,
}

/// A call of `redis.call` or `redis.pcall`.
#[derive(Debug)]
pub struct Command {
    /// In capitals; none when the script puts it together.
    pub name: Option<String>,
    pub said: Option<Node>,
    /// What follows the name.
    pub arguments: Vec<Node>,
    /// An index into [`Script::places`].
    pub place: usize,
    pub node: Node,
    /// Called by `redis.pcall`.
    pub protected: bool,
    /// Called through Lua's `pcall`, which answers with two values.
    pub wrapped: bool,
    /// Its keys, and where each comes from.
    pub keys: Vec<(Node, Vec<Root>)>,
    /// Its reply is compared with something by its size.
    pub compared: bool,
}

impl Command {
    pub fn is(&self, names: &[&str]) -> bool {
        self.name.as_deref().is_some_and(|name| names.contains(&name))
    }

    /// Its name for a sentence: one that we know, or a plain word.
    pub fn word(&self) -> String {
        let known = self.name.as_deref().filter(|name| commands::find(name).is_some());
        known.unwrap_or("a command").to_owned()
    }

    pub fn writes(&self) -> bool {
        self.name.as_deref().and_then(commands::find).is_some_and(commands::Known::writes)
    }

    /// Whether one of its arguments is this word.
    pub fn has(&self, word: &str) -> bool {
        self.arguments.iter().any(|node| node.text().is_some_and(|text| text.eq_ignore_ascii_case(word)))
    }
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// A function of the server or of Lua: `redis.call`, `string.format`.
    Path(String),
    /// A function of the script.
    Own(usize),
    Unknown,
}

impl Script {
    pub fn new(parsed: Parsed) -> Result<Self, SyntaxTrouble> {
        let (places, loops) = places::collect(&parsed.tree);
        bounds::expressions(places.len())?;
        let header = Header::read(&parsed.text);
        let Parsed { text, tree } = parsed;
        let mut script = Self { text, tree, header, places, loops, commands: Vec::new() };
        script.bind_parameters();
        script.commands = script.find_commands();
        let keys: Vec<_> = script.commands.iter().map(|command| script.keys_of(command)).collect();
        for (command, keys) in script.commands.iter_mut().zip(keys) {
            command.keys = keys;
        }
        let compared = script.compared();
        for (command, compared) in script.commands.iter_mut().zip(compared) {
            command.compared = compared;
        }
        Ok(script)
    }

    /// A parameter holds what any call of its function passes; a function of a library gets the keys and the arguments.
    fn bind_parameters(&mut self) {
        let mut passed = Vec::new();
        for place in &self.places {
            let Kind::Call(callee, arguments) = &place.node.kind else { continue };
            match self.callee(callee) {
                Callee::Own(id) => passed.extend(self.parameters(id).zip(arguments.iter().cloned())),
                Callee::Path(path) if path == "redis.register_function" => {
                    let list = |name: &str| Arc::new(Expr { kind: Kind::Global(name.into()), span: Span::default() });
                    let callback = arguments.iter().flat_map(|node| std::iter::once(node).chain(node.children()));
                    for callback in callback {
                        if let Callee::Own(id) = self.callee(callback) {
                            passed.extend(self.parameters(id).zip([list("KEYS"), list("ARGV")]));
                        }
                    }
                }
                _ => {}
            }
        }
        for (id, value) in passed {
            if let Some(local) = self.tree.locals.get_mut(id) {
                local.sources.push(Source::Value(value));
            }
        }
    }

    fn parameters(&self, function: usize) -> impl Iterator<Item = usize> {
        self.tree.functions.get(function).into_iter().flat_map(|function| function.parameters.iter().copied())
    }

    fn find_commands(&self) -> Vec<Command> {
        let mut all = Vec::new();
        for (n, place) in self.places.iter().enumerate() {
            let Kind::Call(callee, arguments) = &place.node.kind else { continue };
            let mut arguments = arguments.as_slice();
            let mut path = self.callee(callee);
            let wrapped = path == Callee::Path("pcall".into());
            if wrapped {
                let Some((function, rest)) = arguments.split_first() else { continue };
                (path, arguments) = (self.callee(function), rest);
            }
            let Callee::Path(path) = path else { continue };
            if path != "redis.call" && path != "redis.pcall" {
                continue;
            }
            let said = arguments.first().cloned();
            let name = said.as_ref().and_then(|node| match self.roots(node).as_slice() {
                [Root::Text(name)] => Some(name.to_uppercase()),
                _ => None,
            });
            all.push(Command {
                name,
                said,
                arguments: arguments.get(1..).unwrap_or_default().to_vec(),
                place: n,
                node: place.node.clone(),
                protected: path == "redis.pcall",
                wrapped,
                keys: Vec::new(),
                compared: false,
            });
        }
        all
    }

    fn keys_of(&self, command: &Command) -> Vec<(Node, Vec<Root>)> {
        let Some(name) = command.name.as_deref() else { return Vec::new() };
        let Some(known) = commands::find(name) else { return Vec::new() };
        let count = command.arguments.len();
        let mut at = known.keys(count);
        if let Some(number) = commands::counted_keys(name) {
            let keys = command.arguments.get(number).and_then(|node| node.number()).unwrap_or(0.0);
            at.extend((number + 1..count).take(keys as usize));
        } else if commands::CONTAINERS.contains(&name) {
            at.extend((count > 1).then_some(1));
        } else if let Some(streams) =
            command.arguments.iter().position(|node| node.text().is_some_and(|t| t.eq_ignore_ascii_case("streams")))
        {
            at.extend(streams + 1..=streams + (count - streams - 1) / 2);
        }
        let nodes = at.into_iter().filter_map(|at| command.arguments.get(at));
        nodes.map(|node| (node.clone(), self.roots(node))).collect()
    }

    /// What a called expression stands for; a name that Valkey gives to the same thing is Redis' name here.
    pub fn callee(&self, node: &Node) -> Callee {
        let mut node = node;
        // An alias of an alias of an alias is as far as anybody goes.
        for _ in 0..3 {
            if let Some(path) = node.path() {
                let path = path.strip_prefix("server.").map_or(path.clone(), |rest| format!("redis.{rest}"));
                return Callee::Path(path);
            }
            match &node.kind {
                Kind::Function(id) => return Callee::Own(*id),
                Kind::Local(id) => match self.local(*id).map(|local| local.sources.as_slice()) {
                    Some([Source::Value(value)]) => node = value,
                    _ => return Callee::Unknown,
                },
                _ => return Callee::Unknown,
            }
        }
        Callee::Unknown
    }

    pub fn local(&self, id: usize) -> Option<&Local> {
        self.tree.locals.get(id)
    }

    pub fn place(&self, at: usize) -> Option<&Place> {
        self.places.get(at)
    }

    /// The place around a place.
    pub fn parent(&self, place: &Place) -> Option<&Place> {
        self.places.get(place.parent?)
    }

    /// All calls of a function that the server or Lua brings.
    pub fn calls(&self, path: &str) -> impl Iterator<Item = (&Place, &[Node])> {
        self.places.iter().filter_map(move |place| match &place.node.kind {
            Kind::Call(callee, arguments) if self.callee(callee) == Callee::Path(path.into()) => {
                Some((place, arguments.as_slice()))
            }
            _ => None,
        })
    }

    /// Every place where a local is read.
    pub fn reads(&self, id: usize) -> impl Iterator<Item = &Place> {
        self.places
            .iter()
            .filter(move |place| place.role != Role::Target && matches!(place.node.kind, Kind::Local(of) if of == id))
    }

    /// The local that holds exactly this value.
    pub fn holder(&self, node: &Node) -> Option<usize> {
        let holds = |source: &Source| matches!(source, Source::Value(value) if Arc::ptr_eq(value, node));
        self.tree.locals.iter().position(|local| local.sources.iter().any(holds))
    }

    /// For each command, whether its reply, or the local that holds it, is compared with something by its size.
    fn compared(&self) -> Vec<bool> {
        let mut sides = Vec::new();
        for place in &self.places {
            if let Kind::Binary(op, a, b) = &place.node.kind
                && op.is_order()
            {
                sides.extend([a, b]);
            }
        }
        let locals: HashSet<usize> =
            sides.iter().filter_map(|side| if let Kind::Local(id) = side.kind { Some(id) } else { None }).collect();
        let values: HashSet<*const Expr> = sides.iter().map(|side| Arc::as_ptr(side)).collect();
        let by_name = |node: &Node| self.holder(node).is_some_and(|id| locals.contains(&id));
        let commands = self.commands.iter();
        commands.map(|command| values.contains(&Arc::as_ptr(&command.node)) || by_name(&command.node)).collect()
    }

    /// The commands of these names.
    pub fn named<'a>(&'a self, names: &'a [&'a str]) -> impl Iterator<Item = &'a Command> {
        self.commands.iter().filter(move |command| command.is(names))
    }

    pub fn calls_any(&self, names: &[&str]) -> bool {
        self.named(names).next().is_some()
    }

    /// Two expressions that name the same key.
    pub fn same_key(&self, a: &Command, b: &Command) -> bool {
        match (a.keys.first(), b.keys.first()) {
            (Some((a, of_a)), Some((b, of_b))) => {
                of_a == of_b && !of_a.contains(&Root::Unknown) || self.slice(a.span) == self.slice(b.span)
            }
            _ => false,
        }
    }

    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }
}
