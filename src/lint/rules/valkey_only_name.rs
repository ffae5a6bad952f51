//! It calls the server by a name that only Valkey has.

use crate::facts::Kind as Server;
use crate::lint::Rule;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "valkey-only-name", page: page!("rules/lua/valkey-only-name.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let engine = script.about.engine.as_ref();
    if engine.is_some_and(|engine| engine.kind == Server::Valkey) {
        return None;
    }
    let named = script.places.iter().filter(|place| matches!(&place.node.kind, Kind::Global(name) if name == "server"));
    script.point_at(named.map(|place| place.node.span))?;
    let alarm = match engine {
        Some(_) => Alarm::new(Severity::Critical, "this server does not know the name `server`, which only Valkey has"),
        None => Alarm::new(Severity::Notice, "only Valkey knows the name `server`"),
    };
    Some(alarm.fix(Risk::Safe, "redis.call, which every server has"))
}
