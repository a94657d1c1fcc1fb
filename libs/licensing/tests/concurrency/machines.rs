//! The same machine, and the same request, many times at once.

use std::collections::BTreeSet;

use leasehold_licensing::{Activated, Answer, Decision, Idempotency, IdempotencyKey, Rendered};
use model::{License, Limit, Machine};
use testkit::{Raw, World, call, on_both};

use crate::{app, at_once, stored};

/// All of an answer but what is new with every lease.
fn without_lease(done: &Activated) -> String {
    let license = License { version: 0, ..(*done.license.license).clone() };
    let machine = Machine { lease: None, ..done.machine.clone() };
    format!(
        "{license:?} {:?} {:?} {} {:?} {machine:?} {} {:?}",
        done.license.policy,
        done.license.product,
        done.license.seats_used,
        done.license.entitlements,
        done.over_seats,
        (done.lease.times.issued_at, done.lease.times.expires_at, done.lease.times.grace_until),
    )
}

fn render(decision: &Decision<Activated>) -> Rendered {
    let done = decision.as_ref().unwrap();
    Rendered { status: 201, body: format!("{} {}", done.machine.id, done.lease.token) }
}

on_both! {
    async fn one_machine_takes_one_seat_and_gets_equal_answers(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, app) = app(&shop, |rules| rules.seats = Limit::Unlimited).await;
        for round in 1..=6 {
            let decisions = at_once(64, |_| app.clone().activate(round)).await;
            let answers: BTreeSet<_> = decisions
                .iter()
                .map(|done| without_lease(done.as_ref().unwrap()))
                .collect();
            assert_eq!(answers.len(), 1, "{answers:#?}");
            let leases: BTreeSet<_> = decisions.iter().flatten().map(|done| done.lease.id).collect();
            assert_eq!(leases.len(), 64);
            let (license, seats) = stored(&shop, license).await;
            let round_seats = u32::try_from(round).unwrap();
            assert_eq!((license.activations_used, seats), (round_seats, round_seats));
            let mut raw = world.database.raw().await;
            let count = async |raw: &mut Raw, sql: &str| usize::try_from(raw.number(sql).await).unwrap();
            assert_eq!(count(&mut raw, "SELECT count(*) FROM machines").await, round);
            let events = "SELECT count(*) FROM events WHERE action = 'machine.activate'";
            assert_eq!(count(&mut raw, events).await, 64 * round);
        }
    }

    async fn one_idempotency_key_activates_once_and_all_answers_are_the_same_bytes(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, app) = app(&shop, |_| ()).await;
        let answers = at_once(64, |_| {
            let app = app.clone();
            let command = shop.activate_command(&app.key, 1);
            async move {
                let key = IdempotencyKey::parse("8e03978e-40d5").unwrap();
                let idempotency = Idempotency {
                    key,
                    request: [1; 32],
                    render: &render,
                };
                match app
                    .licensing
                    .activate(&app.tenant, &call(), command, Some(idempotency))
                    .await
                {
                    Ok(Answer::Fresh(decision)) => (true, render(&decision)),
                    Ok(Answer::Replayed(rendered)) => (false, rendered),
                    Err(error) => panic!("{error:?}"),
                }
            }
        })
        .await;
        assert_eq!(answers.iter().filter(|(fresh, _)| *fresh).count(), 1);
        let first = &answers[0].1;
        assert!(answers.iter().all(|(_, rendered)| rendered == first));
        let (license, seats) = stored(&shop, license).await;
        assert_eq!((license.activations_used, seats), (1, 1));
        let mut raw = world.database.raw().await;
        assert_eq!(
            raw.number("SELECT count(*) FROM events WHERE action = 'machine.activate'")
                .await,
            1
        );
        assert_eq!(raw.number("SELECT count(*) FROM idempotency_keys").await, 1);
    }
}
