//! Suspension against activation and refresh.

use std::sync::Arc;

use leasehold_licensing::{Call, StateChange};
use model::{LeaseId, LicenseState, Limit, MachineState};
use testkit::{Database, World, on_both};

use crate::{app, at_once};

const ROUNDS: usize = 6;
const MACHINES: usize = 16;

/// What the database says was signed: every machine with its lease.
type Signed = Vec<(String, Option<LeaseId>)>;

async fn signed(world: &World, tenant: &model::Tenant, license: model::LicenseId) -> Signed {
    let machines = world.licensing.license(tenant, license).await.unwrap().machines;
    assert!(machines.iter().all(|machine| machine.state == MachineState::Active));
    machines
        .into_iter()
        .map(|machine| (machine.id.to_string(), machine.lease.map(|lease| lease.id)))
        .collect()
}

/// Gives how many were served before the suspension.
async fn round(world: &Arc<World>, number: usize) -> usize {
    let shop = world.shop(&format!("shop-{number}")).await;
    let (license, app) = app(&shop, |rules| rules.seats = Limit::Unlimited).await;
    app.clone().activate(0).await.unwrap();
    let begin = world.clock.now().unix_seconds();
    let barrier = Arc::new(tokio::sync::Barrier::new(2 * MACHINES + 1));
    let mut tasks = tokio::task::JoinSet::new();
    for machine in 1..=MACHINES {
        for refreshes in [false, true] {
            let (app, barrier) = (app.clone(), Arc::clone(&barrier));
            tasks.spawn(async move {
                barrier.wait().await;
                let decided = if refreshes {
                    app.refresh(0).await.map(|done| done.lease)
                } else {
                    app.activate(machine).await.map(|done| done.lease)
                };
                decided.map_err(|refused| refused.refusal.reasons().to_vec())
            });
        }
    }
    let suspending = tokio::spawn({
        let (world, tenant, barrier) = (Arc::clone(world), shop.tenant.clone(), Arc::clone(&barrier));
        async move {
            barrier.wait().await;
            let suspend = StateChange::Suspend;
            world.licensing.change_license_state(&tenant, &Call::operator(), license, suspend).await.unwrap();
            // Acknowledged: whoever asks the time from now on is later.
            world.clock.advance(1);
            signed(&world, &tenant, license).await
        }
    });
    let decisions = tasks.join_all().await;
    let when_acknowledged = suspending.await.unwrap();
    assert_eq!(
        signed(world, &shop.tenant, license).await,
        when_acknowledged,
        "something was signed afterwards"
    );
    let mut served = 0;
    for decision in decisions {
        match decision {
            Ok(lease) => {
                assert_eq!(lease.times.issued_at, begin, "issued after the suspension was acknowledged");
                served += 1;
            }
            Err(reasons) => assert_eq!(reasons, [model::Reason::Suspended]),
        }
    }
    served
}

async fn rounds(database: Database) {
    let world = Arc::new(World::new(database).await);
    let mut served = 0;
    for number in 0..ROUNDS {
        served += round(&world, number).await;
    }
    assert!(served < ROUNDS * 2 * MACHINES, "the suspension came in between at least once");
}

on_both! {
    async fn nothing_is_signed_after_a_suspension_was_acknowledged(database: Database) {
        rounds(database).await;
    }

    async fn a_state_that_is_asked_for_many_times_at_once_changes_once(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _) = app(&shop, |_| ()).await;
        for (change, after) in [
            (StateChange::Suspend, LicenseState::Suspended),
            (StateChange::Reinstate, LicenseState::Active),
            (StateChange::Revoke, LicenseState::Revoked),
        ] {
            let states = at_once(16, |_| {
                let (licensing, tenant) = (world.licensing.clone(), shop.tenant.clone());
                async move {
                    let operator = Call::operator();
                    licensing
                        .change_license_state(&tenant, &operator, license, change)
                        .await
                        .unwrap()
                        .state
                }
            })
            .await;
            assert_eq!(states, [after; 16]);
        }
        let mut raw = world.database.raw().await;
        let events = raw.texts(
            "SELECT action FROM events WHERE action IN ('license.suspend', 'license.reinstate', 'license.revoke') ORDER BY 1",
        ).await;
        assert_eq!(
            events,
            ["license.reinstate", "license.revoke", "license.suspend"],
            "one event for each change"
        );
    }
}
