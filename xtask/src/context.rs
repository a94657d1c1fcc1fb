//! What every command needs to know: where the workspace is, which cargo to call, whether to stop.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::interrupt::Interrupt;

/// The workspace this command works on.
pub(crate) struct Context {
    /// The folder with the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Tells when to stop.
    pub(crate) interrupt: Interrupt,
    cargo: OsString,
}

impl Context {
    /// Finds the workspace and begins to listen for signals.
    pub(crate) fn new() -> Result<Self> {
        // At run time first: two checkouts may share one target folder, and then this very binary.
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask has no parent folder")?.to_owned();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Ok(Self { root, interrupt: Interrupt::install()?, cargo })
    }

    /// A cargo command at the workspace's root.
    pub(crate) fn cargo(&self) -> Command {
        self.command(&self.cargo)
    }

    /// A command at the workspace's root, without what cargo told *us* about our own package.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// What `cargo metadata --no-deps` says about the workspace.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let output = self
            .cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()
            .context("cannot run cargo metadata")?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo metadata failed: {}", stderr.trim());
        serde_json::from_slice(&output.stdout).context("cargo metadata did not print JSON")
    }

    /// The folder that cargo builds into.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        let folder = metadata.get("target_directory").and_then(Value::as_str);
        Ok(folder.context("cargo metadata names no target folder")?.into())
    }
}
