//! A server that runs: background tasks, listener, readiness, and an orderly end.

use std::net::SocketAddr;
use std::time::Duration;

use api::{Readiness, Settings};
use licensing::Licensing;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::fault::{Fault, Result};
use crate::http::{self, Limits};
use crate::installation::Installation;
use crate::telemetry::Exposition;

/// What is done again and again beside answering requests.
#[derive(Clone, Copy)]
enum Chore {
    FlushChecks,
    Sweep,
    WatchEpoch,
}

/// Over how much time what was counted is written.
const FLUSHING: Duration = Duration::from_millis(150);

impl Chore {
    const fn name(self) -> &'static str {
        match self {
            Self::FlushChecks => "flush_checks",
            Self::Sweep => "sweep",
            Self::WatchEpoch => "watch_epoch",
        }
    }

    const fn period(self) -> Duration {
        match self {
            Self::FlushChecks => Duration::from_millis(800),
            Self::Sweep => Duration::from_mins(10),
            Self::WatchEpoch => licensing::EPOCH_PERIOD,
        }
    }

    async fn run(self, licensing: &Licensing) -> Result<(), licensing::Error> {
        match self {
            Self::FlushChecks => licensing.flush_checks_in(FLUSHING).await,
            Self::Sweep => licensing.sweep().await,
            Self::WatchEpoch => licensing.watch_epoch().await,
        }
    }

    /// Does it until `stop`. The first failure in a row is logged, and it is tried again when its time has come.
    async fn repeat(self, licensing: Licensing, stop: CancellationToken) -> &'static str {
        let mut ticks = interval(self.period());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut fails = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return self.name(),
                _ = ticks.tick() => {}
            }
            match self.run(&licensing).await {
                Ok(()) if fails => {
                    tracing::info!(chore = self.name(), "background work goes on");
                    fails = false;
                }
                Ok(()) => {}
                Err(_) if fails => {}
                Err(error) => {
                    let source = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(chore = self.name(), %error, source, "background work fails");
                    fails = true;
                }
            }
        }
    }
}

/// A server that answers requests.
pub(crate) struct Running {
    installation: Installation,
    readiness: Readiness,
    tasks: JoinSet<&'static str>,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Running {
    /// Starts to serve an installation.
    pub(crate) fn start(
        installation: Installation,
        listener: TcpListener,
        settings: Settings,
        limits: Limits,
    ) -> Self {
        let readiness = Readiness::starting();
        let endpoint = api::app(installation.licensing.clone(), settings, readiness.clone());
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        for chore in [Chore::FlushChecks, Chore::Sweep, Chore::WatchEpoch] {
            tasks.spawn(chore.repeat(installation.licensing.clone(), stop.clone()));
        }
        let http = http::serve(listener, endpoint, limits, stop.clone(), abort.clone());
        tasks.spawn(async {
            http.await;
            "http"
        });
        readiness.set_ready();
        Self { installation, readiness, tasks, stop, abort }
    }

    /// Shows metrics on a listener of their own for as long as the server runs.
    pub(crate) fn show_metrics(&mut self, listener: TcpListener, exposition: Exposition) {
        let limits = Limits {
            header_read: Duration::from_secs(5),
            request: Duration::from_secs(5),
            connections: 16,
            drain: Duration::from_secs(1),
            ..Limits::default()
        };
        let http = http::serve(listener, exposition, limits, self.stop.clone(), self.abort.clone());
        self.tasks.spawn(async {
            http.await;
            "metrics"
        });
    }

    /// The use cases that it serves.
    pub(crate) const fn licensing(&self) -> &Licensing {
        &self.installation.licensing
    }

    /// Serves until the process is told to end by SIGTERM or SIGINT; a second signal ends it at once.
    ///
    /// # Errors
    /// When a background task has ended, which takes the server with it.
    pub(crate) async fn until(mut self, mut signals: Signals) -> Result<()> {
        let died = tokio::select! {
            () = signals.next() => None,
            task = self.tasks.join_next() => Some(task),
        };
        let abort = self.abort.clone();
        tokio::select! {
            stopped = self.stop() => stopped?,
            () = signals.next() => abort.cancel(),
        }
        match died {
            None => Ok(()),
            Some(task) => {
                let name = task.and_then(std::result::Result::ok).unwrap_or("that panicked");
                Err(Fault::failed(format_args!(
                    "the background task {name} has ended, so the server has stopped"
                )))
            }
        }
    }

    /// Stops in order: not ready, no new connections, answer what has arrived, write what is buffered, close.
    ///
    /// # Errors
    /// When the counts of the last checks cannot be written.
    pub(crate) async fn stop(self) -> Result<()> {
        tracing::info!("stopping");
        self.readiness.set_stopping();
        self.stop.cancel();
        let mut tasks = self.tasks;
        while tasks.join_next().await.is_some() {}
        self.installation.close().await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Takes the address of the server; gives it with its port, which is another one when port 0 was asked for.
///
/// # Errors
/// One sentence on why it cannot be had.
pub(crate) async fn listen_on(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    listen_for(address, "--listen").await
}

/// Takes the address that `flag` is for.
///
/// # Errors
/// One sentence on why it cannot be had.
pub(crate) async fn listen_for(address: SocketAddr, flag: &str) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let (ip, port) = (address.ip(), address.port());
        Fault::failed(match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!(
                    "port {port} of {ip} is taken by another program: stop it, or choose another with {flag}"
                )
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("port {port} may not be listened on by this user: choose one above 1023 with {flag}")
            }
            std::io::ErrorKind::AddrNotAvailable => format!("{ip} is not an address of this machine"),
            _ => format!("cannot listen on {address}: {error}"),
        })
    })?;
    let address = listener.local_addr().unwrap_or(address);
    Ok((listener, address))
}

/// The signals that end the process.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Waits for them from now on, instead of ending at once.
    ///
    /// # Errors
    /// When the system does not let it.
    pub(crate) fn install() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let install = |kind| {
            signal(kind).map_err(|error| Fault::failed(format_args!("cannot wait for signals: {error}")))
        };
        Ok(Self {
            terminate: install(SignalKind::terminate())?,
            interrupt: install(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Database;
    use crate::installation::{Missing, ServerSetup};

    #[tokio::test]
    async fn a_background_task_that_dies_takes_the_server_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Embedded { folder: folder.path().join("data"), master_key: None };
        let installation =
            Installation::open_for_server(&database, Missing::Make, ServerSetup::of_its_own()).await.unwrap();
        let (listener, address) = listen_on(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let mut running = Running::start(installation, listener, Settings::default(), Limits::default());
        running.tasks.spawn(async { "of the test" });
        let fault = running.until(Signals::install().unwrap()).await.unwrap_err();
        assert!(fault.message.unwrap().contains("the background task of the test has ended"));
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
        Installation::open_for_server(&database, Missing::Refuse, ServerSetup::of_its_own()).await.unwrap();
    }
}
