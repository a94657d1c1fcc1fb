//! One running service process, stopped when dropped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a service may take to stop before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service in the background.
pub(crate) struct Daemon {
    name: &'static str,
    child: Child,
    stop_signal: Signal,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command`, with its output in the file `log`.
    pub(crate) fn spawn(
        name: &'static str,
        mut command: Command,
        stop_signal: Signal,
        log: PathBuf,
    ) -> Result<Self> {
        let output = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let child = command
            .stdout(output.try_clone().context("cannot share the log file")?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, stop_signal, log })
    }

    /// The process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The number of the signal that asks it to stop.
    pub(crate) fn stop_signal(&self) -> i32 {
        self.stop_signal.as_raw()
    }

    /// Its standard input, once.
    pub(crate) fn take_stdin(&mut self) -> Result<std::process::ChildStdin> {
        self.child.stdin.take().context("the service's input was taken already")
    }

    /// Fails, with the end of its log, when it no longer runs.
    pub(crate) fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait().context("cannot ask for a service's state")? {
            bail!("{} ended ({status}); the end of its log:\n{}", self.name, tail(&self.log));
        }
        Ok(())
    }

    /// Stops it and waits until it is gone.
    pub(crate) fn stop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended meanwhile, which is what is wanted.
            let _gone = kill_process(pid, self.stop_signal);
        }
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}

fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(15);
    lines.iter().skip(skipped).map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn a_daemon_is_gone_once_dropped_and_one_that_ended_shows_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut sleeper = Command::new("sleep");
        sleeper.arg("60");
        let daemon = Daemon::spawn("sleep", sleeper, Signal::TERM, log.clone()).unwrap();
        let pid = Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap();
        drop(daemon);
        assert!(rustix::process::test_kill_process(pid).is_err());

        let mut talker = Command::new("sh");
        talker.args(["-c", "echo cannot bind; exit 3"]).stdin(Stdio::null());
        let mut daemon = Daemon::spawn("talker", talker, Signal::TERM, log).unwrap();
        let _status = daemon.child.wait().unwrap();
        let message = daemon.check().unwrap_err().to_string();
        assert!(message.contains("talker ended") && message.contains("cannot bind"), "{message}");
    }
}
