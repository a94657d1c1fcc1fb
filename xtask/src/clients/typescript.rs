//! TypeScript: types by openapi-typescript, requests by openapi-fetch, checked strictly by the compiler.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{DOCUMENTS, Work};
use crate::run::run;
use crate::tools::{Node, empty};

pub(super) fn make(work: &Work<'_>) -> Result<Command> {
    let interrupt = &work.context.interrupt;
    let node = Node::install(work.context, "clients-typescript", &work.sources)?;
    empty(&work.folder)?;
    for document in DOCUMENTS {
        let mut generate = node.program(work.context, "openapi-typescript");
        generate
            .arg(work.document(document))
            .arg("--output")
            .arg(work.folder.join(document).with_extension("d.ts"));
        run(interrupt, &mut generate)
            .with_context(|| format!("openapi-typescript cannot read {document}"))?;
    }
    for file in ["journey.ts", "package.json", "tsconfig.json"] {
        work.copy(file)?;
    }
    // Node looks for packages next to what imports them.
    std::os::unix::fs::symlink(node.modules(), work.folder.join("node_modules"))
        .context("cannot link the packages")?;
    let mut check = node.program(work.context, "tsc");
    check.args(["--project", "."]).current_dir(&work.folder);
    run(interrupt, &mut check).context("the compiler refuses it")?;
    let mut journey = work.context.command("node");
    journey.arg("built/journey.js").current_dir(&work.folder);
    Ok(journey)
}
