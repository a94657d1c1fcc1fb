//! The face for one server.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use model::TenantId;
use moka::sync::Cache;

use crate::{Answer, Ask, Clock, Found, LIFETIME_SECONDS, Stamp, Stamps, Touched, limits::Limits};

/// The most stamps of licenses that are held, and of tenants. One that has no room is as good as one that was replaced.
const MOST_STAMPS: u64 = 200_000;

pub(crate) struct InProcess {
    limits: Limits,
    instance: u64,
    next: AtomicU64,
    tenants: Cache<TenantId, Stamp>,
    licenses: Cache<(TenantId, [u8; 32]), Stamp>,
}

impl InProcess {
    pub(crate) fn new(instance: u64, clock: Clock) -> Self {
        // Longer than anything that was kept under a stamp.
        let lifetime = Duration::from_secs(2 * LIFETIME_SECONDS);
        Self {
            limits: Limits::new(clock),
            instance,
            next: AtomicU64::new(0),
            tenants: Cache::builder().max_capacity(MOST_STAMPS).time_to_idle(lifetime).build(),
            licenses: Cache::builder().max_capacity(MOST_STAMPS).time_to_idle(lifetime).build(),
        }
    }

    pub(crate) fn ask(&self, ask: Ask<'_>) -> Answer {
        let limits = self.limits.ask(ask.tenant, ask.limits);
        let allowed = limits.iter().all(|standing| standing.retry_after.is_none());
        let tenant = self.tenants.get_with(ask.tenant, || self.stamp());
        let license = ask.license.filter(|_| allowed).map_or(Found::Unknown, |look_up| {
            let license = self.licenses.get_with((ask.tenant, *look_up.key_hash), || self.stamp());
            let stamps = Stamps { tenant, license };
            if look_up.held == Some(stamps) { Found::Current } else { Found::Missing(stamps) }
        });
        Answer { limits, tenant: Some(tenant), license }
    }

    pub(crate) fn forget(&self, tenant: TenantId, touched: &Touched) {
        match touched {
            Touched::Tenant => self.tenants.insert(tenant, self.stamp()),
            Touched::Licenses(hashes) => {
                for hash in hashes {
                    self.licenses.insert((tenant, *hash), self.stamp());
                }
            }
        }
    }

    fn stamp(&self) -> Stamp {
        let mut bytes = [0; 16];
        let (instance, number) = bytes.split_at_mut(8);
        instance.copy_from_slice(&self.instance.to_be_bytes());
        number.copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Stamp(bytes)
    }
}
