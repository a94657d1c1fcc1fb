//! Tools from package registries, kept in the target folder until the file that pins them changes.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::run::run;

/// Where a kept tool says from which pins it was installed.
const INSTALLED: &str = "installed-from";

/// Packages of npm.
pub(crate) struct Node {
    folder: PathBuf,
}

impl Node {
    /// The packages that `package.json` and `package-lock.json` in `pins` name, as `name`.
    ///
    /// # Errors
    ///
    /// When npm is missing or cannot install them.
    pub(crate) fn install(context: &Context, name: &str, pins: &Path) -> Result<Self> {
        let lock = pins.join("package-lock.json");
        let folder = keep(context, name, &lock, |folder| {
            for file in ["package.json", "package-lock.json"] {
                fs::copy(pins.join(file), folder.join(file))
                    .with_context(|| format!("cannot copy {file}"))?;
            }
            let mut npm = context.command("npm");
            npm.args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder);
            run(&context.interrupt, &mut npm)
                .context("`npm ci` failed (Node.js 20 with npm 11 is known to work)")
        })?;
        Ok(Self { folder })
    }

    /// One of their programs.
    pub(crate) fn program(&self, context: &Context, program: &str) -> Command {
        context.command(self.folder.join("node_modules/.bin").join(program))
    }

    /// Where they are.
    pub(crate) fn modules(&self) -> PathBuf {
        self.folder.join("node_modules")
    }
}

/// A virtual environment of Python.
pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// The packages that the file `requirements` names, all with versions, as `name`.
    ///
    /// # Errors
    ///
    /// When Python is missing or cannot install them.
    pub(crate) fn install(context: &Context, name: &str, requirements: &Path) -> Result<Self> {
        let folder = keep(context, name, requirements, |folder| {
            let mut venv = context.command("python3");
            run(&context.interrupt, venv.args(["-m", "venv"]).arg(folder))
                .context("`python3 -m venv` failed (Debian has it in the package python3-venv)")?;
            let mut pip = context.command(folder.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
            run(&context.interrupt, pip.arg("--requirement").arg(requirements))
                .context("pip cannot install it")
        })?;
        Ok(Self { folder })
    }

    /// The interpreter.
    pub(crate) fn python(&self, context: &Context) -> Command {
        context.command(self.folder.join("bin/python"))
    }

    /// One of the programs of the packages.
    pub(crate) fn program(&self, context: &Context, program: &str) -> Command {
        let mut command = context.command(self.folder.join("bin").join(program));
        // Programs look for each other: generators call formatters.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::iter::once(self.folder.join("bin")).chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(places) {
            command.env("PATH", path);
        }
        command
    }
}

/// The folder `tools/<name>` of the target folder, filled by `install` unless that was done with the same pins.
fn keep(
    context: &Context,
    name: &str,
    pins: &Path,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    keep_in(&context.target()?.join("tools").join(name), pins, install)
        .with_context(|| format!("tools: {name}"))
}

fn keep_in(folder: &Path, pins: &Path, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let wanted = fs::read(pins).with_context(|| format!("cannot read {}", pins.display()))?;
    let stamp = folder.join(INSTALLED);
    if fs::read(&stamp).ok().as_ref() == Some(&wanted) {
        return Ok(folder.to_owned());
    }
    println!("install: {}", folder.file_name().unwrap_or(OsStr::new("")).display());
    empty(folder)?;
    install(folder)?;
    // Last, so that an installation that broke off is not taken for one.
    fs::write(&stamp, wanted).context("cannot write in the target folder")?;
    Ok(folder.to_owned())
}

/// Makes `folder` anew.
pub(crate) fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_tool_is_installed_once_for_each_state_of_its_pins() {
        let home = tempfile::tempdir().unwrap();
        let (folder, pins) = (home.path().join("tool"), home.path().join("pins"));
        let install = |content: &str| {
            let mut installed = false;
            fs::write(&pins, content).unwrap();
            keep_in(&folder, &pins, |folder| {
                installed = true;
                assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "what was there before is gone");
                Ok(())
            })
            .unwrap();
            installed
        };
        assert!(install("1"));
        assert!(!install("1"));
        assert!(install("2"));
    }

    #[test]
    fn an_installation_that_failed_does_not_count() {
        let home = tempfile::tempdir().unwrap();
        let (folder, pins) = (home.path().join("tool"), home.path().join("pins"));
        fs::write(&pins, "1").unwrap();
        keep_in(&folder, &pins, |_| bail!("no network")).unwrap_err();
        let mut installed = false;
        keep_in(&folder, &pins, |_| {
            installed = true;
            Ok(())
        })
        .unwrap();
        assert!(installed);
    }
}
