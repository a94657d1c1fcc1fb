//! What was loaded a moment ago and is used again: tenants, keys that sign, and licenses for their checks.
//!
//! Everything is kept under the stamps that were asked for before it was loaded (see `ephemeral`), and in the era in
//! which it was loaded. An era ends when somebody who has no share in the stamps has changed something: a command beside
//! a server, or a server that cannot reach Redis. They raise the epoch in the database, at which every server looks
//! each [`EPOCH_PERIOD`].

mod admit;
mod check;
mod era;
mod forget;
mod meters;
mod right_at;
mod visit;

use std::{sync::Arc, time::Duration};

use ephemeral::{Ephemeral, Shelf, Stamp};
use model::{DomainName, RateLimits, TenantId, TenantSlug};

pub use admit::{Admission, LimitStanding, Presented, Throttled};
pub use check::Recall;
pub(crate) use check::Recalled;
pub use visit::Visit;

use self::check::HeldCheck;
use self::{era::Eras, meters::Meters};
use crate::leases::ActiveKey;

/// How often a server looks at the epoch.
pub const EPOCH_PERIOD: Duration = Duration::from_millis(250);

/// Licenses that one process holds.
const MOST_CHECKS: usize = 5_000;
/// Tenants that one process holds, with their domains and their keys.
const MOST_TENANTS: usize = 5_000;

/// Which other processes change what this one keeps, and how they learn of each other's changes.
#[derive(Clone)]
pub enum Servers {
    /// This is the only server of its database; commands may run beside it.
    Alone,
    /// One of many servers, which share the state that may vanish.
    Sharing(Ephemeral),
    /// Perhaps one of many servers, which share nothing but the database: the checks of licenses are not kept.
    Apart,
    /// No server, but a command beside servers.
    Beside,
}

/// What there is beside the database.
#[derive(Clone)]
pub struct Surroundings {
    /// Which servers there are.
    pub servers: Servers,
    /// The usual rate limits; none are kept when absent.
    pub rate_limits: Option<RateLimits>,
}

impl Surroundings {
    /// Those of a command.
    #[must_use]
    pub const fn of_command() -> Self {
        Self { servers: Servers::Beside, rate_limits: None }
    }

    /// Those of the only server of a database, with the usual rate limits.
    #[must_use]
    pub const fn alone() -> Self {
        Self { servers: Servers::Alone, rate_limits: Some(RateLimits::DEFAULT) }
    }
}

/// What tells whether something that is held is still right: the tenant's stamp, where there is one, and the era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) tenant: Option<Stamp>,
    pub(crate) era: u64,
}

/// What this process holds, and what it knows of the changes of others.
pub(crate) struct Recent {
    pub(crate) ephemeral: Ephemeral,
    servers: Role,
    rate_limits: Option<RateLimits>,
    eras: Eras,
    checks: Shelf<[u8; 32], Arc<HeldCheck>>,
    tenants: Shelf<TenantSlug, Visit>,
    domains: Shelf<DomainName, (u64, Option<TenantSlug>)>,
    keys: Shelf<TenantId, (Mark, ActiveKey)>,
    meters: Meters,
}

/// [`Servers`] without what they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Alone,
    Sharing,
    Apart,
    Beside,
}

impl Recent {
    /// `instance` is a random number.
    pub(crate) fn new(surroundings: Surroundings, instance: u64, epoch: i64) -> Self {
        let in_process = || Ephemeral::in_process(instance);
        let (servers, ephemeral) = match surroundings.servers {
            Servers::Alone => (Role::Alone, in_process()),
            Servers::Sharing(ephemeral) => (Role::Sharing, ephemeral),
            Servers::Apart => (Role::Apart, in_process()),
            Servers::Beside => (Role::Beside, in_process()),
        };
        let eras = Eras::new(epoch, ephemeral.interruptions());
        Self {
            servers,
            ephemeral,
            rate_limits: surroundings.rate_limits,
            meters: Meters::new(&eras),
            eras,
            checks: Shelf::new(MOST_CHECKS),
            tenants: Shelf::new(MOST_TENANTS),
            domains: Shelf::new(MOST_TENANTS),
            keys: Shelf::new(MOST_TENANTS),
        }
    }

    /// Whether checks of licenses are kept.
    fn keeps_checks(&self) -> bool {
        matches!(self.servers, Role::Alone | Role::Sharing)
    }

    /// The key that signs for a tenant, if it is held under this mark.
    pub(crate) fn key(&self, tenant: TenantId, mark: Mark) -> Option<ActiveKey> {
        mark.tenant?;
        self.keys.get(&tenant).filter(|(held, _)| *held == mark).map(|(_, key)| key)
    }

    /// Holds the key that signs for a tenant, which was loaded after this mark was known.
    pub(crate) fn hold_key(&self, tenant: TenantId, mark: Mark, key: ActiveKey) {
        self.keys.put(tenant, (mark, key));
    }

    /// Holds that key no more.
    pub(crate) fn let_key_go(&self, tenant: TenantId) {
        self.keys.remove(&tenant);
    }
}
