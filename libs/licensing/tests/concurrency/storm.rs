//! Machines that come and go at random.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use model::{Limit, MachineState, SeatKind};
use testkit::{World, on_both};

use crate::{App, app, at_once, stored};

const MACHINES: usize = 12;
const STEPS: usize = 16;
const SEATS: u32 = 3;

/// What one machine did.
#[derive(Default)]
struct Walk {
    active: bool,
    activations: u32,
    deactivations: u32,
    refused: u32,
}

/// A machine that activates and deactivates as a coin falls (xorshift, seeded by the machine).
async fn walk(app: App, machine: usize) -> Walk {
    let mut walk = Walk::default();
    let mut coin = 0x9E37_79B9_u32.wrapping_mul(u32::try_from(machine).unwrap() + 1);
    for _ in 0..STEPS {
        coin ^= coin << 13;
        coin ^= coin >> 17;
        coin ^= coin << 5;
        if !coin.is_multiple_of(3) {
            match app.clone().activate(machine).await {
                Ok(done) => {
                    assert!(done.license.seats_used <= SEATS);
                    walk.activations += u32::from(!walk.active);
                    walk.active = true;
                }
                Err(refused) => {
                    assert_eq!(refused.refusal.reasons(), [model::Reason::SeatsExhausted]);
                    assert!(!walk.active, "an active machine is never refused");
                    walk.refused += 1;
                }
            }
        } else if app.clone().deactivate(machine).await.is_ok() {
            walk.deactivations += u32::from(walk.active);
            walk.active = false;
        }
    }
    walk
}

on_both! {
    async fn seats_hold_at_every_moment_and_add_up_at_the_end(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, app) = app(&shop, |rules| rules.seats = Limit::AtMost(SEATS)).await;
        let over = Arc::new(AtomicBool::new(false));
        let observer = tokio::spawn({
            let (over, store, tenant) = (Arc::clone(&over), world.database.store.clone(), shop.tenant.id);
            let now = world.clock.now();
            async move {
                let mut most = 0;
                while !over.load(Ordering::SeqCst) {
                    let mut tx = store.read(tenant).await.unwrap();
                    let used = tx
                        .machines()
                        .seats_used(license, SeatKind::NodeLocked, now)
                        .await
                        .unwrap();
                    assert!(used <= SEATS, "{used} seats were in use");
                    most = most.max(used);
                }
                most
            }
        });
        let walks = at_once(MACHINES, |machine| walk(app.clone(), machine)).await;
        over.store(true, Ordering::SeqCst);
        assert_eq!(observer.await.unwrap(), SEATS, "the storm filled all seats");
        let sum = |count: fn(&Walk) -> u32| walks.iter().map(count).sum::<u32>();
        assert!(sum(|walk| walk.refused) > 0, "the storm went beyond the seats");
        let (after, seats) = stored(&shop, license).await;
        assert_eq!(seats, sum(|walk| u32::from(walk.active)));
        assert_eq!(after.activations_used, sum(|walk| walk.activations));
        assert_eq!(after.deactivations_used, sum(|walk| walk.deactivations));
        let machines = world
            .licensing
            .license(&shop.tenant, license)
            .await
            .unwrap()
            .machines;
        for (number, walk) in walks.iter().enumerate() {
            let machine = machines
                .iter()
                .find(|machine| machine.fingerprint == testkit::fingerprint(number));
            let active = machine.is_some_and(|machine| machine.state == MachineState::Active);
            assert_eq!(active, walk.active, "machine {number}");
        }
    }
}
