//! The audit log and the outbox.

use model::{Action, Actor, Event, Outcome, Reason, Subject};
use serde_json::json;
use testkit::on_both;

use crate::common::{
    add_tenant, api_key_id, customer_id, event, event_id, key_id, license_id, machine_id, policy_id,
    product_id, tenant_id,
};

on_both! {
    async fn an_event_is_read_as_it_was_written(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        let of_license = Subject::License(license_id(1));
        let of_machine = Subject::Machine(license_id(1), machine_id(1));
        let written = [
            event(1),
            Event {
                id: event_id(2),
                actor: Actor::Operator,
                subject: Some(of_license.clone()),
                ..event(1)
            },
            Event {
                id: event_id(3),
                actor: Actor::System,
                address: None,
                request_id: None,
                details: json!({}),
                ..event(1)
            },
            Event {
                id: event_id(4),
                outcome: Outcome::Refused(Reason::SeatsExhausted),
                subject: Some(of_machine),
                ..event(1)
            },
            Event {
                id: event_id(5),
                actor: Actor::ApiKey(api_key_id(1)),
                ..event(1)
            },
        ];
        for event in &written {
            tx.events().append(event).await.unwrap();
        }
        assert_eq!(tx.events().of_license(license_id(1), 10).await.unwrap(), written);
        assert_eq!(
            tx.events().of_license(license_id(1), 2).await.unwrap(),
            written[..2],
            "oldest first"
        );
        assert_eq!(tx.events().of_license(license_id(2), 10).await.unwrap(), []);
    }

    async fn every_action_and_reason_is_read_as_it_was_written(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        let outcomes = Reason::ALL
            .iter()
            .copied()
            .map(Outcome::Refused)
            .chain([Outcome::Done])
            .cycle();
        let actions = Action::ALL.iter().copied().cycle();
        let most = Action::ALL.len().max(Reason::ALL.len() + 1);
        let written: Vec<Event> = (1..)
            .zip(outcomes.zip(actions).take(most))
            .map(|(number, (outcome, action))| Event {
                id: event_id(number),
                action,
                outcome,
                ..event(1)
            })
            .collect();
        for event in &written {
            tx.events().append(event).await.unwrap();
        }
        assert_eq!(tx.events().of_license(license_id(1), 100).await.unwrap(), written);
    }

    async fn every_subject_has_its_columns(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        let subjects = [
            None,
            Some(Subject::Tenant(tenant_id(1))),
            Some(Subject::Product(product_id(2))),
            Some(Subject::Policy(policy_id(3))),
            Some(Subject::Customer(customer_id(4))),
            Some(Subject::License(license_id(5))),
            Some(Subject::Machine(license_id(6), machine_id(7))),
            Some(Subject::Key(key_id(8))),
            Some(Subject::ApiKey(api_key_id(9))),
        ];
        for (number, subject) in (1..).zip(subjects) {
            tx.events()
                .append(&Event {
                    id: event_id(number),
                    subject,
                    ..event(1)
                })
                .await
                .unwrap();
        }
        let _changed = tx.commit().await.unwrap();
        let rows = database
            .raw()
            .await
            .texts(
                "SELECT COALESCE(subject_kind, '-') || ' ' || COALESCE(subject_id, '-') || ' ' || \
             CASE WHEN license_id IS NULL THEN '-' ELSE 'license' END FROM events ORDER BY id",
            )
            .await;
        assert_eq!(
            rows,
            [
                "- - -".to_owned(),
                format!("tenant {} -", tenant_id(1)),
                format!("product {} -", product_id(2)),
                format!("policy {} -", policy_id(3)),
                format!("customer {} -", customer_id(4)),
                format!("license {} license", license_id(5)),
                format!("machine {} license", machine_id(7)),
                format!("key {} -", key_id(8)),
                format!("api_key {} -", api_key_id(9)),
            ]
        );
    }

    async fn what_was_done_waits_in_the_outbox_and_what_was_refused_does_not(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert_eq!(tx.events().outbox_length().await.unwrap(), 0);
        tx.events().append(&event(1)).await.unwrap();
        let refused = Event {
            outcome: Outcome::Refused(Reason::Expired),
            ..event(2)
        };
        tx.events().append(&refused).await.unwrap();
        assert_eq!(tx.events().outbox_length().await.unwrap(), 1);
        tx.events().append(&event(3)).await.unwrap();
        assert_eq!(tx.events().outbox_length().await.unwrap(), 2);
        let _changed = tx.commit().await.unwrap();
        let waiting = database.raw().await.number(
            "SELECT count(*) FROM outbox o JOIN events e ON e.tenant_id = o.tenant_id AND e.id = o.event_id \
             WHERE e.refused_for IS NULL AND o.available_at = e.at",
        ).await;
        assert_eq!(waiting, 2);
    }
}
