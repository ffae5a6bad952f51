//! Values that a compressor would make much smaller.

use crate::census::KeyWitness;
use crate::facts::{Bytes, Count, Share};
use crate::footprint::Shape;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "values-compress-well", page: page!("rules/keys/values-compress-well.md"), check: Check::Keys(check) };

/// Compressed values must be worth a dependency of every reader (judgement).
const SHARE: f64 = 0.30;
const FLOOR: Bytes = Bytes::mib(10);
/// Fewer samples say nothing of a family.
const FEWEST: u64 = 20;

fn check(keys: &KeyWitness) -> Checked {
    let sampled: u64 = keys.account.all.tally.values.as_ref().map_or(0, |values| values.sampled);
    keys.note("GETRANGE", "values sampled", Count(sampled));
    let (mut savings, mut shares) = (Vec::new(), Vec::new());
    for (family, specimens) in keys.families() {
        let Some(values) = family.tally.values.as_deref().filter(|values| values.sampled >= FEWEST) else { continue };
        let kept = values.zstd as f64 / values.bytes.max(1) as f64;
        if kept > 1.0 - SHARE {
            continue;
        }
        let present = keys.present()?;
        let then = family.project(&specimens, |one| {
            present.otherwise(one, |key| {
                if let Shape::String { len } = &mut key.shape {
                    *len = (*len as f64 * kept).ceil() as u64;
                }
            })
        });
        let saving = Saving::new(&family.pattern, family.tally.bytes() - then);
        if saving.bytes > FLOOR {
            let lz4 = Share(1.0 - values.lz4 as f64 / values.bytes.max(1) as f64);
            let says = format!("zstd makes values {} smaller, lz4 {lz4}, one by one", Share(1.0 - kept));
            keys.note("GETRANGE", &family.pattern.to_string(), says);
            shares.push(1.0 - kept);
            savings.push(saving);
        }
    }
    let Some(least) = shares.into_iter().reduce(f64::min) else { return Ok(None) };
    let says = format!(
        "values of {} compress by {} or more (zstd, one by one): {} would be saved",
        Saving::families(&savings),
        Share(least),
        Saving::sum(&savings)
    );
    let step = "in the application: compress before SET and mark it in the value, so that old ones can still be read";
    Ok(Some(Alarm::new(Severity::Notice, says).saves(savings).fix(Risk::Review, step)))
}
