//! The `leasehold` binary: configuration, telemetry, wiring, lifecycle and operator commands, and nothing else.

mod arguments;
mod commands;
mod config;
mod data_folder;
mod demo_data;
mod fault;
mod http;
mod installation;
mod output;
mod running;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

/// A request makes a few dozen small allocations, and frees them in another thread: that of glibc took a seventh of the
/// processor time of a check.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Before anything speaks TLS. Fails only when a provider is there already, and then there is one.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let command = commands::CommandLine::parse();
    match commands::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            if let Some(message) = fault.message {
                eprintln!("error: {message}");
            }
            fault.exit.into()
        }
    }
}
