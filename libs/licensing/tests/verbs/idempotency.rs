//! Idempotency keys on verbs.

use leasehold_licensing::{Activated, Answer, Decision, Error, Idempotency, IdempotencyKey, Rendered};
use model::LicenseKey;
use testkit::{Shop, World, call, on_both};

use crate::common::{DAY, codes, events, rules, stored};

/// An answer as it is sent.
pub(crate) fn render(decision: &Decision<Activated>) -> Rendered {
    match decision {
        Ok(done) => Rendered { status: 201, body: done.lease.token.clone() },
        Err(refused) => Rendered { status: 403, body: codes(refused).join(" ") },
    }
}

async fn attempt(
    shop: &Shop<'_>,
    name: &str,
    key: &LicenseKey,
    request: u8,
) -> Result<(bool, Rendered), Error> {
    let idempotency =
        Idempotency { key: IdempotencyKey::parse(name).unwrap(), request: [request; 32], render: &render };
    let command = shop.activate_command(key, 1);
    let answer = shop.world.licensing.activate(&shop.tenant, &call(), command, Some(idempotency)).await?;
    Ok(match answer {
        Answer::Fresh(decision) => (true, render(&decision)),
        Answer::Replayed(rendered) => (false, rendered),
    })
}

/// Activates with an idempotency key; whether it was the first time, and the answer.
pub(crate) async fn activate_with_key(shop: &Shop<'_>, name: &str, key: &LicenseKey) -> (bool, Rendered) {
    attempt(shop, name, key, 1).await.unwrap()
}

on_both! {
    async fn one_key_has_one_effect_and_one_answer(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let (fresh, first) = activate_with_key(&shop, "one", &key).await;
        assert!(fresh && first.status == 201);
        let before = events(&shop).await;
        world.clock.advance(DAY - 1);
        assert_eq!(
            activate_with_key(&shop, "one", &key).await,
            (false, first.clone())
        );
        assert_eq!(events(&shop).await, before, "nothing was done");
        assert_eq!(stored(&shop, license.id).await.0.activations_used, 1);
        let (fresh, second) = activate_with_key(&shop, "two", &key).await;
        assert!(fresh && second != first, "another key is another request");
        world.clock.advance(1);
        let (fresh, later) = activate_with_key(&shop, "one", &key).await;
        assert!(fresh && later != first, "forgotten after a day");
    }

    async fn refusals_are_kept_as_well(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let unknown = LicenseKey::parse("LATER-MADE").unwrap();
        let (_, refused) = activate_with_key(&shop, "one", &unknown).await;
        assert_eq!(
            refused,
            Rendered {
                status: 403,
                body: "not_found".into()
            }
        );
        shop.policy("standard", rules(|_| ())).await;
        world
            .licensing
            .import_licenses(&shop.tenant, &call(), vec![crate::import::line("LATER-MADE")])
            .await
            .unwrap();
        assert_eq!(activate_with_key(&shop, "one", &unknown).await, (false, refused));
    }

    async fn another_request_with_the_same_key_is_refused(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        attempt(&shop, "one", &key, 1).await.unwrap();
        let other = attempt(&shop, "one", &key, 2).await;
        assert!(matches!(other, Err(Error::IdempotencyKeyReused)), "{other:?}");
        assert_eq!(stored(&shop, license.id).await.0.activations_used, 1);
    }

    async fn tenants_have_keys_of_their_own(database: Database) {
        let world = World::new(database).await;
        let (acme, other) = (world.shop("acme").await, world.shop("other").await);
        let unknown = LicenseKey::parse("no-such-key").unwrap();
        assert!(activate_with_key(&acme, "one", &unknown).await.0);
        assert!(attempt(&other, "one", &unknown, 2).await.unwrap().0);
    }
}
