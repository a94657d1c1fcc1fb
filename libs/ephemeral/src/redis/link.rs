//! Whether there is a connection that works: a circuit breaker.

use std::{
    collections::HashSet,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use model::TenantId;
use redis::RedisError;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::{
    connect::{Connection, reason},
    runs::{Run, Runs, Seen},
};
use crate::{Health, LIFETIME_SECONDS, Reason};

/// After so many failures in a row Redis is not asked any more.
const FAILURES: u32 = 3;

/// So many tenants are remembered that Redis could not be told about.
const MOST_OWED: usize = 100_000;

/// A connection that works.
pub(crate) struct Up {
    pub(crate) connection: Connection,
    /// The server, where it can be named, so that stamps are not mistaken that were restored with old data.
    seen: Option<Seen>,
    /// No two of a process have the same.
    serial: u64,
    failures: AtomicU32,
    silent: AtomicBool,
}

impl Up {
    pub(crate) fn new(connection: Connection, seen: Option<Seen>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { connection, seen, serial, failures: AtomicU32::new(0), silent: AtomicBool::new(false) }
    }

    /// Tells it from others that were made before or are made after it.
    pub(crate) const fn serial(&self) -> u64 {
        self.serial
    }

    /// What stands in keys for the running server.
    pub(crate) fn epoch(&self) -> Run {
        self.seen.map_or(*b"--------", |seen| seen.run)
    }

    /// It answered, and did what it was asked.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        self.heard();
    }

    /// An answer is overdue. Until another comes nobody waits for one. Of a cluster only the tenants of that node do not,
    /// each of whom learns it by itself.
    pub(crate) fn fall_silent(&self) {
        if self.connection.is_single() {
            self.silent.store(true, Ordering::SeqCst);
        }
    }

    /// Whether an answer is overdue, and none came since.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::SeqCst)
    }

    fn heard(&self) {
        if self.silent.load(Ordering::Relaxed) {
            self.silent.store(false, Ordering::SeqCst);
        }
    }
}

enum State {
    Up(Arc<Up>),
    Down { since: Instant, reason: Reason },
}

/// What Redis has to be told before it is relied on again.
#[derive(Default)]
struct Owed {
    tenants: HashSet<TenantId>,
    /// There were too many: until then nothing in there may be relied on.
    until: Option<Instant>,
}

pub(crate) struct Link {
    state: RwLock<State>,
    owed: Mutex<Owed>,
    /// Wakes the task that connects.
    pub(super) lost: Notify,
    runs: Mutex<Runs>,
    interruptions: AtomicU64,
}

impl Link {
    pub(super) fn new() -> Self {
        Self {
            state: RwLock::new(State::Down { since: Instant::now(), reason: Reason::Starting }),
            owed: Mutex::default(),
            lost: Notify::new(),
            runs: Mutex::default(),
            interruptions: AtomicU64::new(0),
        }
    }

    /// The connection, if one works.
    pub(crate) fn current(&self) -> Option<Arc<Up>> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Up(up) => Some(Arc::clone(up)),
            State::Down { .. } => None,
        }
    }

    pub(crate) fn health(&self) -> Health {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Up(_) => Health::Answering,
            State::Down { since, reason } => Health::Troubled { lasting: since.elapsed(), reason: *reason },
        }
    }

    pub(crate) fn interruptions(&self) -> u64 {
        self.interruptions.load(Ordering::Acquire)
    }

    /// A command failed. Returns why.
    pub(crate) fn failed(&self, up: &Arc<Up>, error: &RedisError) -> Reason {
        let reason = reason(error);
        if up.connection.is_lost(error) || up.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES {
            self.open(Some(up), reason);
        } else if !error.is_timeout() {
            up.heard();
        }
        reason
    }

    /// Gives up the connection; only this one, if one is given.
    fn open(&self, only: Option<&Arc<Up>>, reason: Reason) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Up(up) if only.is_none_or(|only| Arc::ptr_eq(up, only)) => {}
            State::Up(_) | State::Down { .. } => return,
        }
        *state = State::Down { since: Instant::now(), reason };
        drop(state);
        warn!(reason = reason.name(), "Redis does not answer: limits are those of this process");
        self.lost.notify_one();
    }

    /// It could still not be reached, or is no better yet.
    pub(super) fn still_down(&self, now: Reason) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if let State::Down { reason, .. } = &mut *state {
            let first = mem::replace(reason, now) == Reason::Starting;
            drop(state);
            if first {
                warn!(reason = now.name(), "Redis does not answer: limits are those of this process");
            }
        }
    }

    /// Relies on a connection from now on, if nothing is owed; else says of which tenants.
    pub(super) fn close(&self, up: Up) -> Result<Arc<Up>, Unpaid> {
        let mut owed = self.owed();
        if owed.until.is_some_and(|until| until > Instant::now()) {
            return Err(Unpaid::Wait);
        }
        if !owed.tenants.is_empty() {
            return Err(Unpaid::Tenants(Box::new(up), mem::take(&mut owed.tenants).into_iter().collect()));
        }
        owed.until = None;
        let up = Arc::new(up);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let lasted = match &*state {
            State::Down { since, .. } => since.elapsed(),
            State::Up(_) => Duration::ZERO,
        };
        // Before anybody is given anything that was found there.
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let interrupted = runs.connected(up.seen, Instant::now());
        drop(runs);
        self.interruptions.fetch_add(interrupted.into(), Ordering::AcqRel);
        *state = State::Up(Arc::clone(&up));
        drop(state);
        drop(owed);
        info!(after_seconds = lasted.as_secs_f64(), "Redis answers");
        Ok(up)
    }

    /// Redis has to be told about a tenant. Returns a connection instead, if there is one.
    pub(crate) fn owe(&self, tenant: TenantId) -> Option<Arc<Up>> {
        let mut owed = self.owed();
        // Nothing closes the circuit meanwhile.
        let up = self.current();
        if up.is_none() {
            owed.add([tenant]);
        }
        up
    }

    /// Redis has to be told about tenants and perhaps was not: nothing in there may be relied on until it was.
    pub(crate) fn not_told(&self, tenants: impl IntoIterator<Item = TenantId>, reason: Reason) {
        let mut owed = self.owed();
        owed.add(tenants);
        self.open(None, reason);
    }

    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a connection may not be relied on yet.
pub(super) enum Unpaid {
    /// Redis has to be told about these tenants first.
    Tenants(Box<Up>, Vec<TenantId>),
    /// What is in there has to expire first.
    Wait,
}

impl Owed {
    fn add(&mut self, tenants: impl IntoIterator<Item = TenantId>) {
        for tenant in tenants {
            if self.tenants.len() < MOST_OWED || self.tenants.contains(&tenant) {
                self.tenants.insert(tenant);
            } else {
                self.until = Some(Instant::now() + Duration::from_secs(LIFETIME_SECONDS));
            }
        }
    }
}
