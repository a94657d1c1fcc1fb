//! Installs missing servers where that needs no question (root on Debian), else says what to install.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::find::{Found, Tools, find};

/// Debian's switch that keeps freshly installed services from starting.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// The programs of both services, installed when missing.
pub(super) fn tools() -> Result<Tools> {
    let found = find();
    let found = match (&found.postgres, &found.redis) {
        (Some(_), Some(_)) => found,
        _ if can_install() => {
            install(&found)?;
            find()
        }
        _ => found,
    };
    match (found.postgres, found.redis) {
        (Some(postgres), Some(redis)) => Ok(Tools { postgres, redis }),
        (postgres, redis) => bail!(explain(postgres.is_none(), redis.is_none(), &found.refused)),
    }
}

fn can_install() -> bool {
    rustix::process::geteuid().is_root()
        && Path::new("/etc/debian_version").is_file()
        && Path::new("/usr/bin/apt-get").is_file()
}

fn install(found: &Found) -> Result<()> {
    let mut packages = Vec::new();
    if found.postgres.is_none() {
        packages.push("postgresql");
    }
    if found.redis.is_none() {
        packages.push("redis-server");
    }
    install_packages(&packages)
}

/// Installs packages of Debian, without what they recommend and without starting anything.
fn install_packages(packages: &[&str]) -> Result<()> {
    println!("installing {} with apt-get", packages.join(" and "));
    let _policy = NoServices::declare()?;
    apt_get(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments)
}

/// Installs packages of Debian where that needs no question.
///
/// # Errors
///
/// Says what to install by hand.
pub(crate) fn need(packages: &[&str]) -> Result<()> {
    let by_hand = || {
        let names = packages.join(" ");
        format!("{names}: missing, and could not be installed (Debian, Ubuntu: sudo apt-get install {names})")
    };
    ensure!(can_install(), by_hand());
    install_packages(packages).with_context(by_hand)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(["--quiet", "--quiet"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .context("cannot run apt-get")?;
    ensure!(status.success(), "apt-get {} failed ({status})", arguments.join(" "));
    Ok(())
}

/// While this lives, Debian packages do not start the services that they install.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn declare() -> Result<Self> {
        if Path::new(POLICY).exists() {
            return Ok(Self { ours: false });
        }
        let guard = Self { ours: true };
        std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").with_context(|| format!("cannot write {POLICY}"))?;
        std::fs::set_permissions(POLICY, Permissions::from_mode(0o755))
            .with_context(|| format!("cannot make {POLICY} executable"))?;
        Ok(guard)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            let _removed = std::fs::remove_file(POLICY);
        }
    }
}

fn explain(postgres: bool, redis: bool, refused: &[String]) -> String {
    let mut text = String::new();
    if postgres {
        text += "PostgreSQL 13 or later is missing: no folder holds initdb, postgres and psql \
                 (looked in PATH, /usr/lib/postgresql/*/bin, pg_config --bindir and Homebrew's folders)\n";
    }
    if redis {
        text += "Redis 6 or later is missing: redis-server is not in PATH\n";
    }
    for line in refused {
        text += &format!("note: {line}\n");
    }
    let pick = |postgres_package: &str, redis_package: &str| {
        let wanted = [(postgres, postgres_package), (redis, redis_package)];
        wanted.iter().filter(|(missing, _)| *missing).map(|(_, name)| format!(" {name}")).collect::<String>()
    };
    text += "Install and run this again:\n";
    text += &format!("  Debian, Ubuntu:  sudo apt-get install{}\n", pick("postgresql", "redis-server"));
    text += &format!("  Fedora:          sudo dnf install{}\n", pick("postgresql-server", "redis"));
    text += &format!("  macOS:           brew install{}", pick("postgresql", "redis"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_what_is_missing_and_nothing_else() {
        let text = explain(false, true, &[]);
        assert!(text.contains("apt-get install redis-server\n"), "{text}");
        assert!(!text.contains("ostgre"), "{text}");

        let text = explain(true, true, &["postgres is 12.1, older than 13".to_owned()]);
        assert!(text.contains("apt-get install postgresql redis-server"), "{text}");
        assert!(text.contains("note: postgres is 12.1"), "{text}");
    }
}
