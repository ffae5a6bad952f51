//! A server of our own, and the time that work on it may take.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::facts::foreign;
use crate::probe::find_server;

/// The program, or why nothing can be played.
pub fn program() -> Result<PathBuf, String> {
    find_server().ok_or_else(|| {
        "there is no redis-server or valkey-server on this machine; install one, or name it in GODMODE_REDIS_SERVER"
            .into()
    })
}

/// What came of the work, or why nothing did. Beside its own seconds it has those to start, to fill, and for what comes after.
pub async fn within<T>(seconds: u64, work: impl Future<Output = Result<T>>) -> Result<T, String> {
    let patience = Duration::from_secs(seconds * 2 + 30);
    match tokio::time::timeout(patience, work).await {
        Ok(done) => done.map_err(|error| foreign::bounded(&format!("{error:#}"), foreign::LONGEST)),
        Err(_) => Err(format!("it was not done within {} s", patience.as_secs())),
    }
}
