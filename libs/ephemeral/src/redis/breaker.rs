//! Leaving Redis alone while it is in trouble, and coming back when it is not.
//!
//! The connection is replaced as a whole, by a new one that has proved that it can write: so it does not matter
//! what was wrong with the old one, and every replacement is known.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{ErrorKind, RedisError, ServerErrorKind};
use tokio::sync::Notify;

use super::connect::{Link, Target};

/// So many failures in a row are trouble.
const FAILURES: u32 = 3;
/// How often it is tried whether the trouble is over.
const PROBE_PERIOD: Duration = Duration::from_millis(250);

/// How it stands with Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// There is none: everything is in this process.
    InProcess,
    /// It answers.
    Answering,
    /// It is in trouble, and left alone but for trying whether it is over.
    Troubled {
        /// What was wrong last: `refused`, `timeout`, `denied`, `full`, `read_only`, `loading`, `down` or `error`.
        reason: &'static str,
        /// For how long.
        since: Duration,
    },
}

/// The connection, while there is one that works.
pub(super) struct Breaker {
    link: RwLock<Option<(u64, Link)>>,
    /// How many connections there have been.
    connections: AtomicU64,
    failures: AtomicU32,
    trouble: Mutex<(Instant, &'static str)>,
    opened: Notify,
}

impl Breaker {
    /// Open until the first connection.
    pub(super) fn new() -> Self {
        Self {
            link: RwLock::new(None),
            connections: AtomicU64::new(0),
            failures: AtomicU32::new(0),
            trouble: Mutex::new((Instant::now(), "refused")),
            opened: Notify::new(),
        }
    }

    /// The connection, with its number.
    pub(super) fn link(&self) -> Option<(u64, Link)> {
        self.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often a connection was made anew.
    pub(super) fn interruptions(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn health(&self) -> Health {
        if self.link.read().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Health::Answering;
        }
        let (since, reason) = *self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        Health::Troubled { reason, since: since.elapsed() }
    }

    /// Notes that a request over a connection was answered.
    pub(super) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) > 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Notes that a request over the connection of that number was not.
    pub(super) fn failed(&self, number: u64, error: &RedisError) {
        let in_a_row = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row < FAILURES && !error.is_connection_dropped() {
            return;
        }
        let mut link = self.link.write().unwrap_or_else(PoisonError::into_inner);
        if link.as_ref().is_some_and(|(current, _)| *current == number) {
            *link = None;
            drop(link);
            let reason = reason(error);
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), reason);
            tracing::warn!(
                reason,
                "Redis does not answer: limits are those of each server, and licenses come from the database"
            );
            self.opened.notify_one();
        }
    }

    /// Connects whenever there is no connection. Never ends.
    pub(super) async fn keep_connected(self: Arc<Self>, target: Target, probe_key: String) {
        let mut told = false;
        loop {
            if self.link().is_some() {
                self.opened.notified().await;
                continue;
            }
            match probe(&target, &probe_key).await {
                Ok(connected) => {
                    let number = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
                    self.failures.store(0, Ordering::Relaxed);
                    *self.link.write().unwrap_or_else(PoisonError::into_inner) = Some((number, connected));
                    tracing::info!("Redis answers");
                    told = true;
                }
                Err(error) => {
                    let reason = reason(&error);
                    self.trouble.lock().unwrap_or_else(PoisonError::into_inner).1 = reason;
                    if !told {
                        tracing::warn!(reason, "Redis does not answer yet");
                        told = true;
                    }
                    tokio::time::sleep(PROBE_PERIOD).await;
                }
            }
        }
    }
}

/// A new connection that can write.
async fn probe(target: &Target, key: &str) -> Result<Link, RedisError> {
    let mut link = target.connect().await?;
    redis::cmd("SET").arg(key).arg(1).arg("PX").arg(1_000).exec_async(&mut link).await?;
    Ok(link)
}

/// What is wrong, in a word.
pub(super) fn reason(error: &RedisError) -> &'static str {
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => "denied",
        ErrorKind::Server(ServerErrorKind::ReadOnly) => "read_only",
        ErrorKind::Server(ServerErrorKind::BusyLoading) => "loading",
        ErrorKind::Server(
            ServerErrorKind::ClusterDown | ServerErrorKind::MasterDown | ServerErrorKind::TryAgain,
        )
        | ErrorKind::ClusterConnectionNotFound => "down",
        _ => match error.code() {
            Some("OOM") => "full",
            Some("NOAUTH" | "WRONGPASS" | "NOPERM") => "denied",
            Some("MISCONF") => "read_only",
            _ if error.is_timeout() => "timeout",
            _ if error.is_connection_dropped() => "refused",
            _ => "error",
        },
    }
}
