//! Schemathesis, installed once for each version of its list of packages.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::run::run;

const REQUIREMENTS: &str = "openapi/contract/requirements.txt";

/// The folder of the programs of a Python environment below `folder` that has what is required.
pub(super) fn prepare(context: &Context, folder: &Path) -> Result<PathBuf> {
    let list = context.root.join(REQUIREMENTS);
    let text = std::fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let home = folder.join(format!("python-{:016x}", hasher.finish()));
    // Written last, so that an installation that broke off is begun again.
    let complete = home.join("complete");
    if !complete.exists() {
        println!("installing {REQUIREMENTS}");
        let mut command = context.command("python3");
        run(&context.interrupt, command.args(["-m", "venv", "--clear"]).arg(&home))
            .context("cannot make a Python environment: install Python 3 with venv")?;
        let mut command = context.command(home.join("bin/pip"));
        command.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&list);
        run(&context.interrupt, &mut command).context("cannot install Schemathesis")?;
        std::fs::write(&complete, "").context("cannot note that Schemathesis is installed")?;
    }
    Ok(home.join("bin"))
}
