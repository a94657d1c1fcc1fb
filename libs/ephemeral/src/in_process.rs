//! The face for one server.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use governor::{
    nanos::Nanos,
    state::{
        StateStore,
        keyed::{DashMapStateStore, ShrinkableKeyedStateStore as _},
    },
};
use model::TenantId;
use moka::sync::Cache;

use crate::{
    Answer, Ask, Found, LIFETIME_SECONDS, Limit, Scope, Stamp, Stamps, Standing, Touched,
    gcra::{Decided, Rule},
    stamps::Stamper,
};

/// The most stamps that are held. One that has no room is as good as one that was replaced.
const MOST_STAMPS: u64 = 50_000;
/// How often buckets that are full are let go, in asks.
const SWEEP_EACH: u64 = 10_000;

/// Whose bucket it is: of the tenant, for what, and a digest of the rest.
type Key = (TenantId, Scope, [u8; 16]);

/// What time it is, in nanoseconds since some instant.
#[derive(Clone)]
pub(crate) enum Time {
    Since(Instant),
    /// Set by tests.
    #[cfg(test)]
    Set(std::sync::Arc<AtomicU64>),
}

impl Time {
    fn now(&self) -> u64 {
        match self {
            Self::Since(start) => u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
            #[cfg(test)]
            Self::Set(nanos) => nanos.load(Ordering::SeqCst),
        }
    }
}

pub(crate) struct InProcess {
    stamper: Stamper,
    time: Time,
    buckets: DashMapStateStore<Key>,
    asks: AtomicU64,
    tenants: Cache<TenantId, Stamp>,
    licenses: Cache<(TenantId, [u8; 32]), Stamp>,
}

impl InProcess {
    pub(crate) fn new(instance: u64, time: Time) -> Self {
        // Longer than anything that was kept under a stamp.
        let lifetime = Duration::from_secs(2 * LIFETIME_SECONDS);
        Self {
            stamper: Stamper::new(instance),
            time,
            buckets: DashMapStateStore::default(),
            asks: AtomicU64::new(0),
            tenants: Cache::builder().max_capacity(MOST_STAMPS).time_to_idle(lifetime).build(),
            licenses: Cache::builder().max_capacity(MOST_STAMPS).time_to_idle(lifetime).build(),
        }
    }

    pub(crate) fn ask(&self, ask: Ask<'_>) -> Answer {
        let limits = self.count(ask.tenant, ask.limits);
        let tenant = self.tenants.get_with(ask.tenant, || self.stamper.next());
        let allowed = limits.iter().all(|standing| standing.retry_after.is_none());
        let license = ask.license.filter(|_| allowed).map_or(Found::Unknown, |look_up| {
            let key = (ask.tenant, *look_up.key_hash);
            let license = self.licenses.get_with(key, || self.stamper.next());
            let stamps = Stamps { tenant, license };
            if look_up.held == Some(stamps) { Found::Current } else { Found::Missing(stamps) }
        });
        Answer { limits, tenant: Some(tenant), license }
    }

    /// Takes one of each limit, where all of them allow it.
    pub(crate) fn count(&self, tenant: TenantId, limits: &[Limit<'_>]) -> Vec<Standing> {
        let now = self.time.now();
        if self.asks.fetch_add(1, Ordering::Relaxed) % SWEEP_EACH == SWEEP_EACH - 1 {
            self.buckets.retain_recent(Nanos::new(now));
        }
        let keys: Vec<Key> =
            limits.iter().map(|limit| (tenant, limit.scope, crate::digest(limit.of))).collect();
        let mut guessed = false;
        let mut standings: Vec<Standing> = limits
            .iter()
            .zip(&keys)
            .map(|(limit, key)| {
                let standing = self.look(key, limit, now);
                guessed |= limit.scope == Scope::WrongKeysOfAddress && standing.full_after > 0;
                match limit.scope {
                    Scope::WrongKeysOfTenant if !(limit.take || guessed) => {
                        Standing { retry_after: None, ..standing }
                    }
                    _ => standing,
                }
            })
            .collect();
        if standings.iter().any(|standing| standing.retry_after.is_some()) {
            return standings;
        }
        for (index, (limit, key)) in limits.iter().zip(&keys).enumerate() {
            if !limit.take {
                continue;
            }
            let standing = self.take(key, limit, now);
            let refused = standing.retry_after.is_some();
            if let Some(place) = standings.get_mut(index) {
                *place = standing;
            }
            if refused {
                // Another request came in between: what was taken for this one is given back.
                for (limit, key) in limits.iter().zip(&keys).take(index).filter(|(limit, _)| limit.take) {
                    self.give_back(key, limit);
                }
                break;
            }
        }
        standings
    }

    fn look(&self, key: &Key, limit: &Limit<'_>, now: u64) -> Standing {
        let rule = Rule::new(limit.quota);
        let looked: Result<((), Nanos), Standing> = self.buckets.measure_and_replace(key, |state| {
            Err::<(((), Nanos), Nanos), _>(rule.decide(at(state), now, false).standing)
        });
        looked.err().unwrap_or(Standing { left: 0, full_after: 0, retry_after: Some(1) })
    }

    fn take(&self, key: &Key, limit: &Limit<'_>, now: u64) -> Standing {
        let rule = Rule::new(limit.quota);
        let taken = self.buckets.measure_and_replace(key, |state| {
            let Decided { standing, full_at } = rule.decide(at(state), now, true);
            if standing.retry_after.is_some() { Err(standing) } else { Ok((standing, Nanos::new(full_at))) }
        });
        taken.unwrap_or_else(|refused| refused)
    }

    fn give_back(&self, key: &Key, limit: &Limit<'_>) {
        let one = Rule::new(limit.quota).one();
        let _given: Result<(), ()> = self
            .buckets
            .measure_and_replace(key, |state| Ok(((), Nanos::new(at(state).saturating_sub(one)))));
    }

    pub(crate) fn forget(&self, tenant: TenantId, touched: &Touched) {
        match touched {
            Touched::Tenant => self.tenants.insert(tenant, self.stamper.next()),
            Touched::Licenses(hashes) => {
                for hash in hashes {
                    self.licenses.insert((tenant, *hash), self.stamper.next());
                }
            }
        }
    }
}

fn at(state: Option<Nanos>) -> u64 {
    state.map_or(0, Nanos::as_u64)
}
