//! A small shell that cleans up when this process dies without a chance to do so itself (`kill -9`).

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result};

use super::daemon::Daemon;

/// Reads `signal pid` lines. At `done` it leaves; at the end of its input, which is our death, it stops
/// those processes and removes the folder `$1`.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
services= kill_command=
while read -r signal pid; do
    [ "$signal" = done ] && exit 0
    services="$services $pid"
    kill_command="$kill_command kill -$signal $pid;"
done
eval "$kill_command" 2>/dev/null
for pid in $services; do
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -9 "$pid" 2>/dev/null
done
rm -rf -- "$1"
"#;

/// The waiting shell.
pub(super) struct Janitor {
    shell: Child,
    orders: Option<ChildStdin>,
}

impl Janitor {
    /// Starts it, in charge of `folder`.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "leasehold-xtask-janitor"])
            .arg(folder)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start sh")?;
        let orders = shell.stdin.take();
        Ok(Self { shell, orders })
    }

    /// Puts it in charge of one more process.
    pub(super) fn watch(&mut self, daemon: &Daemon) -> Result<()> {
        let orders = self.orders.as_mut().context("the janitor has left")?;
        writeln!(orders, "{} {}", daemon.stop_signal(), daemon.id()).context("the janitor does not listen")
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        if let Some(mut orders) = self.orders.take() {
            let _left = writeln!(orders, "done");
        }
        let _status = self.shell.wait();
    }
}
