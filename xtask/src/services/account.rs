//! The operating-system user that runs the services: PostgreSQL refuses to run as root.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Whoever runs the services.
#[derive(Clone, Copy)]
pub(super) enum Account {
    /// The present user, who is not root.
    Own,
    /// Another user, because the present one is root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// Chooses `postgres`, else `nobody`, when the present user is root.
    pub(super) fn choose() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (id("-u", name), id("-g", name)) {
                return Ok(Self::Other { uid, gid });
            }
        }
        bail!("PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`");
    }

    /// Makes a command run as this user, outside our process group (Ctrl-C must not reach it before us)
    /// and without our environment.
    pub(super) fn prepare(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").current_dir(folder).process_group(0);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Makes this user the owner of a file or folder.
    pub(super) fn own(self, path: &Path) -> Result<()> {
        let Self::Other { uid, gid } = self else {
            return Ok(());
        };
        std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .with_context(|| format!("cannot give {} away", path.display()))
    }
}

fn id(flag: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, name]).output().ok()?;
    let number = std::str::from_utf8(&output.stdout).ok()?.trim().parse().ok()?;
    // User 0 under another name would be refused like root.
    (output.status.success() && number != 0).then_some(number)
}
