//! Lua scripts that are ready to use, each with the page that says what it promises.

mod cache;
mod choice;
mod counters;
mod instead;
mod limiters;
mod locks;
mod needs;
mod parts;
mod queues;
mod records;
mod streams;

use crate::page::{Page, session};

pub use crate::page::session::{Names, Pattern, Said, Step, word};
pub use choice::{Choice, choose};
pub use instead::{Condition, Replacement};
pub use parts::{Argument, Parameter, Part, Range};

/// A finished script. What it promises, takes, answers and costs stands on its page and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script {
    /// Named for what it does: `lock-acquire`.
    pub id: &'static str,
    pub page: Page,
    pub lua: &'static str,
}

/// Scripts about the same thing.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    pub id: &'static str,
    pub title: &'static str,
    pub scripts: &'static [Script],
}

/// Every script there is.
pub const FAMILIES: &[Family] = &[
    limiters::FAMILY,
    locks::FAMILY,
    queues::FAMILY,
    cache::FAMILY,
    counters::FAMILY,
    records::FAMILY,
    streams::FAMILY,
];

/// All scripts with their families, in reading order.
pub fn all() -> impl Iterator<Item = (&'static Family, &'static Script)> {
    FAMILIES.iter().flat_map(|family| family.scripts.iter().map(move |script| (family, script)))
}

/// The script of this name.
pub fn find(id: &str) -> Option<&'static Script> {
    all().map(|(_, script)| script).find(|script| script.id == id)
}

const fn script(id: &'static str, page: Page, lua: Page) -> Script {
    Script { id, page, lua: lua.text }
}

impl Script {
    /// The keys, in the order of KEYS.
    pub fn keys(&self) -> Vec<Parameter> {
        self.page.rows("Keys").iter().filter_map(|row| Parameter::read(row)).collect()
    }

    /// The arguments, in the order of ARGV.
    pub fn arguments(&self) -> Vec<Argument> {
        self.page.rows("Arguments").iter().filter_map(|row| Argument::read(row)).collect()
    }

    /// What the parts of the reply mean, in their order.
    pub fn reply(&self) -> Vec<Part> {
        self.page.rows("Reply").iter().filter_map(|row| Part::read(row)).collect()
    }

    /// The example on the page, ready to be replayed, or the line that cannot be read.
    pub fn session(&self) -> Result<Vec<Step>, String> {
        session::read(self.page.section("Session"))
    }

    /// What EVALSHA calls it.
    pub fn sha1(&self) -> String {
        sha1_smol::Sha1::from(self.lua).digest().to_string()
    }

    /// What FCALL calls it: the names of functions have no dashes.
    pub fn function_name(&self) -> String {
        self.id.replace('-', "_")
    }

    /// The same body as a library for FUNCTION LOAD: Redis 7.0 and later, Valkey.
    pub fn as_function(&self) -> String {
        let name = self.function_name();
        let flags: Vec<String> = self.flags().iter().map(|flag| format!("'{flag}'")).collect();
        format!(
            "#!lua name=godmode_{name}\n\
             redis.register_function{{function_name='{name}', flags={{{}}}, callback=function(KEYS, ARGV)\n{}end}}\n",
            flags.join(", "),
            self.lua
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_found_by_its_name_and_known_by_its_hash() {
        let script = find("lock-release").unwrap();
        assert_eq!(script.page.path, "lua/locks/lock-release.md");
        assert_eq!(script.sha1().len(), 40);
        let library = script.as_function();
        assert!(library.starts_with("#!lua name=godmode_lock_release\n"));
        assert!(library.contains("function_name='lock_release', flags={'allow-oom'}"));
        assert_eq!(find("lock_release"), None);
    }
}
