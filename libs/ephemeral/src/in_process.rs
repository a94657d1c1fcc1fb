//! The face for one server.

use std::sync::atomic::{AtomicU64, Ordering};

use model::TenantId;

use crate::{Answer, Ask, Clock, Found, Stamp, Stamps, Touched, limits::Limits};

/// How many stamps licenses share, and tenants. Two that have one stamp are both forgotten when one of them is
/// touched, which costs a load.
const LICENSES: usize = 1 << 16;
const TENANTS: usize = 1 << 12;

pub(crate) struct InProcess {
    limits: Limits,
    instance: u64,
    /// The numbers of the stamps of now, none of which is ever given twice: of licenses, and behind them of tenants.
    numbers: Box<[AtomicU64]>,
    next: AtomicU64,
}

impl InProcess {
    pub(crate) fn new(instance: u64, clock: Clock) -> Self {
        let all = (LICENSES + TENANTS) as u64;
        Self {
            limits: Limits::new(clock),
            instance,
            numbers: (0..all).map(AtomicU64::new).collect(),
            next: AtomicU64::new(all),
        }
    }

    pub(crate) fn ask(&self, ask: Ask<'_>) -> Answer {
        let limits = self.limits.ask(ask.tenant, ask.limits);
        let allowed = limits.iter().all(|standing| standing.retry_after.is_none());
        let tenant = self.stamp(place_of_tenant(ask.tenant));
        let license = ask.license.filter(|_| allowed).map_or(Found::Unknown, |look_up| {
            let stamps = Stamps { tenant, license: self.stamp(place_of_license(look_up.key_hash)) };
            if look_up.held == Some(stamps) { Found::Current } else { Found::Missing(stamps) }
        });
        Answer { limits, tenant: Some(tenant), license }
    }

    pub(crate) fn forget(&self, tenant: TenantId, touched: &Touched) {
        match touched {
            Touched::Tenant => self.replace(place_of_tenant(tenant)),
            Touched::Licenses(hashes) => {
                for hash in hashes {
                    self.replace(place_of_license(hash));
                }
            }
        }
    }

    fn stamp(&self, place: usize) -> Stamp {
        let number = self.numbers.get(place).map_or(u64::MAX, |number| number.load(Ordering::SeqCst));
        let mut bytes = [0; 16];
        let (first, second) = bytes.split_at_mut(8);
        first.copy_from_slice(&self.instance.to_be_bytes());
        second.copy_from_slice(&number.to_be_bytes());
        Stamp(bytes)
    }

    fn replace(&self, place: usize) {
        if let Some(number) = self.numbers.get(place) {
            number.store(self.next.fetch_add(1, Ordering::Relaxed), Ordering::SeqCst);
        }
    }
}

/// A keyed hash is spread evenly, and nobody can choose it.
fn place_of_license(key_hash: &[u8; 32]) -> usize {
    let [a, b, c, d, ..] = *key_hash;
    u32::from_be_bytes([a, b, c, d]) as usize % LICENSES
}

/// The last bits of an identifier are random.
fn place_of_tenant(tenant: TenantId) -> usize {
    let [.., a, b] = tenant.uuid().into_bytes();
    LICENSES + usize::from(u16::from_be_bytes([a, b])) % TENANTS
}
