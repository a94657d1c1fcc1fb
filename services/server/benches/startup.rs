//! How soon `leasehold serve` answers on embedded data, and how much memory it takes when idle.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run fails loudly")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 10;
const STARTUP_LIMIT_MS: f64 = 300.0;
const RSS_LIMIT_MIB: f64 = 40.0;
/// Long enough for the background tasks to have run.
const IDLE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let data = folder.path().join("data").display().to_string();
    let made = Command::new(env!("CARGO_BIN_EXE_leasehold"))
        .args(["tenant", "create", "acme", "--data", &data])
        .stdout(Stdio::null())
        .status();
    assert!(made.expect("the binary runs").success(), "a tenant is made");

    let mut times = Vec::new();
    let mut sizes = Vec::new();
    for run in 0..RUNS {
        let (server, elapsed) = Server::start(&data);
        times.push(elapsed.as_secs_f64() * 1_000.0);
        if run == 0 || run == RUNS - 1 {
            std::thread::sleep(IDLE);
            sizes.push(server.resident_mib());
        }
    }
    times.sort_by(f64::total_cmp);
    let startup = times.get(RUNS / 2).copied().unwrap_or(f64::NAN);
    let resident = sizes.into_iter().fold(0.0, f64::max);
    println!("figure startup_ms {startup:.1} ms limit {STARTUP_LIMIT_MS}");
    println!("figure idle_rss_mib {resident:.1} MiB limit {RSS_LIMIT_MIB}");
    if startup <= STARTUP_LIMIT_MS && resident <= RSS_LIMIT_MIB {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Server(Child);

impl Server {
    /// Starts a server, and measures until it says over HTTP that it is ready.
    fn start(data: &str) -> (Self, Duration) {
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_leasehold"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data", data])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = Self(child.expect("the binary runs"));
        let mut line = String::new();
        let stdout = server.0.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit_once("http://").expect("a URL").1.to_owned();
        while !is_ready(&address) {
            std::thread::sleep(Duration::from_millis(1));
        }
        (server, begun.elapsed())
    }

    fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

fn is_ready(address: &str) -> bool {
    let Ok(mut socket) = TcpStream::connect(address) else {
        return false;
    };
    let asked = socket.write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.and_then(|()| socket.read_to_string(&mut answer)).is_ok() && answer.starts_with("HTTP/1.1 200")
}
