//! `cargo xtask deps`: the rules about dependencies, ours and other people's.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::edges;
use crate::run::run;

/// A cargo subcommand that is installed below the target folder when it is not there yet.
struct Tool {
    name: &'static str,
    version: &'static str,
}

const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };

/// Compares our crates' edges with the table, then asks `cargo-deny` and `cargo-machete`.
///
/// # Errors
///
/// What the first failing check says.
pub(crate) fn deps(context: &Context) -> Result<ExitCode> {
    println!("{} edges between our crates, all allowed", edges::check(context)?);
    crates(context)?;
    Ok(ExitCode::SUCCESS)
}

/// Bans, licenses and sources of outer crates, and dependencies that nobody uses.
///
/// # Errors
///
/// Names the tool that complained.
pub(crate) fn crates(context: &Context) -> Result<()> {
    let programs = install(context, &[DENY, MACHETE])?;
    let arguments: [&[&str]; 2] = [
        // The advisories need a database from the network: see deny.toml.
        &["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"],
        &["--skip-target-dir"],
    ];
    for (program, arguments) in programs.iter().zip(arguments) {
        run(&context.interrupt, context.command(program).args(arguments))
            .with_context(|| format!("{} complains", program.file_name().unwrap_or_default().display()))?;
    }
    Ok(())
}

/// Installs the tools that are missing and returns where all of them are.
fn install(context: &Context, tools: &[Tool]) -> Result<Vec<PathBuf>> {
    let home = context.target()?.join("xtask");
    // One folder to build all of them in: they share some crates.
    let scratch = home.join("build");
    let programs = tools.iter().map(|tool| install_one(context, tool, &home, &scratch)).collect();
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    }
    programs
}

fn install_one(context: &Context, tool: &Tool, home: &Path, scratch: &Path) -> Result<PathBuf> {
    let root = home.join(format!("{}-{}", tool.name, tool.version));
    let program = root.join("bin").join(tool.name);
    if program.is_file() {
        return Ok(program);
    }
    println!("installing {} {} (once)", tool.name, tool.version);
    let started = Instant::now();
    let mut cargo = context.cargo();
    // Unoptimised, they build in a third of the time and still run in a second.
    cargo
        .args(["install", "--locked", "--quiet", "--debug", "--no-track", "--root"])
        .arg(&root)
        .arg("--target-dir")
        .arg(scratch)
        .args(["--version", tool.version, tool.name])
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    run(&context.interrupt, &mut cargo).with_context(|| format!("cannot install {}", tool.name))?;
    println!("installed after {:.0} s", started.elapsed().as_secs_f64());
    Ok(program)
}
