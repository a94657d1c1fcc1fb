//! Limits that are counted in this process.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use model::TenantId;
use sha2::{Digest as _, Sha256};

use crate::{
    Clock, Limit, Scope, Standing,
    gcra::{Bucket, Rule, decide},
    parts::Parts,
};

/// The most limits that a part remembers. When there are more, those are forgotten that would be full the soonest.
const MOST: usize = 4_096;

/// From how many limits on a part looks for those that are full, and so need not be remembered.
const FEW: usize = 256;

pub(crate) struct Limits {
    clock: Clock,
    /// All limits of a tenant are in the same part.
    parts: Parts<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name {
    tenant: TenantId,
    scope: Scope,
    of: [u8; 16],
}

#[derive(Default)]
struct Part {
    /// When each is full.
    full: HashMap<Name, u64, RandomState>,
    /// From which size on it is tidied.
    enough: usize,
}

impl Limits {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, parts: Parts::default() }
    }

    /// Takes one of each, or none when one of them refuses.
    pub(crate) fn ask(&self, tenant: TenantId, limits: &[Limit<'_>]) -> Vec<Standing> {
        let name = |limit: &Limit<'_>| Name { tenant, scope: limit.scope, of: short(limit.of) };
        let mut names: Vec<_> = limits.iter().map(|limit| (name(limit), 0)).collect();
        let mut debts = Vec::with_capacity(limits.len());
        let Some(mut part) = self.parts.of(tenant) else { return Vec::new() };
        let now = u64::try_from(self.clock.now().as_nanos()).unwrap_or(u64::MAX);
        for (limit, (name, before)) in limits.iter().zip(&mut names) {
            let full = part.full.get(name).copied().unwrap_or_default();
            *before = Bucket::of(limit.quota).debt(full, now);
            debts.push(*before);
        }
        let standings = decide(limits.iter().map(Rule::of), &mut debts);
        for ((name, before), debt) in names.into_iter().zip(debts) {
            if debt != before {
                part.full.insert(name, now.saturating_add(debt));
            }
        }
        part.tidy(now);
        standings
    }
}

impl Part {
    fn tidy(&mut self, now: u64) {
        if self.full.len() <= self.enough.max(FEW) {
            return;
        }
        self.full.retain(|_, full| *full > now);
        if self.full.len() >= MOST {
            let mut all: Vec<_> = self.full.values().copied().collect();
            let (_, middle, _) = all.select_nth_unstable(MOST / 2);
            let middle = *middle;
            self.full.retain(|_, full| *full > middle);
        }
        self.enough = (2 * self.full.len()).clamp(FEW, MOST);
        self.full.shrink_to(self.enough);
    }
}

/// Names whose limit it is in 16 bytes, whatever it is.
pub(crate) fn short(of: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    let mut copy = |from: &[u8]| short.iter_mut().zip(from).for_each(|(byte, from)| *byte = *from);
    if of.len() < 16 {
        copy(of);
        // So that no name is the beginning of another.
        let [.., last] = &mut short;
        *last = of.len().to_le_bytes()[0];
    } else {
        copy(&Sha256::digest(of));
    }
    short
}
