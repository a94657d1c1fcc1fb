//! A throw-away Redis.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use super::account::Account;
use super::daemon::Daemon;
use super::janitor::Janitor;
use super::{free_port, password};
use crate::interrupt::Interrupt;

/// How long the server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running Redis that keeps nothing.
pub(super) struct Redis {
    /// The process.
    pub(super) daemon: Daemon,
    /// What the server says its version is.
    pub(super) version: String,
    port: u16,
    password: String,
}

impl Redis {
    /// Starts it in `folder`.
    pub(super) fn start(
        program: &Path,
        folder: &Path,
        account: Account,
        janitor: &mut Janitor,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let password = password()?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let port = free_port()?;
            let mut daemon = spawn(program, folder, account, port, &password)?;
            janitor.watch(&daemon)?;
            match wait(&mut daemon, port, &password, interrupt) {
                Ok(version) => {
                    return Ok(Self { daemon, version, port, password });
                }
                // Someone else may have taken the port in between.
                Err(error) if attempts < 3 && format!("{error:#}").contains("in use") => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The address with its password.
    pub(super) fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }
}

fn spawn(program: &Path, folder: &Path, account: Account, port: u16, password: &str) -> Result<Daemon> {
    let mut command = account.prepare(program, folder);
    // The configuration travels on standard input, because everyone can read a command line.
    command.arg("-").stdin(Stdio::piped());
    let mut daemon = Daemon::spawn("Redis", command, Signal::TERM, folder.join("log"))?;
    let configuration = format!(
        "bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly no\ndir \"{}\"\n",
        folder.display()
    );
    daemon.take_stdin()?.write_all(configuration.as_bytes()).context("redis-server does not read")?;
    Ok(daemon)
}

fn wait(daemon: &mut Daemon, port: u16, password: &str, interrupt: &Interrupt) -> Result<String> {
    let started = Instant::now();
    loop {
        let refusal = match ask_version(port, password) {
            Ok(version) => return Ok(version),
            Err(refusal) => refusal,
        };
        interrupt.check()?;
        daemon.check()?;
        if started.elapsed() > PATIENCE {
            bail!(refusal.context("Redis started, but does not answer"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ask_version(port: u16, password: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("cannot connect")?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).context("cannot set a time limit")?;
    write!(stream, "AUTH {password}\r\nINFO server\r\nQUIT\r\n").context("cannot ask")?;
    for line in BufReader::new(stream).lines() {
        let line = line.context("cannot read the answer")?;
        if let Some(version) = line.strip_prefix("redis_version:") {
            return Ok(version.trim().to_owned());
        }
        if line.starts_with('-') {
            bail!("Redis answers: {line}");
        }
    }
    bail!("Redis does not tell its version")
}
