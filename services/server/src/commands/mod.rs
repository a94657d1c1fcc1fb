//! The commands, one file each.

mod api_key;
mod customer;
mod customer_import;
mod demo;
mod doctor;
mod healthcheck;
mod keys;
mod license;
mod migrate;
mod openapi;
mod policy;
mod product;
mod serve;
mod tenant;
mod tenant_archive;
mod tenant_rate_limits;
mod tour;
mod verify;

use std::future::Future;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::fault::{Fault, Result};
use crate::telemetry;

const EXIT_CODES: &str = "\
Exit codes: 0 done · 1 failed · 2 wrong command line or configuration · 3 refused (verify: the lease may not be used; \
imports: lines were refused) · 4 no such thing · 5 collides with what exists.

Settings come from flags, then environment variables, then the TOML file of --config. docs/cli.md has them all.";

/// Licensing for desktop apps: activate a license on a machine, get a signed lease, verify it offline.
///
/// `leasehold tour` shows the whole story in a few seconds; `leasehold demo` is a server to play with.
#[derive(Parser, Debug)]
#[command(name = "leasehold", version, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Tour(tour::Tour),
    #[command(subcommand)]
    Tenant(tenant::Tenants),
    #[command(subcommand)]
    Product(product::Products),
    #[command(subcommand)]
    Policy(policy::Policies),
    #[command(subcommand)]
    Customer(customer::Customers),
    #[command(subcommand)]
    License(license::Licenses),
    #[command(subcommand)]
    ApiKey(api_key::ApiKeys),
    #[command(subcommand)]
    Keys(keys::Keys),
    Verify(verify::Verify),
    Migrate(migrate::Migrate),
    Doctor(doctor::Doctor),
    Healthcheck(healthcheck::Healthcheck),
    Openapi(openapi::Openapi),
}

/// Runs a command.
///
/// # Errors
/// What the command fails with.
pub(crate) fn run(line: CommandLine) -> Result<()> {
    match line.command {
        Command::Serve(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Tour(command) => command.run(),
        Command::Tenant(command) => command.run(),
        Command::Product(command) => command.run(),
        Command::Policy(command) => command.run(),
        Command::Customer(command) => command.run(),
        Command::License(command) => command.run(),
        Command::ApiKey(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::Healthcheck(command) => command.run(),
        Command::Openapi(command) => command.run(),
    }
}

/// Runs a short command on this thread.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Fault::failed(format_args!("cannot start: {error}")))?.block_on(work)
}

/// Runs a server on as many threads as the machine has processors, at most eight: the database is the limit.
fn block_on_threads<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().min(8));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    runtime.map_err(|error| Fault::failed(format_args!("cannot start: {error}")))?.block_on(work)
}

/// Reads the configuration of a command that works on the database, and begins to log.
fn configure(flags: &crate::config::DatabaseFlags) -> Result<Config> {
    let config = Config::of_command(flags)?;
    telemetry::start(&config.logging)?;
    Ok(config)
}
