//! Counting checks, in batches.

use std::{
    collections::BTreeMap,
    mem,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use model::{Action, ApiKeyId, Day, Event, LicenseId, MachineId, Outcome, TenantId, Timestamp};
use opentelemetry::{KeyValue, global, metrics::Counter};
use store::CheckTally;

use crate::{Error, Licensing, usage::Counted};

/// Checks that are not written yet, in the order in which rows are always written: no two batches can wait
/// for each other.
pub(crate) struct Bookkeeping {
    tallies: Mutex<Tallies>,
    /// The same for operators, without tenants.
    checks: Counter<u64>,
}

impl Default for Bookkeeping {
    fn default() -> Self {
        let checks = global::meter("leasehold")
            .u64_counter("leasehold.checks")
            .with_description("Checks of licenses, by outcome: valid, or the code of the reason against it.")
            .with_unit("{check}")
            .build();
        Self { tallies: Mutex::default(), checks }
    }
}

/// What is counted of the checks of a license or machine.
#[derive(Clone, Copy)]
struct Tally {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    /// Where the last came from.
    address: Option<IpAddr>,
}

impl Tally {
    fn row(&self) -> CheckTally {
        let Self { count, first, last, address } = *self;
        CheckTally { count, first, last, address: address.map(|address| address.to_string()) }
    }
}

type Tallies = BTreeMap<TenantId, TenantTallies>;

#[derive(Default)]
struct TenantTallies {
    licenses: BTreeMap<LicenseId, Tally>,
    machines: BTreeMap<MachineId, Tally>,
    api_keys: BTreeMap<ApiKeyId, Timestamp>,
    usage: BTreeMap<(Day, Counted), u64>,
    events: Vec<Event>,
    lost_events: usize,
}

/// The most events of checks that wait for the database, for each tenant.
const MOST_EVENTS: usize = 10_000;

impl Bookkeeping {
    /// Counts one check.
    pub(crate) fn count(
        &self,
        tenant: TenantId,
        license: LicenseId,
        machine: Option<MachineId>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) {
        let one = Tally { count: 1, first: now, last: now, address };
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = tallies.entry(tenant).or_default();
        if let Some(machine) = machine {
            add(&mut of_tenant.machines, machine, one);
        }
        add(&mut of_tenant.licenses, license, one);
    }

    /// Counts an attempt of an app among what is used on its day.
    pub(crate) fn count_attempt(&self, tenant: TenantId, action: Action, outcome: Outcome, now: Timestamp) {
        if action == Action::LicenseCheck {
            let outcome = match outcome {
                Outcome::Done => "valid",
                Outcome::Refused(reason) => reason.code(),
            };
            self.checks.add(1, &[KeyValue::new("outcome", outcome)]);
        }
        let mut counted = Counted::of(action, outcome).peekable();
        if counted.peek().is_none() {
            return;
        }
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = &mut tallies.entry(tenant).or_default().usage;
        for one in counted {
            *usage.entry((Day::of(now), one)).or_default() += 1;
        }
    }

    /// Notes the use of an API key.
    pub(crate) fn touch(&self, tenant: TenantId, key: ApiKeyId, now: Timestamp) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.entry(tenant).or_default().api_keys.insert(key, now);
    }

    /// Notes a check for the audit log; loses it where too many wait already, since the database does not answer.
    pub(crate) fn note(&self, tenant: TenantId, event: Event) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = tallies.entry(tenant).or_default();
        if of_tenant.events.len() < MOST_EVENTS {
            of_tenant.events.push(event);
        } else {
            of_tenant.lost_events += 1;
        }
    }

    /// How many rows and events wait to be written.
    fn pending(&self) -> usize {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = |t: &TenantTallies| {
            t.licenses.len() + t.machines.len() + t.api_keys.len() + t.usage.len() + t.events.len()
        };
        tallies.values().map(of_tenant).sum()
    }

    fn take(&self) -> Tallies {
        mem::take(&mut *self.tallies.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, tenant: TenantId, mut unwritten: TenantTallies) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = tallies.entry(tenant).or_default();
        for (id, tally) in unwritten.licenses {
            add(&mut of_tenant.licenses, id, tally);
        }
        for (id, tally) in unwritten.machines {
            add(&mut of_tenant.machines, id, tally);
        }
        for (id, at) in unwritten.api_keys {
            of_tenant.api_keys.entry(id).or_insert(at);
        }
        for (of, count) in unwritten.usage {
            *of_tenant.usage.entry(of).or_default() += count;
        }
        unwritten.events.append(&mut of_tenant.events);
        of_tenant.lost_events += unwritten.lost_events + unwritten.events.len().saturating_sub(MOST_EVENTS);
        unwritten.events.truncate(MOST_EVENTS);
        of_tenant.events = unwritten.events;
    }
}

fn add<K: Ord>(tallies: &mut BTreeMap<K, Tally>, id: K, more: Tally) {
    match tallies.get_mut(&id) {
        None => {
            tallies.insert(id, more);
        }
        Some(tally) => {
            tally.count += more.count;
            tally.first = tally.first.min(more.first);
            if more.last >= tally.last {
                tally.last = more.last;
                tally.address = more.address;
            }
        }
    }
}

impl Licensing {
    /// Writes the checks counted since the last time, with the events of those that are to be events. Called every 0.8
    /// seconds and at shutdown, so that what is written is at most a second behind, and a crash loses that much of statistics.
    ///
    /// # Errors
    /// [`Error::Unavailable`], with the counts kept for the next time.
    pub async fn flush_checks(&self) -> Result<(), Error> {
        let mut first_error = None;
        for (tenant, tallies) in self.inner.bookkeeping.take() {
            if let Err(error) = self.write_tallies(tenant, &tallies).await {
                self.inner.bookkeeping.put_back(tenant, tallies);
                first_error.get_or_insert(error);
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// How many rows and events of checks wait for [`Self::flush_checks`].
    #[must_use]
    pub fn pending_checks(&self) -> usize {
        self.inner.bookkeeping.pending()
    }

    async fn write_tallies(&self, tenant: TenantId, tallies: &TenantTallies) -> Result<(), Error> {
        let mut tx = self.inner.store.write(tenant).await?;
        tx.changes_no_check();
        let licenses: Vec<_> = tallies.licenses.iter().map(|(id, tally)| (*id, tally.row())).collect();
        tx.checks().count_licenses(&licenses).await?;
        let machines: Vec<_> = tallies.machines.iter().map(|(id, tally)| (*id, tally.row())).collect();
        tx.checks().count_machines(&machines).await?;
        for (id, at) in &tallies.api_keys {
            tx.api_keys().touch(*id, *at).await?;
        }
        for ((day, counted), count) in &tallies.usage {
            tx.usage().add(*day, &counted.code(), *count).await?;
        }
        tx.events().append_many(&tallies.events).await?;
        self.commit(tx).await?;
        if tallies.lost_events > 0 {
            tracing::warn!(
                lost = tallies.lost_events,
                "the audit log lacks checks: too many waited for the database"
            );
        }
        Ok(())
    }

    /// Deletes what has served its time, idempotency keys older than a day and tenants that were to be deleted; notes how
    /// many machines are active today.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.inner.clock.now();
        for tenant in self.inner.store.tenants().await? {
            let mut tx = self.inner.store.write(tenant.id).await?;
            tx.changes_no_check();
            let deleted = tx.idempotency_keys().sweep(now).await?;
            self.commit(tx).await?;
            if deleted > 0 {
                tracing::debug!(deleted, "deleted idempotency keys that had expired");
            }
            self.note_active_machines(tenant.id, now).await?;
        }
        self.delete_due_tenants(now).await
    }
}
