//! Whether words turn what follows them into its contrary.

const DENIALS: [&str; 7] = ["no", "none", "nothing", "not", "never", "neither", "without"];

/// Whether the clause that these words end with says that what follows does not hold: "no job" before "may be lost".
pub fn denied(before: &str) -> bool {
    let clause = before.rsplit([',', '.', ';', ':']).next().unwrap_or_default();
    clause.split_whitespace().any(|word| DENIALS.contains(&word))
}
