//! State that may vanish at any moment: rate limits, and the cache of recent checks.
//!
//! Two faces of one interface: in process, for one server with an embedded database, and in Redis, shared by many
//! servers. Losing all of it costs look-ups in the database and refills quotas, and never makes an answer wrong.
//!
//! What keeps a cached check right is a pair of [`Stamp`]s: one of the tenant, one of the license. Each names the state of
//! things between two changes. A reader asks for the stamps *before* it loads from the database, and keeps what it loaded
//! under them. A change replaces the stamp *after* it is committed and before it is acknowledged. So whoever loaded the old
//! state keeps it under a stamp that is gone, and nobody is ever given it. A stamp that is lost, for whatever
//! reason, is replaced by one that never was: what is lost is only speed.
//!
//! Who asks the same again and again is granted the next answers ahead, and a change waits for the end of that.

mod clock;
mod gcra;
mod health;
mod in_process;
mod limits;
mod parts;
mod redis;
mod shelf;
mod telemetry;

use std::sync::Arc;

use model::{Quota, TenantId};

pub use clock::Clock;
pub use health::{Health, Reason};
pub use redis::{RedisConfig, RedisConfigError, Tuning};
pub use shelf::Shelf;

use crate::{in_process::InProcess, redis::InRedis, telemetry::Refusals};

/// Names the state of a tenant, or of a license, between two changes. No two are ever the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp([u8; 16]);

impl Stamp {
    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

/// What a limit counts, of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Requests from an address.
    Address,
    /// Requests about a license key.
    LicenseKey,
    /// Requests with an API key.
    ApiKey,
    /// Requests to the tenant.
    Tenant,
    /// Wrong keys from an address.
    WrongKeysOfAddress,
    /// Wrong keys from anywhere.
    WrongKeysOfTenant,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Address,
        Self::LicenseKey,
        Self::ApiKey,
        Self::Tenant,
        Self::WrongKeysOfAddress,
        Self::WrongKeysOfTenant,
    ];

    /// The name used in headers, metrics and keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::LicenseKey => "license_key",
            Self::ApiKey => "api_key",
            Self::Tenant => "tenant",
            Self::WrongKeysOfAddress => "wrong_keys_address",
            Self::WrongKeysOfTenant => "wrong_keys_tenant",
        }
    }
}

/// A limit that a request counts for.
#[derive(Clone, Copy, Debug)]
pub struct Limit<'a> {
    /// What it counts.
    pub scope: Scope,
    /// Whose it is, such as an address or the hash of a key; empty for the tenant.
    pub of: &'a [u8],
    /// How many there may be.
    pub quota: Quota,
    /// Whether one is taken; otherwise it is only looked whether one could be.
    pub take: bool,
}

/// What is asked in one round trip.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Whose.
    pub tenant: TenantId,
    /// The limits, the narrowest first, each at most once and at most 255. Either all of them allow it, and one is taken
    /// of each that is to be taken, or none is: in one step, whoever else asks at the same time, in Redis and in
    /// process.
    ///
    /// The wrong keys of a tenant refuse only an asker whose own wrong keys, asked for in the same list, are not all
    /// forgotten: else whoever guesses would lock out everybody. Of a limit that is spent but does not refuse none is taken.
    pub limits: &'a [Limit<'a>],
    /// What is to be known of a license, where all limits allow it.
    pub license: Option<LookUp<'a>>,
}

/// What was loaded about a license and is asked for again.
#[derive(Clone, Copy, Debug)]
pub struct LookUp<'a> {
    /// The keyed hash of the license key.
    pub key_hash: &'a [u8; 32],
    /// What else the answer depends on, as a hash.
    pub variant: &'a [u8; 32],
    /// The stamps under which the asker has it already. Then it is asked whether these are still right, and not what
    /// others keep.
    pub held: Option<Stamps>,
}

/// The stamps that something was loaded under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// Of the tenant.
    pub tenant: Stamp,
    /// Of the license.
    pub license: Stamp,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How the limits stand, in the order in which they were asked.
    pub limits: Vec<Standing>,
    /// The stamp of the tenant; absent when it cannot be had, because Redis does not answer: then nothing that was
    /// loaded before may be relied on.
    pub tenant: Option<Stamp>,
    /// What is known of the license.
    pub license: Found,
}

impl Answer {
    /// Whether all limits allow the request.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.limits.iter().all(|standing| standing.retry_after.is_none())
    }
}

/// How a limit stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many more there may be at once.
    pub left: u32,
    /// After how many whole seconds, rounded up, all of the quota is there again.
    pub full_after: u32,
    /// After how many whole seconds, rounded up and at least 1, one more is allowed; absent when this one was.
    pub retry_after: Option<u32>,
}

/// What is known of a license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was not asked for, a limit refused, or Redis does not answer. What is loaded now must not be kept.
    Unknown,
    /// Nothing. What is loaded now may be kept under these stamps.
    Missing(Stamps),
    /// What the asker holds is still right.
    Current,
    /// This was kept, perhaps by another server.
    Kept(Stamps, Vec<u8>),
}

/// What a change touched, so that nothing loaded before it is used any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Perhaps every license of the tenant, or the tenant itself.
    Tenant,
    /// The licenses with these keyed hashes of their keys.
    Licenses(Vec<[u8; 32]>),
}

/// Redis could not be told of a change: other servers may use what they loaded before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTold;

/// How long what was loaded may be used, in seconds, whatever happens: the last resort should stamps fail.
pub const LIFETIME_SECONDS: u64 = 30;

/// Rate limits and recent checks, in process or in Redis. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Ephemeral {
    shared: Arc<Shared>,
}

struct Shared {
    face: Face,
    refusals: Refusals,
}

enum Face {
    InProcess(InProcess),
    Redis(InRedis),
}

impl Ephemeral {
    /// For one server. `instance` is a random number, no two processes have the same.
    #[must_use]
    pub fn in_process(instance: u64) -> Self {
        Self::in_process_at(instance, Clock::monotonic())
    }

    /// For one server, with limits that follow a clock.
    #[must_use]
    pub fn in_process_at(instance: u64, clock: Clock) -> Self {
        Self::new(Face::InProcess(InProcess::new(instance, clock)))
    }

    /// For many servers that share a Redis. `instance` is a random number, no two processes have the same.
    ///
    /// Connects in the background, and until then limits are those of this process. Must be called within a runtime
    /// of tokio.
    ///
    /// # Errors
    /// When the configuration can never work.
    pub fn redis(config: &RedisConfig, instance: u64) -> Result<Self, RedisConfigError> {
        Ok(Self::new(Face::Redis(InRedis::new(config, instance, Tuning::default())?)))
    }

    /// Like [`Self::redis`], for tests that are in no hurry or have a clock of their own.
    ///
    /// # Errors
    /// When the configuration can never work.
    pub fn redis_tuned(
        config: &RedisConfig,
        instance: u64,
        tuning: Tuning,
    ) -> Result<Self, RedisConfigError> {
        Ok(Self::new(Face::Redis(InRedis::new(config, instance, tuning)?)))
    }

    fn new(face: Face) -> Self {
        Self { shared: Arc::new(Shared { face, refusals: Refusals::new() }) }
    }

    /// Counts a request, and says what is known of the license that it is about: with Redis one round trip, which requests
    /// to the same tenant share that are made at the same time, and none where the same was asked several times in
    /// the last quarter of a second; in process none. Never fails: when Redis does not answer
    /// within its short time, the limits are those of this process, and nothing is known.
    pub async fn ask(&self, ask: Ask<'_>) -> Answer {
        let answer = match &self.shared.face {
            Face::InProcess(face) => face.ask(ask),
            // In a place of its own, so that whoever needs none has no room for it.
            Face::Redis(face) => Box::pin(face.ask(ask)).await,
        };
        self.shared.refusals.count(ask.limits.iter().map(|limit| limit.scope).zip(&answer.limits));
        answer
    }

    /// Whether [`Self::keep`] does anything: in process it does not, as whoever asks keeps things itself.
    #[must_use]
    pub fn keeps(&self) -> bool {
        matches!(self.shared.face, Face::Redis(_))
    }

    /// Keeps what was loaded under `stamps` for other servers, unless the license has changed since. Returns at once.
    /// When much is to be kept at the same time, some of it is not.
    pub fn keep(&self, tenant: TenantId, look_up: LookUp<'_>, stamps: Stamps, value: Vec<u8>) {
        if let Face::Redis(face) = &self.shared.face {
            face.keep(tenant, look_up, stamps, value);
        }
    }

    /// Makes sure that nothing loaded before is used any more. Called after a change is committed, and before it
    /// is acknowledged. Takes a quarter of a second where others were granted answers ahead that rely on what was changed.
    ///
    /// # Errors
    /// When Redis could not be told. It will be before this process asks it anything again, so that at most those servers
    /// that still reach Redis use what they loaded before, for at most [`LIFETIME_SECONDS`].
    pub async fn forget(&self, tenant: TenantId, touched: &Touched) -> Result<(), NotTold> {
        match &self.shared.face {
            Face::InProcess(face) => {
                face.forget(tenant, touched);
                Ok(())
            }
            Face::Redis(face) => face.forget(tenant, touched).await,
        }
    }

    /// How often a connection was made anew behind which stamps may be as they once were, so far. When that grew, nothing
    /// loaded before may be relied on.
    ///
    /// That Redis stopped to answer, or started to, is no reason by itself. All keys of stamps carry the name of the run
    /// of the server, so that a stamp that is found was made by this very run, and found again after a silence or a lost
    /// connection it has been there all the time: others told of their changes by deleting it. What is lost, by eviction,
    /// a `FLUSHALL` or a restart, is made anew as one that never was. A server that was started again, with old data or
    /// without, or a replica that took over has another name, and finds nothing under it. What this process could not tell,
    /// or is not sure to have told, it tells before it asks again; and what it asked under a stamp that was deleted
    /// meanwhile, it keeps in vain.
    ///
    /// Three cases remain. A cluster has no such name, nor has a server that may not be asked for it: a replica that took
    /// over there may have stamps from before the last changes. So may a server that was a replica meanwhile. And when a
    /// server is there again after another had taken its place, changes were told to the other one alone.
    #[must_use]
    pub fn interruptions(&self) -> u64 {
        match &self.shared.face {
            Face::InProcess(_) => 0,
            Face::Redis(face) => face.link().interruptions(),
        }
    }

    /// Whether Redis answers.
    #[must_use]
    pub fn health(&self) -> Health {
        match &self.shared.face {
            Face::InProcess(_) => Health::InProcess,
            Face::Redis(face) => face.link().health(),
        }
    }

    /// Stops what runs in the background, as dropping the last clone does.
    pub fn close(&self) {
        if let Face::Redis(face) = &self.shared.face {
            face.close();
        }
    }
}
