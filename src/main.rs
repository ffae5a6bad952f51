//! The program: sets up its log and its runtime, and hands over to the terminal door.

use std::io;
use std::process::ExitCode;

use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> io::Result<ExitCode> {
    log();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(godmode_redis::cli::run());
    // A name server that does not answer must not hold up the end: its thread is left behind.
    runtime.shutdown_background();
    Ok(code)
}

/// Standard output belongs to reports and to MCP, so logs go to standard error.
fn log() {
    let wished = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    // Below its errors the MCP library logs what a client said, and an agent may have said a password. A directive of the
    // filter above would not do: RUST_LOG overrides it.
    let no_requests = FilterFn::new(|of| !of.target().starts_with("rmcp") || *of.level() == Level::ERROR);
    let printed = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    tracing_subscriber::registry().with(wished).with(no_requests).with(printed).init();
}
