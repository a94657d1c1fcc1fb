//! `cargo xtask clients`: clients are made from the documents, checked by their compilers, and go one and the same way
//! with a real server.

mod derive;
mod python;
mod rust;
mod typescript;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::context::Context;
use crate::contract::server::Server;
use crate::regenerate;
use crate::report::duration;
use crate::run::{Lines, run_reading};

/// The documents that clients are made from.
const DOCUMENTS: &[&str] = &["client", "management"];
/// Settings and journeys; one folder for each language.
const SOURCES: &str = "openapi/clients";
/// What every journey prints.
const JOURNEY: &str = "openapi/clients/journey.txt";

/// Which clients to make.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only in this language: python, typescript or rust.
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Only write the documents for generators that know less into this folder: with one media type, one success and one
    /// error for each operation, and without patterns.
    #[arg(long, value_name = "FOLDER", conflicts_with = "language")]
    documents: Option<PathBuf>,
}

/// A language that clients are made in.
struct Language {
    name: &'static str,
    /// Makes the clients and checks them, and gives the command that runs the journey.
    make: fn(&Work<'_>) -> Result<Command>,
}

const LANGUAGES: &[Language] = &[
    Language { name: "python", make: python::make },
    Language { name: "typescript", make: typescript::make },
    Language { name: "rust", make: rust::make },
];

/// What a language is given to work with.
struct Work<'a> {
    context: &'a Context,
    /// Its folder below [`SOURCES`].
    sources: PathBuf,
    /// A folder of its own in the target folder.
    folder: PathBuf,
}

impl Work<'_> {
    /// Where a document is.
    fn document(&self, name: &str) -> PathBuf {
        document(self.context, name)
    }

    /// Copies one of its sources next to what is generated.
    fn copy(&self, name: &str) -> Result<()> {
        fs::copy(self.sources.join(name), self.folder.join(name))
            .with_context(|| format!("cannot copy {name}"))?;
        Ok(())
    }
}

/// Makes the clients and lets them travel, and prints how that went.
///
/// # Errors
///
/// As [`travel`].
pub(crate) fn clients(context: &Context, options: &Options) -> Result<ExitCode> {
    if let Some(folder) = &options.documents {
        write_derived(context, folder)?;
        return Ok(ExitCode::SUCCESS);
    }
    println!("cargo xtask clients: OK, {}", travel(context, options.language.as_deref())?);
    Ok(ExitCode::SUCCESS)
}

/// Makes the clients in one language or in all, and runs the journey with each; returns a remark on what was done.
///
/// # Errors
///
/// When a client cannot be made, does not compile, or sees something else than the others.
pub(crate) fn travel(context: &Context, wanted: Option<&str>) -> Result<String> {
    let languages: Vec<&Language> =
        LANGUAGES.iter().filter(|language| wanted.is_none_or(|wanted| wanted == language.name)).collect();
    ensure!(!languages.is_empty(), "there is no such language");
    let expected = fs::read_to_string(context.root.join(JOURNEY)).context("cannot read the journey")?;
    let expected: Vec<&str> = expected.lines().filter(|line| !line.starts_with('#')).collect();

    let mut journeys = Vec::new();
    for language in languages {
        let started = Instant::now();
        let journey = make(context, language).with_context(|| format!("the clients in {}", language.name))?;
        println!("{}: made and checked in {}", language.name, duration(started.elapsed()));
        journeys.push((language.name, journey));
    }

    let program = regenerate::leasehold(context)?;
    let place =
        tempfile::Builder::new().prefix("leasehold-clients-").tempdir().context("no temporary folder")?;
    let mut server = Server::start(context, &program, place.path(), None)?;
    let mut failed = Vec::new();
    for (name, mut journey) in journeys {
        let (base, api_key) = vendor(&server, name)?;
        journey.env("LEASEHOLD_BASE", base).env("LEASEHOLD_API_KEY", api_key);
        let (lines, ended) = run_reading(&context.interrupt, &mut journey, Lines::Keep)?;
        context.interrupt.check()?;
        server.check()?;
        if let Err(error) = ended.and_then(|()| same(&lines, &expected)) {
            failed.push(format!("{name}: {error:#}"));
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    let count =
        LANGUAGES.iter().filter(|language| wanted.is_none_or(|wanted| wanted == language.name)).count();
    Ok(format!("{count} languages, one journey of {} steps", expected.len()))
}

fn make(context: &Context, language: &Language) -> Result<Command> {
    let folder = context.target()?.join("clients").join(language.name);
    let work = Work { context, sources: context.root.join(SOURCES).join(language.name), folder };
    (language.make)(&work)
}

/// Writes the derived documents into `folder`.
fn write_derived(context: &Context, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for name in DOCUMENTS {
        let text =
            fs::read_to_string(document(context, name)).with_context(|| format!("cannot read {name}"))?;
        let mut document: Value =
            serde_json::from_str(&text).with_context(|| format!("{name} is not JSON"))?;
        derive::derive(&mut document);
        let (path, text) = (folder.join(name).with_extension("json"), format!("{document:#}\n"));
        // Only when it changes, so that cargo has nothing to do when it does not.
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

/// Where a document is.
fn document(context: &Context, name: &str) -> PathBuf {
    context.root.join("openapi").join(name).with_extension("json")
}

/// Makes a vendor with an API key; gives the base URL and the key.
fn vendor(server: &Server, slug: &str) -> Result<(String, String)> {
    let base = format!("{}/t/{slug}", server.origin());
    server.operate(&["tenant", "create", slug, "--issuer", &base])?;
    let made = server.operate(&["api-key", "create", "journey", "--scope", "admin", "--tenant", slug])?;
    let key = made.get("key").and_then(Value::as_str).context("no API key was printed")?;
    Ok((base, key.to_owned()))
}

/// Fails at the first line that is not the expected one.
fn same(lines: &[String], expected: &[&str]) -> Result<()> {
    for (number, line) in expected.iter().enumerate() {
        let got = lines.get(number).map_or("nothing", String::as_str);
        ensure!(got == *line, "step {}: expected `{line}`, and it printed `{got}`", number + 1);
    }
    ensure!(lines.len() == expected.len(), "it printed more than was expected");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journeys_are_compared_line_by_line() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert!(same(&lines("a\nb"), &["a", "b"]).is_ok());
        assert_eq!(
            same(&lines("a\nc"), &["a", "b"]).unwrap_err().to_string(),
            "step 2: expected `b`, and it printed `c`"
        );
        assert!(same(&lines("a"), &["a", "b"]).is_err());
        assert!(same(&lines("a\nb\nc"), &["a", "b"]).is_err());
    }
}
