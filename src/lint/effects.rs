//! What a script would touch: commands, keys, arguments. For an ACL line, a page, a trial run.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::facts::Foreign;

use super::commands;
use super::origin::Root;
use super::script::Script;
use super::tree::Kind;

/// What can be read off the text of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Effects {
    /// Commands it calls by name, in lower case.
    pub commands: BTreeSet<Foreign>,
    /// It also calls commands whose names it puts together.
    pub computed_commands: bool,
    /// Places in KEYS that it reads by number.
    pub keys: BTreeSet<usize>,
    /// It also goes through KEYS by a computed place.
    pub any_key: bool,
    pub args: BTreeSet<usize>,
    pub any_arg: bool,
    pub writes: bool,
    /// Flags of its first line.
    pub flags: Vec<Foreign>,
}

impl Effects {
    pub(super) fn of(script: &Script) -> Self {
        let mut effects = Self::default();
        for command in &script.commands {
            match &command.name {
                Some(name) => {
                    effects.commands.insert(Foreign::command(&name.to_lowercase()));
                }
                None => effects.computed_commands = true,
            }
            effects.writes |= command.writes();
        }
        for place in &script.places {
            let roots = match &place.node.kind {
                Kind::Index(_, _) => script.roots(&place.node),
                // The list as a whole: `#KEYS`, `unpack(ARGV)`, `ipairs(KEYS)`.
                Kind::Global(name)
                    if script.parent(place).is_none_or(|parent| !matches!(parent.node.kind, Kind::Index(..))) =>
                {
                    match name.as_str() {
                        "KEYS" => vec![Root::Key(None)],
                        "ARGV" => vec![Root::Argument(None)],
                        _ => continue,
                    }
                }
                _ => continue,
            };
            for root in roots {
                match root {
                    Root::Key(Some(n)) => {
                        effects.keys.insert(n);
                    }
                    Root::Key(None) => effects.any_key = true,
                    Root::Argument(Some(n)) => {
                        effects.args.insert(n);
                    }
                    Root::Argument(None) => effects.any_arg = true,
                    _ => {}
                }
            }
        }
        effects.flags =
            script.header.iter().flat_map(|header| &header.flags).map(|flag| Foreign::value(flag)).collect();
        effects
    }

    /// The part of an ACL rule that lets a user run this script and nothing else; none when a name is computed or strange.
    pub fn acl(&self) -> Option<String> {
        let known = |name: &Foreign| commands::find(name.raw()).is_some();
        if self.computed_commands || !self.commands.iter().all(known) {
            return None;
        }
        let names: Vec<String> = self.commands.iter().map(|name| format!("+{name}")).collect();
        Some(format!("+eval +evalsha {}", names.join(" ")).trim_end().to_owned())
    }
}
