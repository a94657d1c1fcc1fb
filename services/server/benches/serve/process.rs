//! Processes that end with this one, and what they use.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, set_parent_process_death_signal};
use store::Location;

use crate::{echo, setting::MASTER_KEY};

/// Asks this program to become another that is killed when the benchmark ends, however it ends.
pub(crate) const LEASHED: &str = "--leashed";

/// Becomes the program that the arguments name.
pub(crate) fn run_leashed(arguments: &[String]) -> ! {
    let (program, rest) = arguments.split_first().expect("a program");
    set_parent_process_death_signal(Some(Signal::KILL)).expect("Linux");
    panic!("{program} does not start: {}", Command::new(program).args(rest).exec());
}

/// A command whose process is killed when the thread that starts it ends.
pub(crate) fn leashed(program: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args([LEASHED, program]);
    command
}

/// A process that is killed when this is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the program runs"))
    }

    /// Processor time of all its threads so far, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("Linux");
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        // Fields 14 and 15 of the whole line: user and system time in hundredths of a second.
        let ticks: f64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<f64>().expect("ticks"))
            .sum();
        ticks / 100.0
    }

    /// Resident memory in MiB: `VmRSS` now, or `VmHWM` at most until now.
    pub(crate) fn mib(&self, what: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("a figure");
        let kib: f64 = line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().expect("a number");
        kib / 1_024.0
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.expect("a process"), signal).expect("our own process");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// A process that serves HTTP.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// A server on a database that is there, with this Redis if any.
    pub(crate) fn start(location: &Location, redis: Option<&str>) -> Self {
        let mut command = leashed(env!("CARGO_BIN_EXE_leasehold"));
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.envs(environment(location));
        if let Some(url) = redis {
            command.env("LEASEHOLD_REDIS_URL", url);
        }
        Self::wait(&mut command)
    }

    /// The echo.
    pub(crate) fn echo() -> Self {
        let mut command = leashed(&std::env::current_exe().expect("a program").display().to_string());
        Self::wait(command.arg(echo::ECHO))
    }

    fn wait(command: &mut Command) -> Self {
        let mut process = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut line = String::new();
        let stdout = process.0.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit_once("http://").and_then(|(_, address)| address.parse().ok());
        Self { process, address: address.expect("an address") }
    }
}

/// Where the data is, for any command of the program.
pub(crate) fn environment(location: &Location) -> Vec<(&'static str, String)> {
    let database = match location {
        Location::Postgres(url) => ("LEASEHOLD_DATABASE_URL", url.clone()),
        Location::Sqlite(path) => ("LEASEHOLD_DATA", path.parent().expect("a folder").display().to_string()),
    };
    vec![("LEASEHOLD_MASTER_KEY", MASTER_KEY.to_owned()), database]
}
