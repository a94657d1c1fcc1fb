//! Counting checks, in batches.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    hash::Hash,
    mem,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use model::{Action, ApiKeyId, Day, Event, LicenseId, MachineId, Outcome, TenantId, Timestamp};
use opentelemetry::{KeyValue, global, metrics::Counter};
use store::CheckTally;
use tokio::time::{Instant, sleep_until};

use crate::{Error, Licensing, usage::Counted};

/// Checks that are not written yet.
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
    licenses: HashMap<LicenseId, Tally>,
    machines: HashMap<MachineId, Tally>,
    api_keys: BTreeMap<ApiKeyId, Timestamp>,
    usage: BTreeMap<(Day, Counted), u64>,
    events: Vec<Event>,
    lost_events: usize,
}

/// How many licenses, and machines, are written at a time: a few milliseconds of work for the database.
const PIECE: usize = 250;

impl TenantTallies {
    fn use_on(&mut self, day: Day, counted: impl Iterator<Item = Counted>) {
        for one in counted {
            *self.usage.entry((day, one)).or_default() += 1;
        }
    }

    /// The same in pieces, of which the first has what is not of a license or a machine.
    fn into_pieces(self) -> Vec<Self> {
        let Self { licenses, machines, api_keys, usage, events, lost_events } = self;
        let (mut licenses, mut machines) = (licenses.into_iter().peekable(), machines.into_iter().peekable());
        let mut pieces = vec![Self { api_keys, usage, events, lost_events, ..Self::default() }];
        loop {
            if let Some(piece) = pieces.last_mut() {
                piece.licenses = licenses.by_ref().take(PIECE).collect();
                piece.machines = machines.by_ref().take(PIECE).collect();
            }
            if licenses.peek().is_none() && machines.peek().is_none() {
                return pieces;
            }
            pieces.push(Self::default());
        }
    }
}

/// The most events of checks that wait for the database, for each tenant.
const MOST_EVENTS: usize = 10_000;

impl Bookkeeping {
    /// Counts one check, and what it found, if it found a license.
    pub(crate) fn count_check(
        &self,
        tenant: TenantId,
        outcome: Outcome,
        found: Option<(LicenseId, Option<MachineId>)>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) {
        let name = match outcome {
            Outcome::Done => "valid",
            Outcome::Refused(reason) => reason.code(),
        };
        self.checks.add(1, &[KeyValue::new("outcome", name)]);
        let one = Tally { count: 1, first: now, last: now, address };
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = tallies.entry(tenant).or_default();
        of_tenant.use_on(Day::of(now), Counted::of(Action::LicenseCheck, outcome));
        if let Some((license, machine)) = found {
            if let Some(machine) = machine {
                add(&mut of_tenant.machines, machine, one);
            }
            add(&mut of_tenant.licenses, license, one);
        }
    }

    /// Counts an attempt of an app among what is used on its day.
    pub(crate) fn count_attempt(&self, tenant: TenantId, action: Action, outcome: Outcome, now: Timestamp) {
        let mut counted = Counted::of(action, outcome).peekable();
        if counted.peek().is_some() {
            let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
            tallies.entry(tenant).or_default().use_on(Day::of(now), counted);
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

fn add<K: Eq + Hash>(tallies: &mut HashMap<K, Tally>, id: K, more: Tally) {
    match tallies.entry(id) {
        Entry::Vacant(new) => {
            new.insert(more);
        }
        Entry::Occupied(known) => {
            let tally = known.into_mut();
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
    /// Writes the checks counted since the last time, with the events of those that are to be events. Called at shutdown.
    ///
    /// # Errors
    /// [`Error::Unavailable`], with the counts kept for the next time.
    pub async fn flush_checks(&self) -> Result<(), Error> {
        self.flush_checks_in(Duration::ZERO).await
    }

    /// As [`Self::flush_checks`], spread over about this time where there is much to write, so that checks have their turn
    /// meanwhile. Called every 0.8 seconds and given 0.15 of them, so that what is written is at most a second behind, and
    /// a crash loses that much of statistics.
    ///
    /// # Errors
    /// [`Error::Unavailable`], with the counts kept for the next time.
    pub async fn flush_checks_in(&self, time: Duration) -> Result<(), Error> {
        let tallies = self.inner.bookkeeping.take().into_iter();
        let all: Vec<_> = tallies.map(|(tenant, tallies)| (tenant, tallies.into_pieces())).collect();
        let many: usize = all.iter().map(|(_, pieces)| pieces.len()).sum();
        let apart = time / u32::try_from(many).unwrap_or(u32::MAX).max(1);
        let (mut due, mut first_error) = (Instant::now(), None);
        for (tenant, pieces) in all {
            let mut fails = false;
            for piece in pieces {
                // When one fails the others of the tenant would as well.
                if !fails {
                    // By the clock, and not each for so long: many small pieces do not wait for whole milliseconds each.
                    if Instant::now() < due {
                        sleep_until(due).await;
                    }
                    due += apart;
                    if let Err(error) = self.write_tallies(tenant, &piece).await {
                        fails = true;
                        first_error.get_or_insert(error);
                    }
                }
                if fails {
                    self.inner.bookkeeping.put_back(tenant, piece);
                }
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
        // In the order in which rows are always written: no two batches wait for each other.
        let mut licenses: Vec<_> = tallies.licenses.iter().map(|(id, tally)| (*id, tally.row())).collect();
        licenses.sort_unstable_by_key(|(id, _)| *id);
        tx.checks().count_licenses(&licenses).await?;
        let mut machines: Vec<_> = tallies.machines.iter().map(|(id, tally)| (*id, tally.row())).collect();
        machines.sort_unstable_by_key(|(id, _)| *id);
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

#[cfg(test)]
mod tests {
    use model::Reason;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn pieces_have_everything_once() {
        let bookkeeping = Bookkeeping::default();
        let tenant = TenantId::from_uuid(Uuid::nil());
        let now = Timestamp::MIN;
        for (licenses, machines, expected) in [(0, 0, 1), (1, 1, 1), (250, 250, 1), (251, 3, 2), (20, 600, 3)]
        {
            let id = |number: u128| Uuid::from_u128(number + 1);
            for number in 0..licenses.max(machines) {
                let machine = (number < machines).then(|| MachineId::from_uuid(id(number)));
                let license = LicenseId::from_uuid(id(number.min(licenses - 1)));
                bookkeeping.count_check(tenant, Outcome::Done, Some((license, machine)), None, now);
            }
            bookkeeping.count_check(tenant, Outcome::Refused(Reason::NotFound), None, None, now);
            let pieces = bookkeeping.take().remove(&tenant).unwrap().into_pieces();
            assert_eq!(pieces.len(), expected, "{licenses} {machines}");
            assert!(
                pieces.iter().all(|piece| piece.licenses.len() <= PIECE && piece.machines.len() <= PIECE)
            );
            let with_usage: Vec<_> = pieces.iter().map(|piece| !piece.usage.is_empty()).collect();
            assert!(with_usage.iter().enumerate().all(|(place, with)| *with == (place == 0)));
            for piece in pieces {
                bookkeeping.put_back(tenant, piece);
            }
            let all = bookkeeping.take().remove(&tenant).unwrap();
            let count = |tallies: Vec<u64>| tallies.into_iter().map(u128::from).sum::<u128>();
            assert_eq!(all.licenses.len() as u128, licenses);
            assert_eq!(
                count(all.licenses.values().map(|tally| tally.count).collect()),
                licenses.max(machines)
            );
            assert_eq!(count(all.machines.values().map(|tally| tally.count).collect()), machines);
            assert_eq!(count(all.usage.values().copied().collect()), 2 * licenses.max(machines) + 2);
        }
    }
}
