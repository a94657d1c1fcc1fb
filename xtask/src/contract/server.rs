//! A `leasehold` server on data of its own, with its operator commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::Value;

use crate::context::Context;
use crate::services::daemon::Daemon;

/// How long the server may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// The credential of the operator.
pub(super) const PLATFORM_TOKEN: &str = "contract-tests-present-this-platform-token";
const READY: &str = "Leasehold is ready at ";

/// A running server, stopped when dropped.
pub(crate) struct Server {
    daemon: Daemon,
    log: PathBuf,
    origin: String,
    installation: Installation,
}

/// What every call of the program needs.
struct Installation {
    program: PathBuf,
    folder: PathBuf,
    database: Option<String>,
}

impl Server {
    /// Starts `program` below `place`, on an embedded database or the one with this address.
    pub(crate) fn start(
        context: &Context,
        program: &Path,
        place: &Path,
        database: Option<&str>,
    ) -> Result<Self> {
        let installation = Installation {
            program: program.to_owned(),
            folder: place.to_owned(),
            database: database.map(str::to_owned),
        };
        let log = place.join("server.log");
        let mut command = installation.command();
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdin(Stdio::null());
        let mut daemon = Daemon::spawn("leasehold", command, Signal::TERM, log.clone())?;
        let started = Instant::now();
        let origin = loop {
            context.interrupt.check()?;
            daemon.check()?;
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            if let Some(line) = text.lines().find_map(|line| line.strip_prefix(READY)) {
                break line.trim().to_owned();
            }
            ensure!(started.elapsed() < PATIENCE, "the server does not get ready");
            std::thread::sleep(Duration::from_millis(20));
        };
        Ok(Self { daemon, log, origin, installation })
    }

    /// Where it is, such as `http://127.0.0.1:8080`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Runs an operator command and gives the JSON that it prints, if any.
    ///
    /// # Errors
    ///
    /// With what the command said.
    pub(crate) fn operate(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = self.installation.command();
        let output = command.args(arguments).arg("--json").output().context("cannot run leasehold")?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let said = String::from_utf8_lossy(&output.stdout);
            bail!("leasehold {}: {} {}", arguments.join(" "), complaint.trim(), said.trim());
        }
        serde_json::from_slice(&output.stdout).context("leasehold did not print JSON")
    }

    /// Writes a file for a command that reads one, and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> Result<String> {
        let path = self.installation.folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        path.to_str().map(str::to_owned).context("the temporary folder has a strange name")
    }

    /// Fails when it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.daemon.check()
    }

    /// Stops it and gives what it logged.
    pub(crate) fn stop(mut self) -> Result<String> {
        self.daemon.check()?;
        self.daemon.stop();
        std::fs::read_to_string(&self.log).context("cannot read the server's log")
    }
}

impl Installation {
    /// The program with its own settings and none of ours.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LEASEHOLD_") {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.folder).env("LEASEHOLD_DATA", self.folder.join("data"));
        command.env("LEASEHOLD_PLATFORM_TOKEN", PLATFORM_TOKEN);
        // All comes from one address, far more often than any app asks.
        command.env("LEASEHOLD_RATE_LIMITS", "off");
        if let Some(url) = &self.database {
            command.env("LEASEHOLD_DATABASE_URL", url).env("LEASEHOLD_MASTER_KEY", "5a".repeat(32));
        }
        command
    }
}
