//! The arithmetic of limits (generic cell rate algorithm). The script in Redis decides by it too.
//!
//! A limit is a bucket that holds `count` and fills up one by one, each after a `period`. All that is known of it is when it
//! will be full again; the time until then is its debt.

use model::Quota;

use crate::{Limit, Scope, Standing};

/// Nanoseconds in a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// How a quota is counted.
#[derive(Clone, Copy)]
pub(crate) struct Bucket {
    /// After how many nanoseconds one more is there.
    pub(crate) period: u64,
    /// How many there are when it is full.
    pub(crate) count: u32,
}

impl Bucket {
    pub(crate) const fn of(quota: Quota) -> Self {
        Self { period: quota.seconds() as u64 * SECOND / quota.count() as u64, count: quota.count() }
    }

    /// The debt when nothing is left.
    const fn most(self) -> u64 {
        self.period * self.count as u64
    }

    /// The debt of a bucket that is full at the instant `full`.
    pub(crate) fn debt(self, full: u64, now: u64) -> u64 {
        full.saturating_sub(now).min(self.most())
    }

    /// How long it takes until one can be taken.
    const fn wait(self, debt: u64) -> u64 {
        (debt + self.period).saturating_sub(self.most())
    }

    const fn left(self, debt: u64) -> u32 {
        // At most `count`.
        ((self.most() - debt) / self.period) as u32
    }

    /// How it stands for a request that it allows.
    pub(crate) fn standing(self, debt: u64) -> Standing {
        let debt = debt.min(self.most());
        Standing { left: self.left(debt), full_after: seconds(debt), retry_after: None }
    }
}

/// What decides of a limit, whosever it is.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) scope: Scope,
    pub(crate) quota: Quota,
    pub(crate) take: bool,
}

impl Rule {
    pub(crate) const fn of(limit: &Limit<'_>) -> Self {
        Self { scope: limit.scope, quota: limit.quota, take: limit.take }
    }
}

/// Decides about all limits of a request, given their debts, which grow by what is taken.
pub(crate) fn decide(rules: impl Iterator<Item = Rule> + Clone, debts: &mut [u64]) -> Vec<Standing> {
    let guesses = rules
        .clone()
        .zip(debts.iter())
        .any(|(rule, debt)| rule.scope == Scope::WrongKeysOfAddress && *debt > 0);
    let mut standings: Vec<_> = rules
        .clone()
        .zip(debts.iter())
        .map(|(rule, debt)| {
            let wait = Bucket::of(rule.quota).wait(*debt);
            let refuses = wait > 0 && (rule.scope != Scope::WrongKeysOfTenant || guesses);
            Standing { left: 0, full_after: 0, retry_after: refuses.then(|| seconds(wait)) }
        })
        .collect();
    let allowed = standings.iter().all(|standing| standing.retry_after.is_none());
    for ((rule, debt), standing) in rules.zip(debts).zip(&mut standings) {
        let bucket = Bucket::of(rule.quota);
        if allowed && rule.take && bucket.wait(*debt) == 0 {
            *debt += bucket.period;
        }
        *standing = Standing { retry_after: standing.retry_after, ..bucket.standing(*debt) };
    }
    standings
}

/// Whole seconds, rounded up.
fn seconds(nanoseconds: u64) -> u32 {
    u32::try_from(nanoseconds.div_ceil(SECOND)).unwrap_or(u32::MAX)
}
