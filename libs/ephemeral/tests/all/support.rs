//! Servers of Redis that tests may treat badly.

use std::{
    fmt::Write as _,
    future::Future,
    io::Write as _,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use leasehold_ephemeral::{
    Answer, Ask, Clock, Ephemeral, Health, Limit, LookUp, RedisConfig, Scope, Stamps, Tuning,
};
use model::{Quota, TenantId};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use uuid::Uuid;

/// How long anything may take on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server of its own.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) folder: Arc<TempDir>,
    configuration: String,
    child: Child,
}

impl Server {
    /// One that keeps nothing.
    pub(crate) fn start() -> Self {
        Self::start_with("save \"\"\nappendonly no\n")
    }

    pub(crate) fn start_with(configuration: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        for _ in 0..5 {
            let port = free_port();
            let text = format!(
                "bind 127.0.0.1\nport {port}\ndir \"{}\"\nenable-debug-command yes\n{configuration}",
                folder.path().display()
            );
            let mut child = spawn(&text);
            if wait_for_port(&mut child, port) {
                return Self { port, folder, configuration: text, child };
            }
        }
        panic!("no server starts");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn config(&self) -> RedisConfig {
        config(&[self.url()])
    }

    /// Ends it; nobody listens there until [`Self::start_again`].
    pub(crate) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.child = spawn(&self.configuration);
        assert!(wait_for_port(&mut self.child, self.port), "the server does not start again");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Sends a command as an administrator.
    pub(crate) fn command(&self, arguments: &[&str]) -> redis::Value {
        command(&self.url(), arguments).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(url: &str, arguments: &[&str]) -> redis::RedisResult<redis::Value> {
    let mut connection = redis::Client::open(url)?.get_connection()?;
    let mut command = redis::Cmd::new();
    for argument in arguments {
        command.arg(argument);
    }
    command.query(&mut connection)
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn spawn(configuration: &str) -> Child {
    let mut child = Command::new("redis-server")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is on the PATH");
    child.stdin.take().unwrap().write_all(configuration.as_bytes()).unwrap();
    child
}

fn wait_for_port(child: &mut Child, port: u16) -> bool {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return child.try_wait().unwrap().is_none();
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

pub(crate) fn config(urls: &[String]) -> RedisConfig {
    RedisConfig {
        urls: urls.iter().map(|url| url.clone().into()).collect(),
        cluster: false,
        prefix: "test".to_owned(),
        ca_pem: None,
    }
}

/// Waits for a condition.
pub(crate) async fn until<F: Future<Output = bool>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> Duration {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    started.elapsed()
}

pub(crate) async fn answering(ephemeral: &Ephemeral) -> Duration {
    until("Redis answers", || async { ephemeral.health() == Health::Answering }).await
}

/// A client that is connected, and waits for answers however busy the machine is.
pub(crate) async fn connected(config: &RedisConfig) -> Ephemeral {
    patient(config, None).await
}

async fn patient(config: &RedisConfig, clock: Option<Clock>) -> Ephemeral {
    let tuning = Tuning { clock, patience: PATIENCE, responding: PATIENCE };
    let ephemeral = Ephemeral::redis_tuned(config, number(), tuning).unwrap();
    answering(&ephemeral).await;
    ephemeral
}

pub(crate) async fn connected_at(config: &RedisConfig, clock: &Hand) -> Ephemeral {
    patient(config, Some(clock.clock())).await
}

/// A number that is given out once.
pub(crate) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u64::from(std::process::id()) << 32 | NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u64_pair(0x7e4a, number()))
}

/// A clock whose hand is moved by the test, in microseconds.
#[derive(Clone, Default)]
pub(crate) struct Hand(Arc<AtomicU64>);

impl Hand {
    pub(crate) fn new() -> Self {
        let hand = Self::default();
        // Not zero, and not a whole second.
        hand.0.store(1_700_000_000_123_457, Ordering::SeqCst);
        hand
    }

    pub(crate) fn clock(&self) -> Clock {
        let hand = self.clone();
        Clock::new(move || Duration::from_micros(hand.0.load(Ordering::SeqCst)))
    }

    pub(crate) fn forward(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

pub(crate) fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

pub(crate) fn take<'a>(scope: Scope, of: &'a [u8], text: &str) -> Limit<'a> {
    Limit { scope, of, quota: quota(text), take: true }
}

pub(crate) fn look<'a>(scope: Scope, of: &'a [u8], text: &str) -> Limit<'a> {
    Limit { take: false, ..take(scope, of, text) }
}

pub(crate) async fn ask(ephemeral: &Ephemeral, tenant: TenantId, limits: &[Limit<'_>]) -> Answer {
    ephemeral.ask(Ask { tenant, limits, license: None }).await
}

/// Asks for a license alone.
pub(crate) async fn look_up(
    ephemeral: &Ephemeral,
    tenant: TenantId,
    key_hash: &[u8; 32],
    variant: &[u8; 32],
    held: Option<Stamps>,
) -> Answer {
    let license = Some(LookUp { key_hash, variant, held });
    ephemeral.ask(Ask { tenant, limits: &[], license }).await
}

/// How often scripts were called: for whoever asks, keeps something, or tells of a change.
pub(crate) fn commands(server: &Server) -> usize {
    let redis::Value::BulkString(told) = server.command(&["INFO", "commandstats"]) else {
        panic!("it tells")
    };
    let told = String::from_utf8(told).unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap_or("0,");
    line.split(',').next().unwrap().parse().unwrap()
}

/// Runs a program, and fails with what it says.
pub(crate) fn run(program: &str, arguments: &[&str], folder: &Path) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    write!(said, "{}", String::from_utf8_lossy(&output.stderr)).unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}
