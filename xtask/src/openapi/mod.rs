//! `cargo xtask lint-openapi`: the published documents are valid, and good clients can be made from them.

mod document;
mod rules;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};

use self::document::Document;
use crate::context::Context;
use crate::run::{Lines, run, run_reading};
use crate::tools::{Node, Python};

/// Pins and rule sets of the linters.
const LINT: &str = "openapi/lint";

/// A document that no linter may let through: its only operation answers nothing, and its path has no parameter.
const BAD: &str = r#"{
  "openapi": "3.0.3",
  "info": {"title": "bad", "version": "1"},
  "paths": {"/things/{thing}": {"get": {"operationId": "get things"}}}
}
"#;

/// Lints all documents and prints what is wrong with them.
///
/// # Errors
///
/// When a linter cannot be installed or run, or finds something.
pub(crate) fn lint_openapi(context: &Context) -> Result<ExitCode> {
    println!("{}", lint(context)?);
    Ok(ExitCode::SUCCESS)
}

/// Lints all documents; returns a remark on what was done.
///
/// # Errors
///
/// As [`lint_openapi`].
pub(crate) fn lint(context: &Context) -> Result<String> {
    let paths = published(&context.root)?;
    let mut failed = Vec::new();
    if let Err(error) = own_rules(context, &paths) {
        failed.push(format!("our own rules: {error:#}"));
    }
    let bad = context.target()?.join("tools").join("bad.json");
    for linter in linters(context)? {
        println!("{}: {} documents", linter.name, paths.len());
        let mut command = linter.command(context, &paths);
        if let Err(error) = run(&context.interrupt, &mut command) {
            context.interrupt.check()?;
            failed.push(format!("{}: {error:#}", linter.name));
        }
        // A linter that is set up wrongly finds nothing anywhere.
        fs::write(&bad, BAD).context("cannot write in the target folder")?;
        let mut command = linter.command(context, std::slice::from_ref(&bad));
        let (_, ended) =
            run_reading(&context.interrupt, command.stderr(std::process::Stdio::null()), Lines::Keep)?;
        context.interrupt.check()?;
        if ended.is_ok() {
            failed.push(format!("{}: lets a bad document through", linter.name));
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(format!("{} documents, {} rules of ours, 3 linters", paths.len(), rules::RULES.len()))
}

/// The published documents, by name.
fn published(root: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root.join("openapi")).context("cannot list openapi/")?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    let mut documents: Vec<PathBuf> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    documents.sort();
    ensure!(!documents.is_empty(), "openapi/ has no document");
    Ok(documents)
}

fn own_rules(context: &Context, paths: &[PathBuf]) -> Result<()> {
    let documents = paths.iter().map(|path| Document::read(path)).collect::<Result<Vec<Document>>>()?;
    let open = fs::read_to_string(context.root.join(LINT).join("open-operations.txt"))
        .context("cannot read the list of open operations")?;
    let mut findings = rules::open_operations(&documents, &open);
    findings.extend(documents.iter().flat_map(rules::check));
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(findings.is_empty(), "{} findings", findings.len());
    Ok(())
}

/// A linter of others.
struct Linter {
    name: &'static str,
    start: Box<dyn Fn(&Context) -> Command>,
}

impl Linter {
    fn command(&self, context: &Context, documents: &[PathBuf]) -> Command {
        let mut command = (self.start)(context);
        command.args(documents);
        command
    }
}

fn linters(context: &Context) -> Result<[Linter; 3]> {
    let pins = context.root.join(LINT);
    let node = Node::install(context, "openapi-lint-node", &pins)?;
    let python = Python::install(context, "openapi-lint-python", &pins.join("requirements.txt"))?;
    let (spectral, redocly) = (node.program(context, "spectral"), node.program(context, "redocly"));
    let (spectral, redocly) = (spectral.get_program().to_owned(), redocly.get_program().to_owned());
    let (spectral_rules, redocly_rules) = (pins.join("spectral.yaml"), pins.join("redocly.yaml"));
    Ok([
        Linter {
            name: "Spectral",
            start: Box::new(move |context| {
                let mut command = context.command(&spectral);
                command.args(["lint", "--quiet", "--fail-severity=warn", "--ruleset"]).arg(&spectral_rules);
                command
            }),
        },
        Linter {
            name: "Redocly",
            start: Box::new(move |context| {
                let mut command = context.command(&redocly);
                command.args(["lint", "--format=stylish", "--config"]).arg(&redocly_rules);
                // It would tell its makers, and ask for its newest version.
                command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
                command
            }),
        },
        Linter {
            name: "openapi-spec-validator",
            start: Box::new(move |context| {
                let mut command = python.python(context);
                command.args(["-m", "openapi_spec_validator"]);
                command
            }),
        },
    ])
}
