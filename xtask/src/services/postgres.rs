//! A throw-away PostgreSQL.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;

use super::account::Account;
use super::daemon::Daemon;
use super::janitor::Janitor;
use super::{free_port, password};
use crate::interrupt::Interrupt;

/// Tests kill servers, not the operating system, so nothing needs to reach the disk.
const SETTINGS: [&str; 5] = [
    "listen_addresses=127.0.0.1",
    "max_connections=400",
    "fsync=off",
    "synchronous_commit=on",
    "full_page_writes=off",
];

/// How long the server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running PostgreSQL with a superuser `postgres` and the application's role `leasehold`.
pub(super) struct Postgres {
    account: Account,
    folder: PathBuf,
    /// The process.
    pub(super) daemon: Daemon,
    /// The folder of its programs.
    pub(super) programs: PathBuf,
    /// What the server says its version is.
    pub(super) version: String,
    port: u16,
    application_password: String,
    superuser_password: String,
}

impl Postgres {
    /// Makes a cluster in `folder` and starts it.
    pub(super) fn start(
        programs: &Path,
        folder: &Path,
        account: Account,
        janitor: &mut Janitor,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let superuser_password = password()?;
        initialise(programs, folder, account, &superuser_password)?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let port = free_port()?;
            let mut daemon = spawn(programs, folder, account, port)?;
            janitor.watch(&daemon)?;
            let client = Client { programs, folder, account, port, password: &superuser_password };
            match client.wait(&mut daemon, interrupt) {
                Ok(version) => {
                    let application_password = password()?;
                    client.query(&format!(
                        "CREATE ROLE leasehold LOGIN NOSUPERUSER NOBYPASSRLS CREATEDB \
                         PASSWORD '{application_password}'"
                    ))?;
                    let programs = programs.to_owned();
                    return Ok(Self {
                        account,
                        folder: folder.to_owned(),
                        daemon,
                        programs,
                        version,
                        port,
                        application_password,
                        superuser_password,
                    });
                }
                // Someone else may have taken the port in between.
                Err(error) if attempts < 3 && format!("{error:#}").contains("in use") => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The address with the application's role.
    pub(super) fn url(&self) -> String {
        format!("postgres://leasehold:{}@127.0.0.1:{}/postgres", self.application_password, self.port)
    }

    /// Makes a database that the application's role owns, and gives its address with that role.
    pub(super) fn create_database(&self, name: &str) -> Result<String> {
        let client = Client {
            programs: &self.programs,
            folder: &self.folder,
            account: self.account,
            port: self.port,
            password: &self.superuser_password,
        };
        client.query(&format!("CREATE DATABASE \"{name}\" OWNER leasehold"))?;
        let password = &self.application_password;
        Ok(format!("postgres://leasehold:{password}@127.0.0.1:{}/{name}", self.port))
    }

    /// The address with the superuser.
    pub(super) fn superuser_url(&self) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/postgres", self.superuser_password, self.port)
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn initialise(programs: &Path, folder: &Path, account: Account, password: &str) -> Result<()> {
    let password_file = folder.join("password");
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&password_file)
        .and_then(|mut file| file.write_all(password.as_bytes()))
        .context("cannot write the password file")?;
    account.own(&password_file)?;
    let output = account
        .prepare(&programs.join("initdb"), folder)
        .args(["--no-sync", "--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
        .arg("--pwfile")
        .arg(&password_file)
        .arg("--pgdata")
        .arg(data(folder))
        .stdin(Stdio::null())
        .output()
        .context("cannot run initdb")?;
    ensure!(
        output.status.success(),
        "initdb failed in {} ({}):\n{}",
        folder.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    std::fs::remove_file(&password_file).context("cannot remove the password file")
}

fn spawn(programs: &Path, folder: &Path, account: Account, port: u16) -> Result<Daemon> {
    let sockets = folder.join("socket");
    if !sockets.exists() {
        std::fs::create_dir(&sockets).context("cannot create the socket folder")?;
        std::fs::set_permissions(&sockets, Permissions::from_mode(0o700)).context("cannot protect it")?;
        account.own(&sockets)?;
    }
    let mut command = account.prepare(&programs.join("postgres"), folder);
    command.arg("-D").arg(data(folder)).arg("-k").arg(sockets).args(["-p", &port.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.stdin(Stdio::null());
    // SIGQUIT is PostgreSQL's immediate shutdown: the data is thrown away anyway.
    Daemon::spawn("PostgreSQL", command, Signal::QUIT, folder.join("log"))
}

struct Client<'a> {
    programs: &'a Path,
    folder: &'a Path,
    account: Account,
    port: u16,
    password: &'a str,
}

impl Client<'_> {
    /// Waits until the server answers, and returns its version.
    fn wait(&self, daemon: &mut Daemon, interrupt: &Interrupt) -> Result<String> {
        let started = Instant::now();
        loop {
            let refusal = match self.query("SHOW server_version") {
                Ok(version) => return Ok(version),
                Err(refusal) => refusal,
            };
            interrupt.check()?;
            daemon.check()?;
            if started.elapsed() > PATIENCE {
                bail!(refusal.context("PostgreSQL started, but does not answer"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs a statement as the superuser; it travels on standard input because it may hold a password.
    fn query(&self, statement: &str) -> Result<String> {
        let mut command: Command = self.account.prepare(&self.programs.join("psql"), self.folder);
        let mut psql = command
            .env("PGPASSWORD", self.password)
            .env("PGCONNECT_TIMEOUT", "5")
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--host=127.0.0.1", "--username=postgres", "--dbname=postgres"])
            .arg(format!("--port={}", self.port))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run psql")?;
        if let Some(mut input) = psql.stdin.take() {
            // A psql that could not connect has closed its input; its own message says more.
            let _closed = input.write_all(statement.as_bytes());
        }
        let output = psql.wait_with_output().context("cannot read from psql")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "psql: {}", complaint.trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}
