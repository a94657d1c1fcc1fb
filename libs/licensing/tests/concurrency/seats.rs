//! Seats and the activation limit.

use model::{Limit, SeatKind};
use testkit::{World, on_both};

use crate::{app, at_once, expected, outcomes, stored};

on_both! {
    async fn sixty_four_machines_on_three_seats_take_exactly_three(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, app) = app(&shop, |rules| rules.seats = Limit::AtMost(3)).await;
        let decisions = at_once(64, |machine| app.clone().activate(machine)).await;
        assert_eq!(
            outcomes(&decisions),
            expected([("ok", 3), ("seats_exhausted", 61)])
        );
        let (license, seats) = stored(&shop, license).await;
        assert_eq!((seats, license.activations_used), (3, 3));
        let mut raw = world.database.raw().await;
        assert_eq!(raw.number("SELECT count(*) FROM machines").await, 3);
        let mut seats: Vec<_> = decisions
            .iter()
            .flatten()
            .map(|done| done.license.seats_used)
            .collect();
        seats.sort_unstable();
        assert_eq!(seats, [1, 2, 3], "each was told its own place");
    }

    async fn sixty_four_machines_with_three_activations_use_exactly_three(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, app) = app(&shop, |rules| {
            rules.seats = Limit::Unlimited;
            rules.activation_limit = Limit::AtMost(3);
        })
        .await;
        let decisions = at_once(64, |machine| app.clone().activate(machine)).await;
        assert_eq!(
            outcomes(&decisions),
            expected([("ok", 3), ("activations_exhausted", 61)])
        );
        let (license, seats) = stored(&shop, license).await;
        assert_eq!((seats, license.activations_used), (3, 3));
    }

    async fn overage_is_a_limit_like_the_seats(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, app) = app(&shop, |rules| {
            rules.seats = Limit::AtMost(4);
            rules.overage_percent = 50;
        })
        .await;
        let decisions = at_once(64, |machine| app.clone().activate(machine)).await;
        assert_eq!(
            outcomes(&decisions),
            expected([("ok", 6), ("seats_exhausted", 58)])
        );
        assert_eq!(
            decisions.iter().flatten().filter(|done| done.over_seats).count(),
            2
        );
        assert_eq!(stored(&shop, license).await.1, 6);
    }

    async fn lapsed_floating_seats_are_taken_and_regained_within_the_limit(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, app) = app(&shop, |rules| {
            rules.seats = Limit::AtMost(3);
            rules.seat_kind = SeatKind::Floating;
            rules.lease_seconds = 3_600;
            rules.refresh_seconds = 600;
            rules.grace_seconds = 60;
        })
        .await;
        for round in 0..3_u32 {
            // The first three machines of each round had seats that have lapsed; the others are new.
            let decisions = at_once(32, |machine| app.clone().activate(machine)).await;
            assert_eq!(
                outcomes(&decisions),
                expected([("ok", 3), ("seats_exhausted", 29)]),
                "round {round}"
            );
            assert_eq!(stored(&shop, license).await.1, 3);
            world.clock.advance(3_660);
            assert_eq!(stored(&shop, license).await.1, 0);
        }
    }
}
