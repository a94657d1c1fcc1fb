//! Contract tests: Schemathesis asks a real server all that its published documents promise.

mod python;
mod schemathesis;
pub(crate) mod server;
mod shop;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use self::schemathesis::Run;
use self::server::Server;
use crate::context::Context;
use crate::regenerate;
use crate::run::{Lines, run_reading};
use crate::services::Services;

/// Requests of each operation and phase in `cargo xtask test`.
const EXAMPLES: u32 = 25;
/// Every run of `cargo xtask test` sends the same requests, as far as the answers are the same.
const SEED: u128 = 20_260_301;

/// How to search for requests whose answer breaks a promise of the documents.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Requests of each operation and phase.
    #[arg(long, value_name = "N", default_value_t = 500)]
    examples: u32,
    /// Only this document, for example `client`.
    #[arg(long, value_name = "NAME")]
    document: Option<String>,
    /// Send the same requests again [default: others in each run, whose seed is printed].
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u128>,
    /// On a throw-away PostgreSQL in place of an embedded database.
    #[arg(long)]
    postgres: bool,
}

/// The step of `cargo xtask test`: a bounded number of requests, the same each time.
///
/// # Errors
///
/// Names the documents for which something failed.
pub(crate) fn step(context: &Context) -> Result<String> {
    search(context, &Search { examples: EXAMPLES, document: None, seed: Some(SEED), database: None })
}

/// `cargo xtask fuzz-api`: as many requests as are wanted.
///
/// # Errors
///
/// Names the documents for which something failed.
pub(crate) fn fuzz(context: &Context, options: &Options) -> Result<ExitCode> {
    let services = options.postgres.then(|| Services::start(&context.interrupt)).transpose()?;
    let database = services.as_ref().map(|services| services.create_database("contract")).transpose()?;
    let search_for = Search {
        examples: options.examples,
        document: options.document.as_deref(),
        seed: options.seed,
        database: database.as_deref(),
    };
    println!("cargo xtask fuzz-api: OK, {}", search(context, &search_for)?);
    Ok(ExitCode::SUCCESS)
}

struct Search<'a> {
    examples: u32,
    document: Option<&'a str>,
    seed: Option<u128>,
    database: Option<&'a str>,
}

fn search(context: &Context, wanted: &Search<'_>) -> Result<String> {
    let folder = context.target()?.join("contract");
    let python = python::prepare(context, &folder)?;
    let program = regenerate::leasehold(context)?;
    let place = tempfile::Builder::new()
        .prefix("leasehold-contract-")
        .tempdir()
        .context("cannot create a temporary folder")?;
    let documents = documents(context, &program, &place.path().join("documents"), wanted.document)?;

    let mut server = Server::start(context, &program, place.path(), wanted.database)?;
    let world = shop::open(&server)?;
    world.write(place.path())?;
    for name in ["schemathesis.toml", "hooks.py", "ready.py"] {
        let source = context.root.join("openapi/contract").join(name);
        std::fs::copy(&source, place.path().join(name))
            .with_context(|| format!("cannot copy {}", source.display()))?;
    }

    let (mut sent, mut failed) = (0, Vec::new());
    for document in &documents {
        let run = Run { python: &python, place: place.path(), document, world: &world };
        match run.go(context, wanted.examples, wanted.seed) {
            Ok(count) => sent += count,
            Err(error) => {
                context.interrupt.check()?;
                failed.push(format!("{}: {error:#}", document.name));
            }
        }
        server.check()?;
    }
    let log = server.stop()?;
    if let Err(error) = world.keeps_secrets(&log) {
        failed.push(format!("{error:#}"));
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(format!("{sent} requests in {} documents", documents.len()))
}

/// A published document.
struct Document {
    /// Its file without `.json`.
    name: String,
    file: PathBuf,
    /// The names of its security schemes.
    schemes: Vec<String>,
}

/// Writes all documents that the program publishes, and gives those that are wanted.
fn documents(
    context: &Context,
    program: &Path,
    folder: &Path,
    wanted: Option<&str>,
) -> Result<Vec<Document>> {
    std::fs::create_dir(folder).context("cannot create the folder of the documents")?;
    let mut command = context.command(program);
    let (_, ended) =
        run_reading(&context.interrupt, command.args(["openapi", "--out"]).arg(folder), Lines::Keep)?;
    ended.context("the documents could not be written")?;
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(folder).context("cannot list the documents")? {
        let file = entry.context("cannot list the documents")?.path();
        let name = file.file_stem().and_then(|name| name.to_str()).context("a document without a name")?;
        if wanted.is_none_or(|wanted| wanted == name) {
            let name = name.to_owned();
            let text = std::fs::read(&file).with_context(|| format!("cannot read {name}"))?;
            let document: Value =
                serde_json::from_slice(&text).with_context(|| format!("{name} is no JSON"))?;
            let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object);
            let schemes = schemes.into_iter().flat_map(|schemes| schemes.keys().cloned()).collect();
            documents.push(Document { name, file, schemes });
        }
    }
    // Those with credentials of their own come last: they change what the others build upon.
    documents.sort_by(|a, b| (!a.schemes.is_empty(), &a.name).cmp(&(!b.schemes.is_empty(), &b.name)));
    ensure!(!documents.is_empty(), "there is no such document");
    Ok(documents)
}
