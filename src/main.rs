//! The program: sets up its log and its runtime, and hands over to the terminal door.

use std::io;
use std::process::ExitCode;

fn main() -> io::Result<ExitCode> {
    // Standard output belongs to reports and to MCP, so logs go to standard error.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(godmode_redis::cli::run());
    // A name server that does not answer must not hold up the end: its thread is left behind.
    runtime.shutdown_background();
    Ok(code)
}
