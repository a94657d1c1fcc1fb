//! Rust: progenitor, from documents derived for it, compiled together with the journey.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{DOCUMENTS, Work, derive::derive};
use crate::run::run;

pub(super) fn make(work: &Work<'_>) -> Result<Command> {
    let documents = work.folder.join("documents");
    fs::create_dir_all(&documents).context("cannot make the folder of the documents")?;
    for name in DOCUMENTS {
        let text = fs::read_to_string(work.document(name)).with_context(|| format!("cannot read {name}"))?;
        let mut document: Value =
            serde_json::from_str(&text).with_context(|| format!("{name} is not JSON"))?;
        derive(&mut document);
        let (path, text) = (documents.join(name).with_extension("json"), format!("{document:#}\n"));
        // Only when it changes, so that cargo has nothing to do when it does not.
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(&path, text).context("cannot write a derived document")?;
        }
    }
    let target = work.folder.join("target");
    let mut build = work.context.cargo();
    build.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(work.sources.join("Cargo.toml"));
    build.arg("--target-dir").arg(&target).env("LEASEHOLD_DOCUMENTS", &documents);
    run(&work.context.interrupt, &mut build).context("does not build")?;
    Ok(work.context.command(target.join("debug/leasehold-journey")))
}
