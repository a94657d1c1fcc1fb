//! `cargo xtask test`: everything that must hold before a change goes in, with its own set-up.

use std::io::Write as _;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::context::Context;
use crate::report::{Row, count, duration, passed, summary};
use crate::run::{Lines, run as run_command, run_reading};
use crate::services::Services;
use crate::{clients, contract, deployment, deps, edges, openapi, regenerate};

/// The script that asks other languages' libraries to accept our leases.
const INTEROP: &str = "libs/lease/interop/run.sh";

/// The fuzz targets, in a workspace of their own.
const FUZZ: &str = "libs/lease/fuzz/Cargo.toml";
const FUZZ_TARGETS: &[&str] = &["key_set", "license_key", "verify_lease"];

/// How to test.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only formatting, lints and tests.
    #[arg(long)]
    quick: bool,
    /// Go on after a failed step.
    #[arg(long)]
    keep_going: bool,
    /// Arguments for `cargo test`, for example `-- -p leasehold-store claim`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo_test: Vec<String>,
}

type Step = fn(&mut Run<'_>) -> Result<String>;

/// The steps in order; the quick ones are marked.
const STEPS: &[(&str, bool, Step)] = &[
    ("services", true, start_services),
    ("format", true, format),
    ("edges", false, check_edges),
    ("deployment", false, check_deployment),
    ("lint", true, lint),
    ("docs", false, docs),
    ("build tests", false, build_tests),
    ("tests", true, tests),
    ("regenerate", false, compare_derived),
    ("openapi", false, lint_documents),
    ("contract", false, compare_answers),
    ("clients", false, travel),
    ("interop", false, interop),
    ("fuzz", false, fuzz),
    ("outer crates", false, outer_crates),
];

struct Run<'a> {
    context: &'a Context,
    options: &'a Options,
    services: Option<Services>,
}

/// Runs the steps one after the other and prints how they ended.
///
/// # Errors
///
/// None of a step: those end in the summary and in the exit code.
pub(crate) fn test(context: &Context, options: &Options) -> Result<ExitCode> {
    let started = Instant::now();
    let mut run = Run { context, options, services: None };
    let mut rows: Vec<Row> = STEPS
        .iter()
        .filter(|(_, quick, _)| *quick || !options.quick)
        .map(|(name, _, _)| Row { name, ended: None, time: Duration::ZERO })
        .collect();
    for row in &mut rows {
        run_step(&mut run, row);
        let failed = matches!(row.ended, Some(Err(_)));
        if context.interrupt.signal().is_some() || (failed && !options.keep_going) {
            break;
        }
    }
    let passed = passed(&rows);
    let signal = context.interrupt.exit_code();
    // The services are gone before the last line, which so stays the last one.
    drop(run);
    println!("{}", summary(&rows, started.elapsed()));
    Ok(match signal {
        Some(code) => ExitCode::from(code),
        None if passed => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

fn run_step(run: &mut Run<'_>, row: &mut Row) {
    let Some((_, _, step)) = STEPS.iter().find(|(name, _, _)| *name == row.name) else {
        return;
    };
    println!("\n{:=<100}", format!("==== {} ", row.name));
    // Cargo writes to the other stream, which is not buffered.
    let _flushed = std::io::stdout().flush();
    let started = Instant::now();
    let mut ended = step(run);
    if let Some(services) = &mut run.services {
        // A dead server explains more than the tests that missed it.
        if let Err(dead) = services.check() {
            ended = Err(match ended {
                Ok(_) => dead,
                Err(error) => anyhow!("{error:#}; {dead:#}"),
            });
        }
    }
    row.time = started.elapsed();
    match &ended {
        Ok(remark) => println!("---- {}: ok, {}  {remark}", row.name, duration(row.time)),
        Err(error) => println!("---- {}: FAILED, {}\n{error:#}", row.name, duration(row.time)),
    }
    row.ended = Some(ended);
}

impl Run<'_> {
    fn cargo(&self, arguments: &[&str]) -> Result<String> {
        run_command(&self.context.interrupt, self.context.cargo().args(arguments)).map(|()| String::new())
    }

    fn cargo_test(&self) -> Command {
        let mut command = self.context.cargo();
        command.args(["test", "--all-features"]);
        let chosen = |word: &String| word.starts_with("-p") || word.starts_with("--package");
        if !self.options.cargo_test.iter().take_while(|word| *word != "--").any(chosen) {
            command.arg("--workspace");
        }
        command
    }
}

fn start_services(run: &mut Run<'_>) -> Result<String> {
    let services = Services::start(&run.context.interrupt)?;
    let versions = services.versions();
    run.services = Some(services);
    Ok(versions)
}

fn format(run: &mut Run<'_>) -> Result<String> {
    run.cargo(&["fmt", "--all", "--check"]).context("run `cargo fmt --all`")
}

fn check_edges(run: &mut Run<'_>) -> Result<String> {
    Ok(format!("{} edges between our crates", edges::check(run.context)?))
}

fn check_deployment(run: &mut Run<'_>) -> Result<String> {
    deployment::check(run.context)
}

fn lint(run: &mut Run<'_>) -> Result<String> {
    run.cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"])
}

fn docs(run: &mut Run<'_>) -> Result<String> {
    let mut command = run.context.cargo();
    // With examples, cargo chooses the features that lints and tests have, and checks no crate twice.
    command
        .args(["doc", "--workspace", "--no-deps", "--all-features", "--lib", "--bins", "--examples"])
        .env("RUSTDOCFLAGS", "--deny warnings");
    run_command(&run.context.interrupt, &mut command).map(|()| String::new())
}

fn build_tests(run: &mut Run<'_>) -> Result<String> {
    run_command(&run.context.interrupt, run.cargo_test().arg("--no-run")).map(|()| String::new())
}

fn tests(run: &mut Run<'_>) -> Result<String> {
    let services = run.services.as_ref().context("the services are not running")?;
    let mut command = run.cargo_test();
    command.arg("--no-fail-fast").args(&run.options.cargo_test).envs(services.environment());
    let (lines, ended) = run_reading(&run.context.interrupt, &mut command, Lines::Show)?;
    let counted = count(&lines);
    if let Err(error) = ended {
        bail!(error.context(counted.unwrap_or_else(|| "no test ran".to_owned())));
    }
    counted.context("no test ran")
}

/// Builds the fuzz targets and runs each for a moment. A real search wants `cargo fuzz`, with a nightly compiler.
fn fuzz(run: &mut Run<'_>) -> Result<String> {
    let target = run.context.target()?.join("fuzz");
    for name in FUZZ_TARGETS {
        let mut command = run.context.cargo();
        command.args(["run", "--quiet", "--manifest-path", FUZZ, "--bin", name, "--target-dir"]).arg(&target);
        command.args(["--", "-runs=500", "-seed=1", "-verbosity=0"]);
        run_command(&run.context.interrupt, &mut command).with_context(|| format!("fuzz target {name}"))?;
    }
    Ok(FUZZ_TARGETS.join(", "))
}

fn compare_derived(run: &mut Run<'_>) -> Result<String> {
    regenerate::regenerate(run.context, true).map(|_| "nothing differs".to_owned())
}

fn lint_documents(run: &mut Run<'_>) -> Result<String> {
    openapi::lint(run.context)
}

fn compare_answers(run: &mut Run<'_>) -> Result<String> {
    contract::step(run.context)
}

fn travel(run: &mut Run<'_>) -> Result<String> {
    clients::travel(run.context, None)
}

fn interop(run: &mut Run<'_>) -> Result<String> {
    let script = run.context.root.join(INTEROP);
    if !script.is_file() {
        return Ok(format!("{INTEROP} does not exist yet"));
    }
    run_command(&run.context.interrupt, run.context.command("bash").arg(script)).map(|()| String::new())
}

fn outer_crates(run: &mut Run<'_>) -> Result<String> {
    deps::crates(run.context)
        .map(|()| "bans, licenses, sources, unused; advisories need the network".to_owned())
}
