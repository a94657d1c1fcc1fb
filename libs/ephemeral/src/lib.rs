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

mod gcra;
mod in_process;
mod redis;
mod shelf;
mod stamps;

use std::{sync::Arc, time::Instant};

use model::{Quota, TenantId};
use opentelemetry::{KeyValue, global, metrics::Counter};
use sha2::{Digest as _, Sha256};

pub use redis::{BadConfig, Health, RedisConfig};
pub use shelf::Shelf;
pub use stamps::Stamp;

use crate::{
    in_process::{InProcess, Time},
    redis::Shared,
};

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
    /// The limits, the narrowest first. One is taken of each where all of them allow it, else of none.
    ///
    /// The wrong keys of a tenant refuse only an asker whose own wrong keys, asked for in the same list, are not all
    /// forgotten: else whoever guesses would lock out everybody.
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
    /// The stamps under which the asker has it already.
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
pub struct Ephemeral(Arc<Inner>);

struct Inner {
    in_process: InProcess,
    shared: Option<Shared>,
    refusals: Counter<u64>,
}

impl Ephemeral {
    /// For one server. `instance` is a random number: no two processes have the same.
    #[must_use]
    pub fn in_process(instance: u64) -> Self {
        Self::new(InProcess::new(instance, Time::Since(Instant::now())), None)
    }

    /// For many servers. Connects in a task of its own, and again whenever the connection is lost: that Redis does not
    /// answer is no error. Called within a tokio runtime.
    ///
    /// # Errors
    /// When the configuration can never work.
    pub fn redis(config: RedisConfig, instance: u64) -> Result<Self, BadConfig> {
        let shared = Shared::new(config, instance)?;
        Ok(Self::new(InProcess::new(instance, Time::Since(Instant::now())), Some(shared)))
    }

    fn new(in_process: InProcess, shared: Option<Shared>) -> Self {
        let refusals = global::meter("leasehold")
            .u64_counter("leasehold.rate_limit.refusals")
            .with_description("Requests that a rate limit refused, by what the limit counts.")
            .build();
        Self(Arc::new(Inner { in_process, shared, refusals }))
    }

    /// Counts a request, and says what is known of the license that it is about: with Redis one round trip, in process
    /// none. Never fails: when Redis does not answer within its short time, the limits are those of this process, and
    /// nothing is known.
    pub async fn ask(&self, ask: Ask<'_>) -> Answer {
        let answer = match &self.0.shared {
            None => self.0.in_process.ask(ask),
            Some(shared) => match shared.ask(&ask).await {
                Some(answer) => answer,
                None => Answer {
                    limits: self.0.in_process.count(ask.tenant, ask.limits),
                    tenant: None,
                    license: Found::Unknown,
                },
            },
        };
        for (limit, standing) in ask.limits.iter().zip(&answer.limits) {
            if standing.retry_after.is_some() {
                self.0.refusals.add(1, &[KeyValue::new("scope", limit.scope.name())]);
            }
        }
        answer
    }

    /// Whether [`Self::keep`] does anything: in process it does not, as whoever asks keeps things itself.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.0.shared.is_some()
    }

    /// Keeps what was loaded under `stamps` for other servers, unless the license has changed since. Returns at once.
    pub fn keep(&self, tenant: TenantId, look_up: LookUp<'_>, stamps: Stamps, value: &[u8]) {
        if let Some(shared) = &self.0.shared {
            shared.keep(tenant, look_up, stamps, value);
        }
    }

    /// Makes sure that nothing loaded before is used any more. Called after a change is committed, and before it
    /// is acknowledged.
    ///
    /// # Errors
    /// When Redis could not be told.
    pub async fn forget(&self, tenant: TenantId, touched: &Touched) -> Result<(), NotTold> {
        match &self.0.shared {
            Some(shared) => shared.forget(tenant, touched).await,
            None => {
                self.0.in_process.forget(tenant, touched);
                Ok(())
            }
        }
    }

    /// How often a connection to Redis was made. When that grew, stamps may have been lost, or older ones may have come
    /// back: nothing loaded before may be relied on.
    #[must_use]
    pub fn interruptions(&self) -> u64 {
        self.0.shared.as_ref().map_or(0, Shared::interruptions)
    }

    /// How it stands with Redis.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.shared.as_ref().map_or(Health::InProcess, Shared::health)
    }
}

/// A short digest, so that neither keys nor addresses are where limits are counted.
fn digest(of: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    let whole = Sha256::digest(of);
    short.iter_mut().zip(whole).for_each(|(place, byte)| *place = byte);
    short
}
