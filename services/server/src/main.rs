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
