//! Rust: progenitor, from documents derived for it, compiled together with the journey.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Work, write_derived};
use crate::run::run;

pub(super) fn make(work: &Work<'_>) -> Result<Command> {
    let documents = work.folder.join("documents");
    write_derived(work.context, &documents)?;
    let target = work.folder.join("target");
    let mut build = work.context.cargo();
    build.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(work.sources.join("Cargo.toml"));
    build.arg("--target-dir").arg(&target).env("LEASEHOLD_DOCUMENTS", &documents);
    run(&work.context.interrupt, &mut build).context("does not build")?;
    Ok(work.context.command(target.join("debug/leasehold-journey")))
}
