//! What serving costs: the real server in a process of its own, driven from this one, against references measured in
//! the same run. See `docs/performance.md`.
//!
//! `--quick` runs for seconds and leaves out the million licenses. Exits with 1 if a limit is not kept.

#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run fails loudly")]

mod client;
mod echo;
mod fairness;
/// The server's own loop, for the handler that it is compared with.
#[path = "../../src/http.rs"]
#[expect(dead_code, reason = "its tests run with the server's own")]
mod http;
mod load;
mod plan;
mod primitives;
mod process;
mod replay;
mod report;
mod setting;
mod trouble;
mod verbs;
mod wire;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The one of the server, so that the echo has no other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some(process::LEASHED) => process::run_leashed(arguments.get(2..).unwrap_or_default()),
        Some(echo::ECHO) => {
            echo::serve();
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    // Names of parts measure only those; cargo passes flags of its own.
    let only = arguments.iter().skip(1).map(String::as_str).filter(|argument| !argument.starts_with('-'));
    let mut report = report::Report::default();
    plan::Plan::new(quick).run(&only.collect::<Vec<_>>(), &mut report);
    report.print()
}
