//! Writing the audit log.

use std::sync::{Mutex, PoisonError};

use model::{Action, Event, EventId, Outcome, Subject, Timestamp, event::ID_AHEAD_MILLIS};
use serde_json::Value;
use store::Tx;

use crate::{Call, Entropy, Error, Licensing};

/// What happened, before it is known as an event.
pub(crate) struct Entry {
    pub(crate) action: Action,
    pub(crate) subject: Option<Subject>,
    pub(crate) outcome: Outcome,
    pub(crate) details: Value,
}

impl Entry {
    /// Something was done.
    pub(crate) const fn done(action: Action, subject: Subject, details: Value) -> Self {
        Self { action, subject: Some(subject), outcome: Outcome::Done, details }
    }
}

impl Licensing {
    /// Writes an event in the transaction of what it tells of.
    pub(crate) async fn audit(
        &self,
        tx: &mut Tx,
        call: &Call,
        now: Timestamp,
        entry: Entry,
    ) -> Result<(), Error> {
        let event = self.new_event(call, now, entry);
        tx.events().append(&event).await?;
        self.inner.bookkeeping.count_attempt(tx.tenant(), event.action, event.outcome, now);
        Ok(())
    }

    /// Writes many events in the transaction of what they tell of, in their order.
    pub(crate) async fn audit_many(
        &self,
        tx: &mut Tx,
        call: &Call,
        now: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), Error> {
        let events: Vec<Event> = entries.into_iter().map(|entry| self.new_event(call, now, entry)).collect();
        Ok(tx.events().append_many(&events).await?)
    }

    /// What happened, as an event.
    pub(crate) fn new_event(&self, call: &Call, now: Timestamp, mut entry: Entry) -> Event {
        leave_out_nulls(&mut entry.details);
        Event {
            id: self.inner.event_order.next(&self.inner.entropy, now),
            at: now,
            actor: call.actor.clone(),
            action: entry.action,
            subject: entry.subject,
            outcome: entry.outcome,
            address: call.address.map(|address| address.to_string()),
            request_id: call.request_id.as_deref().map(str::to_owned),
            details: entry.details,
        }
    }
}

/// What is not known is left out, not null.
fn leave_out_nulls(details: &mut Value) {
    if let Value::Object(facts) = details {
        facts.retain(|_, fact| !fact.is_null());
        facts.values_mut().for_each(leave_out_nulls);
    }
}

/// Makes identifiers of events that sort as the events happened, also within a millisecond: the first of the random
/// bits are a counter (RFC 9562 section 6.2, method 1). When the clock is set back by more than [`ID_AHEAD_MILLIS`], they
/// follow it: who looks for a time looks for identifiers no further from it than that.
#[derive(Default)]
pub(crate) struct EventOrder {
    last: Mutex<(u64, u16)>,
}

impl EventOrder {
    /// More events than this in a millisecond go on in the next one.
    const MOST: u16 = 0x0fff;

    fn next(&self, entropy: &Entropy, now: Timestamp) -> EventId {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = u64::try_from(now.unix_micros() / 1_000).unwrap_or(0);
        *last = match *last {
            (before, _) if millis > before || before - millis >= ID_AHEAD_MILLIS => (millis, 0),
            (before, Self::MOST) => (before + 1, 0),
            (before, count) => (before, count + 1),
        };
        let (millis, count) = *last;
        drop(last);
        let mut bits: [u8; 10] = entropy.bytes();
        let [high, low] = count.to_be_bytes();
        (bits[0], bits[1]) = (high, low);
        EventId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_sort_as_they_happened() {
        let order = EventOrder::default();
        let entropy = Entropy::seeded(1);
        let now = Timestamp::from_unix_seconds(1_800_000_000).unwrap();
        let mut ids: Vec<_> = (0..10_000).map(|_| order.next(&entropy, now)).collect();
        ids.push(order.next(&entropy, now.plus_seconds(-5)));
        ids.push(order.next(&entropy, now.plus_seconds(5)));
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id.uuid().get_version_num() == 7));
    }

    #[test]
    fn identifiers_are_never_before_their_time_nor_far_after_it() {
        let order = EventOrder::default();
        let entropy = Entropy::seeded(1);
        let start = Timestamp::from_unix_seconds(1_800_000_000).unwrap();
        for seconds in [0, 100, 91, 90, 89, 0, 3, -7, -8, 5_000] {
            let now = start.plus_seconds(seconds);
            let millis = u64::try_from(now.unix_micros() / 1_000).unwrap();
            for _ in 0..5_000 {
                let in_id = u64::try_from(order.next(&entropy, now).uuid().as_u128() >> 80).unwrap();
                assert!((millis..=millis + ID_AHEAD_MILLIS).contains(&in_id), "{seconds}: {in_id}");
            }
        }
    }
}
