//! Which command runs is decided by data.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "computed-command", page: page!("rules/lua/computed-command.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let computed: Vec<_> = script
        .commands
        .iter()
        .filter_map(|command| command.said.as_ref().map(|said| (said, script.roots(said))))
        .collect();
    let outside = |root: &Root| matches!(root, Root::Argument(_) | Root::AllArguments | Root::Key(_) | Root::Part(_));
    let from_caller = computed.iter().filter(|(_, roots)| roots.iter().any(outside));
    if script.point_at(from_caller.map(|(said, _)| said.span)).is_some() {
        let alarm = Alarm::new(Severity::Critical, "which command runs is decided by data");
        return Some(
            alarm.fix(Risk::Review, "choose among the commands that the script names: if mode == 'up' then …"),
        );
    }
    let built = computed.iter().filter(|(_, roots)| roots.iter().any(|root| matches!(root, Root::Built(_))));
    script.point_at(built.map(|(said, _)| said.span))?;
    let alarm = Alarm::new(Severity::Warning, "the name of a command is put together");
    Some(alarm.fix(Risk::Review, "name each command in full, so that readers, ACL lines and checks see it"))
}
