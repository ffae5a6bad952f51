//! All that is known of a script of the library, as one answer.

use anyhow::{Result, bail};

use super::Place;
use super::answer::{ArgumentRow, Code, KeyRow, PartRow, Proof, Recipe, StaticCheck};
use super::client::{Client, Filling, Way};
use super::input::{Delivery, Input, range};
use crate::facts::{Engine, Foreign, Kind, hash_tag, slot_of};
use crate::lint;
use crate::page::unlinked;
use crate::probe::find_servers;
use crate::proof::{BY_COMMAND, Run, Went, prove};
use crate::rules::uri;
use crate::scripts::{Part, Replacement, Script};

pub const NO_SERVER: &str = "no redis-server or valkey-server was found here. Install one, or name it in \
    GODMODE_REDIS_SERVER";
const NOT_ASKED: &str = "a proof was not asked for (prove: false)";

pub async fn of(script: &'static Script, ignored: &[String], input: &Input, place: Place) -> Result<Recipe> {
    let (keys, arguments) = (input.keys_of(script)?, input.arguments_of(script)?);
    supported(script, &place)?;
    let slots = slots(&keys, place.cluster)?;
    let (delivery, native) = delivery(script, input, &place, &arguments)?;
    let function = script.function_name();
    let (file, text) = match delivery {
        Way::Function => (format!("{}.function.lua", script.id), script.as_function()),
        _ => (format!("{}.lua", script.id), script.lua.to_owned()),
    };
    let sha1 = script.sha1();
    let words = native.as_ref().map(|native| native.words(script, &keys, &arguments)).unwrap_or_default();
    let filling =
        Filling { function: &function, sha1: &sha1, file: &file, keys: &keys, arguments: &arguments, words: &words };
    let code = |client: Client| Code {
        client: client.name(),
        language: client.language(),
        text: client.code(delivery, &filling),
        tried: client.tried(delivery),
    };
    let about = lint::Call {
        keys: Some(keys.len()),
        args: Some(arguments.len()),
        engine: place.engine.clone(),
        cluster: place.cluster,
    };
    Ok(Recipe {
        id: script.id,
        title: script.page.title(),
        ignored: ignored.iter().map(|word| Foreign::given(word)).collect(),
        promise: unlinked(&script.page.summary()),
        server: place.engine.as_ref().map(|engine| format!("{engine}{}", if place.cluster { ", cluster" } else { "" })),
        needs: needs(script),
        instead: others(script, place.engine.as_ref()).iter().map(instead).collect(),
        delivery,
        keys: script
            .keys()
            .iter()
            .zip(&keys)
            .map(|(key, shown)| KeyRow { name: key.name, key: shown.clone(), kind: key.kind, about: key.about })
            .collect(),
        slots,
        arguments: script
            .arguments()
            .iter()
            .zip(&arguments)
            .map(|(argument, value)| ArgumentRow {
                name: argument.name,
                value: value.clone(),
                unit: argument.unit,
                range: range(argument),
                about: unlinked(argument.about),
            })
            .collect(),
        reply: reply(script, native.as_ref()),
        commands_per_call: match (&native, script.calls()) {
            (Some(_), _) => "1".into(),
            (None, None) => "not counted".into(),
            (None, Some((low, high))) if low == high => low.to_string(),
            (None, Some((low, high))) => format!("{low} to {high}"),
        },
        notes: notes(script),
        siblings: script.siblings().iter().map(|other| other.id).collect(),
        acl: acl(script, delivery, native.as_ref()),
        call: code(input.client),
        shell: (input.client != Client::RedisCli).then(|| code(Client::RedisCli)),
        static_check: static_check(script.lua.as_bytes(), &about),
        proof: proof(script, input, native.as_ref()).await,
        page: uri(script.page.path),
        file,
        text,
        sha1,
    })
}

fn supported(script: &Script, place: &Place) -> Result<()> {
    let Some(engine) = &place.engine else { return Ok(()) };
    match script.since(&engine.kind) {
        Some(since) if engine.version < since => {
            bail!("{} needs {}, and this is {engine}", script.id, needs(script))
        }
        _ => Ok(()),
    }
}

fn needs(script: &Script) -> String {
    let since =
        |kind: Kind, name: &str| script.since(&kind).map(|since| format!("{name} {}.{} or later", since.0, since.1));
    [since(Kind::Redis, "Redis"), since(Kind::Valkey, "Valkey")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How the keys lie in a cluster; keys that it would refuse are refused here.
fn slots(keys: &[String], cluster: bool) -> Result<String> {
    let slot = |key: &String| slot_of(key.as_bytes());
    let first = keys.first().map(slot).unwrap_or_default();
    if keys.iter().any(|key| slot(key) != first) {
        let says = "these keys lie in different slots, and a cluster answers CROSSSLOT: give all keys of a call the same \
                    hash tag, such as {user-1}, and send the braces";
        if cluster {
            bail!("{says}");
        }
        return Ok(format!("{says}; a single server takes them as they are"));
    }
    let tag = keys.first().and_then(|key| hash_tag(key.as_bytes()));
    Ok(match (keys.len(), tag) {
        (1, _) => format!("one key, slot {first}: no hash tag is needed, unless other keys are to lie beside it"),
        (_, Some(tag)) => format!(
            "all in slot {first}, since they share the hash tag {{{}}}: the braces are sent",
            String::from_utf8_lossy(tag)
        ),
        _ => format!("all in slot {first}"),
    })
}

/// What is asked for, where it is there; a native command unasked only where the engine is known to have it, and only with
/// arguments for which it does the same.
fn delivery(script: &Script, input: &Input, place: &Place, arguments: &[String]) -> Result<(Way, Option<Replacement>)> {
    let native = |engine: &Engine| script.replaced_for(engine, arguments);
    match (input.delivery, &place.engine) {
        (Delivery::Auto, Some(engine)) => {
            Ok(native(engine).map_or((Way::Evalsha, None), |native| (Way::Native, Some(native))))
        }
        (Delivery::Auto | Delivery::Evalsha, _) => Ok((Way::Evalsha, None)),
        (Delivery::Function, Some(engine)) if !engine.at_least((7, 0), (0, 0)) => {
            bail!("functions came with Redis 7.0, and this is {engine}; take delivery evalsha")
        }
        (Delivery::Function, _) => Ok((Way::Function, None)),
        (Delivery::Native, Some(engine)) => match (native(engine), script.replaced_on(engine).as_slice()) {
            (Some(native), _) => Ok((Way::Native, Some(native))),
            (None, []) => bail!(
                "{engine} has no command that does what {} does{}; take delivery evalsha",
                script.id,
                elsewhere(script)
            ),
            (None, others) => {
                let conditions: Vec<String> = others.iter().map(Replacement::condition).collect();
                bail!(
                    "with these arguments no command of {engine} does what {} does, but only where {}; take delivery evalsha",
                    script.id,
                    conditions.join(", or where ")
                )
            }
        },
        (Delivery::Native, None) => bail!(
            "whether a command takes the place of {} depends on the engine{}: name it (engine: \"valkey 9.1\") or ask the \
             target (probe: true)",
            script.id,
            elsewhere(script)
        ),
    }
}

fn elsewhere(script: &Script) -> String {
    let others = script.commands_instead();
    if others.is_empty() { " (none is known of any engine)".into() } else { format!(" ({})", others.join(", ")) }
}

/// What there is in its place: on this engine in any version, or on all where none is known.
fn others(script: &Script, engine: Option<&Engine>) -> Vec<Replacement> {
    let of_it = |other: &Replacement| engine.is_none_or(|engine| engine.kind == other.engine);
    script.replaced_by().into_iter().filter(of_it).collect()
}

/// `SET on Redis 8.4: SET value wanted IFEQ expected PX ttl, where ttl > 0`
fn instead(other: &Replacement) -> String {
    let only = if other.only.is_empty() { String::new() } else { format!(", where {}", other.condition()) };
    let differs = if other.differs == "-" { String::new() } else { format!("; {}", other.differs) };
    format!("{other}: {}{only}{differs}", other.command)
}

/// What comes back: of the script, or of the command in its place.
fn reply(script: &Script, native: Option<&Replacement>) -> Vec<PartRow> {
    let Some(native) = native else {
        let row = |part: &Part| PartRow { name: part.name, unit: part.unit, about: unlinked(part.about) };
        return script.reply().iter().map(row).collect();
    };
    let row = |name, about| PartRow { name, unit: "answer", about };
    let differs = if native.differs == "-" { String::new() } else { format!("; {}", native.differs) };
    vec![row("done", native.done.to_string()), row("not done", format!("anything else{differs}"))]
}

fn notes(script: &Script) -> Vec<(&'static str, String)> {
    let headings = ["Cost", "Retry", "Failover", "Clock", "Bound"];
    headings
        .into_iter()
        .map(|heading| (heading, script.page.sentence(heading)))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

fn acl(script: &Script, delivery: Way, native: Option<&Replacement>) -> String {
    match (delivery, native) {
        (Way::Native, Some(native)) => {
            format!("+{}", native.name().to_lowercase())
        }
        (Way::Function, _) => format!("+fcall {}", script.acl().join(" ")),
        _ => format!("+evalsha +eval +script|load {}", script.acl().join(" ")),
    }
}

pub fn static_check(source: &[u8], about: &lint::Call) -> StaticCheck {
    match lint::check(source, about) {
        Ok(verdict) => StaticCheck { clear: verdict.clear, findings: verdict.findings },
        // The tests read every script of the library.
        Err(_) => StaticCheck { clear: 0, findings: Vec::new() },
    }
}

async fn proof(script: &'static Script, input: &Input, native: Option<&Replacement>) -> Proof {
    if !input.prove {
        return Proof::NotProven(NOT_ASKED);
    }
    match find_servers() {
        programs if programs.is_empty() => Proof::NotProven(NO_SERVER),
        programs => {
            let mut runs = prove(script, &programs).await;
            // Nobody should take the runs of the script for those of the command.
            if let Some(native) = native.filter(|_| !runs.iter().any(|run| run.way == BY_COMMAND)) {
                let why = format!("no server here has it: it is {}", native.command);
                runs.push(Run { server: native.server(), way: BY_COMMAND, went: Went::NotRun { why } });
            }
            Proof::Runs(runs)
        }
    }
}
