//! Throw-away PostgreSQL and Redis for tests and benchmarks.

mod account;
pub(crate) mod daemon;
mod find;
mod install;
mod janitor;
mod postgres;
mod redis;

use std::fmt::Write as _;
use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

pub(crate) use self::install::need;

use self::account::Account;
use self::janitor::Janitor;
use self::postgres::Postgres;
use self::redis::Redis;
use crate::context::Context;
use crate::interrupt::Interrupt;

/// Both services, running; stopped and removed when dropped.
pub(crate) struct Services {
    // Dropped in this order: the processes, their folder, and last the shell that would clean up in our stead.
    postgres: Postgres,
    redis: Redis,
    _folder: TempDir,
    _janitor: Janitor,
}

impl Services {
    /// Starts both on free ports of 127.0.0.1, in a temporary folder, with random passwords.
    ///
    /// # Errors
    ///
    /// Says what to install when a server is missing and cannot be installed from here.
    pub(crate) fn start(interrupt: &Interrupt) -> Result<Self> {
        let tools = install::tools()?;
        let account = Account::choose()?;
        let folder = tempfile::Builder::new()
            .prefix("leasehold-services-")
            .tempdir()
            .context("cannot create a temporary folder")?;
        // The services' user passes through here to its own folders.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711))
            .context("cannot open the temporary folder to the services' user")?;
        let mut janitor = Janitor::start(folder.path())?;
        let home = service_folder(folder.path(), "redis", account)?;
        let redis = Redis::start(&tools.redis, &home, account, &mut janitor, interrupt)?;
        let home = service_folder(folder.path(), "postgres", account)?;
        let postgres = Postgres::start(&tools.postgres, &home, account, &mut janitor, interrupt)?;
        Ok(Self { postgres, redis, _folder: folder, _janitor: janitor })
    }

    /// The environment that tests look for.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LEASEHOLD_TEST_POSTGRES", self.postgres.url()),
            ("LEASEHOLD_TEST_POSTGRES_ADMIN", self.postgres.superuser_url()),
            ("LEASEHOLD_TEST_POSTGRES_BIN", self.postgres.programs.display().to_string()),
            ("LEASEHOLD_TEST_REDIS", self.redis.url()),
        ]
    }

    /// Makes a database for the application's role, and gives its address.
    ///
    /// # Errors
    ///
    /// Says what PostgreSQL complains of.
    pub(crate) fn create_database(&self, name: &str) -> Result<String> {
        self.postgres.create_database(name)
    }

    /// Both versions, as the running servers tell them.
    pub(crate) fn versions(&self) -> String {
        format!("PostgreSQL {}, Redis {}", self.postgres.version, self.redis.version)
    }

    /// Fails when one of them has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.postgres.daemon.check()?;
        self.redis.daemon.check()
    }
}

/// `cargo xtask services`: starts both, prints the environment, and waits for Ctrl-C.
pub(crate) fn hold(context: &Context, env_file: Option<&Path>) -> Result<ExitCode> {
    let started = Instant::now();
    let mut services = Services::start(&context.interrupt)?;
    let exports: String = services.environment().iter().fold(String::new(), |mut text, (name, value)| {
        let _written = writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''"));
        text
    });
    let _file = env_file.map(|path| EnvFile::write(path, &exports)).transpose()?;
    print!("{exports}");
    println!(
        "# {}, ready after {:.1} s; Ctrl-C stops them",
        services.versions(),
        started.elapsed().as_secs_f64()
    );
    loop {
        if let Some(code) = context.interrupt.exit_code() {
            return Ok(ExitCode::from(code));
        }
        services.check()?;
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A file with secrets, removed when dropped.
struct EnvFile(PathBuf);

impl EnvFile {
    fn write(path: &Path, text: &str) -> Result<Self> {
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| {
                // The mode above counts only for a new file.
                file.set_permissions(Permissions::from_mode(0o600))?;
                file.write_all(text.as_bytes())
            });
        written.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for EnvFile {
    fn drop(&mut self) {
        let _removed = std::fs::remove_file(&self.0);
    }
}

fn service_folder(parent: &Path, name: &str, account: Account) -> Result<PathBuf> {
    let folder = parent.join(name);
    std::fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    std::fs::set_permissions(&folder, Permissions::from_mode(0o700))
        .with_context(|| format!("cannot protect {}", folder.display()))?;
    account.own(&folder)?;
    Ok(folder)
}

/// A port of 127.0.0.1 that is free now.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}

/// 192 random bits, in characters that need no quoting anywhere.
fn password() -> Result<String> {
    let mut bytes = [0_u8; 24];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!(one.len(), 48);
        assert_ne!(one, other);
    }

    #[test]
    fn the_file_of_secrets_is_private_and_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        std::fs::write(&path, "something longer that was here before").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let file = EnvFile::write(&path, "export A='b'\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "export A='b'\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(file);
        assert!(!path.exists());
    }
}
