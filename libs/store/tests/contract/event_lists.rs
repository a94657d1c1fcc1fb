//! Looking the audit log through.

use leasehold_store::{EventFilter, Page, Tx};
use model::{Action, Actor, ApiKeyId, Event, EventId, Subject, Timestamp, event::ID_AHEAD_MILLIS};
use testkit::{Database, on_both};
use uuid::Uuid;

use crate::common::{add_tenant, api_key_id, at, event, license_id, machine_id, product_id};

/// An event at that microsecond, with an identifier that runs ahead of it by so many milliseconds.
fn at_micro(number: u64, micros: i64, ahead: u64) -> Event {
    let millis = u64::try_from(micros / 1_000).unwrap() + ahead;
    let id = (u128::from(millis) << 80) | 0x7000_8000_0000_0000_0000 | u128::from(number);
    Event {
        id: EventId::from_uuid(Uuid::from_u128(id)),
        at: Timestamp::from_unix_micros(micros).unwrap(),
        ..event(1)
    }
}

async fn with(database: &Database, events: &[Event]) -> Tx {
    let other = add_tenant(&database.store, 2).await;
    let mut tx = database.store.write(other).await.unwrap();
    tx.events().append(&at_micro(99, 1_000_000, 0)).await.unwrap();
    let _changed = tx.commit().await.unwrap();
    let tenant = add_tenant(&database.store, 1).await;
    let mut tx = database.store.write(tenant).await.unwrap();
    for event in events {
        tx.events().append(event).await.unwrap();
    }
    tx
}

/// The numbers of the events that a filter lets through, piece by piece.
async fn found(tx: &mut Tx, filter: &EventFilter, descending: bool) -> Vec<u128> {
    let mut numbers = Vec::new();
    let mut page = Page { after: None, descending, limit: 2 };
    loop {
        let piece = tx.event_lists().list(filter, &page).await.unwrap();
        let Some(last) = piece.last() else { return numbers };
        page.after = Some(last.id.uuid());
        numbers.extend(piece.iter().map(|event| event.id.uuid().as_u128() & 0xffff));
    }
}

on_both! {
    async fn filters_narrow_the_log_down_together(database: Database) {
        let key = |number| Actor::ApiKey(api_key_id(number));
        let events = [
            Event { actor: Actor::App, ..at_micro(1, 1_000, 0) },
            Event { actor: key(1), action: Action::ProductCreate, subject: Some(Subject::Product(product_id(1))),
                ..at_micro(2, 2_000, 0) },
            Event { actor: key(2), action: Action::ProductCreate, subject: Some(Subject::Product(product_id(2))),
                ..at_micro(3, 3_000, 0) },
            Event { actor: key(1), action: Action::LicenseSuspend, subject: Some(Subject::License(license_id(1))),
                ..at_micro(4, 4_000, 0) },
            Event { subject: None, ..at_micro(5, 5_000, 0) },
        ];
        let mut tx = with(&database, &events).await;
        let all = EventFilter::default();
        let product = EventFilter { action: Some(Action::ProductCreate), ..all.clone() };
        let by = |id: ApiKeyId| EventFilter { actor_id: Some(id.uuid()), ..all.clone() };
        for (filter, expected) in [
            (all.clone(), vec![1, 2, 3, 4, 5]),
            (product.clone(), vec![2, 3]),
            (EventFilter { actor_id: Some(api_key_id(2).uuid()), ..product.clone() }, vec![3]),
            (EventFilter { subject_kind: Some("product".into()), ..all.clone() }, vec![2, 3]),
            (EventFilter { subject_kind: Some("product".into()), subject_id: Some(product_id(1).to_string()),
                ..all.clone() }, vec![2]),
            (EventFilter { subject_kind: Some("license".into()), subject_id: Some(product_id(1).to_string()),
                ..all.clone() }, vec![]),
            (EventFilter { subject_kind: Some("machine".into()), subject_id: Some(machine_id(1).to_string()),
                ..all.clone() }, vec![1]),
            (EventFilter { license: Some(license_id(1)), ..all.clone() }, vec![1, 4]),
            (EventFilter { license: Some(license_id(1)), actor: Some("app".into()), ..all.clone() }, vec![1]),
            (EventFilter { actor: Some("api_key".into()), ..all.clone() }, vec![2, 3, 4]),
            (by(api_key_id(1)), vec![2, 4]),
            (by(api_key_id(3)), vec![]),
            (EventFilter { since: Some(at(1)), ..product }, vec![]),
        ] {
            assert_eq!(found(&mut tx, &filter, false).await, expected, "{filter:?}");
            let backwards: Vec<_> = expected.into_iter().rev().collect();
            assert_eq!(found(&mut tx, &filter, true).await, backwards, "{filter:?}");
        }
        let shown = tx.event_lists().by_id(events[3].id).await.unwrap();
        assert_eq!(shown.as_ref(), Some(&events[3]));
        assert_eq!(tx.event_lists().by_id(at_micro(99, 1_000_000, 0).id).await.unwrap(), None, "another tenant's");
    }

    async fn times_are_exact_to_the_microsecond_whatever_the_identifiers_say(database: Database) {
        const SECOND: i64 = 1_000_000;
        let events = [
            at_micro(1, 50 * SECOND, 0),
            at_micro(2, 50 * SECOND + 1, 0),
            at_micro(3, 50 * SECOND + 999, 1),
            at_micro(4, 50 * SECOND + 1_000, ID_AHEAD_MILLIS),
            at_micro(5, 60 * SECOND, ID_AHEAD_MILLIS),
        ];
        let mut tx = with(&database, &events).await;
        let instant = |micros| Some(Timestamp::from_unix_micros(micros).unwrap());
        for (since, until, expected) in [
            (Some(50 * SECOND), None, vec![1, 2, 3, 4, 5]),
            (Some(50 * SECOND + 1), None, vec![2, 3, 4, 5]),
            (Some(50 * SECOND + 2), Some(50 * SECOND + 1_000), vec![3]),
            (Some(50 * SECOND + 2), Some(50 * SECOND + 1_001), vec![3, 4]),
            (None, Some(50 * SECOND), vec![]),
            (None, Some(50 * SECOND + 1), vec![1]),
            (None, Some(60 * SECOND), vec![1, 2, 3, 4]),
            (None, Some(60 * SECOND + 1), vec![1, 2, 3, 4, 5]),
            (Some(60 * SECOND), Some(60 * SECOND), vec![]),
            (Some(60 * SECOND + 1), None, vec![]),
            (Some(70 * SECOND), Some(40 * SECOND), vec![]),
        ] {
            let filter = EventFilter {
                since: since.and_then(instant),
                until: until.and_then(instant),
                ..EventFilter::default()
            };
            assert_eq!(found(&mut tx, &filter, false).await, expected, "{since:?} {until:?}");
            let backwards: Vec<_> = expected.into_iter().rev().collect();
            assert_eq!(found(&mut tx, &filter, true).await, backwards, "{since:?} {until:?}");
        }
    }
}
