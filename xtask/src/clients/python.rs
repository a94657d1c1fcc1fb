//! Python: openapi-python-client, compiled to byte code; mypy checks the journey against the generated types.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{DOCUMENTS, Work};
use crate::run::run;
use crate::tools::{Python, empty};

pub(super) fn make(work: &Work<'_>) -> Result<Command> {
    let interrupt = &work.context.interrupt;
    let python = Python::install(work.context, "clients-python", &work.sources.join("requirements.txt"))?;
    empty(&work.folder)?;
    for document in DOCUMENTS {
        let mut generate = python.program(work.context, "openapi-python-client");
        generate
            .args(["generate", "--meta", "none", "--fail-on-warning", "--path"])
            .arg(work.document(document));
        generate.arg("--output-path").arg(work.folder.join(format!("leasehold_{document}")));
        generate.arg("--config").arg(work.sources.join("config.yaml"));
        run(interrupt, &mut generate)
            .with_context(|| format!("openapi-python-client cannot read {document}"))?;
    }
    for file in ["journey.py", "mypy.ini"] {
        work.copy(file)?;
    }
    let mut compile = python.python(work.context);
    compile.args(["-m", "compileall", "-q", "."]).current_dir(&work.folder);
    run(interrupt, &mut compile).context("does not compile")?;
    let mut check = python.python(work.context);
    check.args(["-m", "mypy", "--strict", "--no-error-summary", "journey.py"]).current_dir(&work.folder);
    run(interrupt, &mut check).context("mypy refuses the journey")?;
    let mut journey = python.python(work.context);
    journey.arg("journey.py").current_dir(&work.folder);
    Ok(journey)
}
