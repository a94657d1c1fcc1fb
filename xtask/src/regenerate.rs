//! `cargo xtask regenerate`: everything in the repository that is made from something else in it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::context::Context;
use crate::run::{Lines, run, run_reading};

/// A program of the workspace that writes derived files, or with `--check` only compares them.
struct Generator {
    /// What it makes.
    makes: &'static str,
    /// Which of cargo's targets it is.
    target: &'static [&'static str],
    /// The name of that target.
    name: &'static str,
    /// Its own arguments.
    arguments: &'static [&'static str],
}

const GENERATORS: &[Generator] = &[
    Generator { makes: "lease vectors", target: &["--example", "vectors"], name: "vectors", arguments: &[] },
    Generator {
        makes: "OpenAPI documents",
        // With an example, cargo chooses the features that tests have, and nothing is compiled twice.
        target: &["--bin", "leasehold", "--example", "vectors"],
        name: "leasehold",
        arguments: &["openapi", "--out", "openapi"],
    },
];

/// Runs every generator.
///
/// # Errors
///
/// Names the generators that failed, or with `check` found a difference.
pub(crate) fn regenerate(context: &Context, check: bool) -> Result<ExitCode> {
    let mut failed = Vec::new();
    for generator in GENERATORS {
        println!("{}: {}", if check { "compare" } else { "generate" }, generator.makes);
        if let Err(error) = generate(context, generator, check) {
            context.interrupt.check()?;
            failed.push(format!("{}: {error:#}", generator.makes));
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the server as the tests are built, and returns where it is.
///
/// # Errors
///
/// When it does not build.
pub(crate) fn leasehold(context: &Context) -> Result<PathBuf> {
    let generator = GENERATORS.iter().find(|generator| generator.name == "leasehold");
    build(context, generator.context("leasehold is no generator")?)
}

fn generate(context: &Context, generator: &Generator, check: bool) -> Result<()> {
    let program = build(context, generator)?;
    let mut command = context.command(&program);
    command.args(generator.arguments).args(check.then_some("--check"));
    run(&context.interrupt, &mut command).context(if check {
        "not as committed; run `cargo xtask regenerate` and commit the result"
    } else {
        "could not be generated"
    })
}

/// Builds a generator as the tests are built, and returns where it is.
fn build(context: &Context, generator: &Generator) -> Result<PathBuf> {
    let mut command = context.cargo();
    command
        .args(["build", "--workspace", "--all-features", "--message-format=json-render-diagnostics"])
        .args(generator.target);
    let (lines, ended) = run_reading(&context.interrupt, &mut command, Lines::Keep)?;
    ended.context("its generator does not build")?;
    let program = lines.iter().find_map(|line| executable(line, generator.name));
    program.with_context(|| format!("cargo did not say where it put `{}`", generator.name))
}

/// The program that a line of cargo's JSON messages tells of, if it is the one called `name`.
fn executable(line: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = message.get("target")?.get("name")?.as_str()?;
    let program = message.get("executable")?.as_str()?;
    (target == name).then(|| program.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"vectors"},"executable":"/t/vectors"}"#;
        assert_eq!(executable(line, "vectors"), Some("/t/vectors".into()));
        assert_eq!(executable(line, "leasehold"), None);
        let library = r#"{"reason":"compiler-artifact","target":{"name":"vectors"},"executable":null}"#;
        assert_eq!(executable(library, "vectors"), None);
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#, "vectors"), None);
        assert_eq!(executable("not JSON", "vectors"), None);
    }
}
