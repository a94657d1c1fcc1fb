//! `cargo xtask <command>`: the developer commands of this workspace.

mod bench;
mod clients;
mod context;
mod contract;
mod deployment;
mod deps;
mod edges;
mod interrupt;
mod openapi;
mod regenerate;
mod report;
mod run;
mod services;
mod test;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::context::Context;

/// Developer commands of Leasehold.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything that must hold: format, lints, docs, tests on both databases, derived files, dependencies.
    ///
    /// Starts throw-away PostgreSQL and Redis and stops them again. As root on Debian it installs them when
    /// they are missing; elsewhere it says what to install.
    Test(test::Options),
    /// Start throw-away PostgreSQL and Redis for `cargo test -p …`, until Ctrl-C.
    ///
    /// Prints the `export` lines that tests need. In another shell: `. FILE && cargo test -p leasehold-store`.
    Services {
        /// Also write the `export` lines to FILE (readable by you only, removed at the end).
        #[arg(long, value_name = "FILE")]
        env_file: Option<PathBuf>,
    },
    /// Write everything derived again: lease vectors and OpenAPI documents.
    Regenerate {
        /// Change nothing; fail when a file differs from what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Check which crate uses which, bans, licenses and sources of outer crates, and unused dependencies.
    Deps,
    /// Lint the published OpenAPI documents: our own rules, Spectral, Redocly, and a validator.
    ///
    /// Needs Node.js with npm and Python 3 with venv. The linters are installed into the target folder, once.
    LintOpenapi,
    /// Check the files for containers and operators: shellcheck, docker-compose.yml, versions.
    Deployment,
    /// Make clients in Python, TypeScript and Rust from the documents, check them, and run one journey with each.
    ///
    /// Needs what lint-openapi needs. Everything is installed and generated in the target folder.
    Clients(clients::Options),
    /// Send a server all kinds of requests, and compare its answers with its OpenAPI documents.
    ///
    /// Schemathesis makes the requests, with the credentials of one tenant; nothing of another tenant may be seen.
    FuzzApi(contract::Options),
    /// Run the benchmarks and compare their figures with the limits.
    ///
    /// A benchmark prints `ratio <name> <value> limit <limit>` or `figure <name> <value> <unit> limit <limit>`, or either
    /// with `least` in the place of `limit`.
    Bench {
        /// Pass `--quick` to the benchmarks: fewer samples, rougher figures.
        #[arg(long)]
        quick: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let context = match Context::new() {
        Ok(context) => context,
        Err(error) => return fail(&error, None),
    };
    match run(&context, arguments.command) {
        Ok(code) => code,
        Err(error) => fail(&error, context.interrupt.exit_code()),
    }
}

fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Test(options) => test::test(context, &options),
        Command::Regenerate { check } => regenerate::regenerate(context, check),
        Command::Deps => deps::deps(context),
        Command::Deployment => {
            println!("{}", deployment::check(context)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Clients(options) => clients::clients(context, &options),
        Command::LintOpenapi => openapi::lint_openapi(context),
        Command::FuzzApi(options) => contract::fuzz(context, &options),
        Command::Bench { quick } => bench::bench(context, quick),
        Command::Services { env_file } => services::hold(context, env_file.as_deref()),
    }
}

fn fail(error: &anyhow::Error, signal_code: Option<u8>) -> ExitCode {
    // Not the debug form: a backtrace would bury the sentence.
    eprintln!("error: {error:#}");
    signal_code.map_or(ExitCode::FAILURE, ExitCode::from)
}
