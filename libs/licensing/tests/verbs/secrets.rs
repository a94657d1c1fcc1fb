//! What a stolen database does not hold.

use leasehold_licensing::Entropy;
use testkit::{World, call, hex, on_both};

use crate::common::{deactivate, everything, refresh, rules};

on_both! {
    async fn no_table_holds_a_license_key_or_a_private_key(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop
            .license_with(rules(|rules| rules.seats = model::Limit::AtMost(2)))
            .await;
        world
            .licensing
            .import_licenses(
                &shop.tenant,
                &call(),
                vec![crate::import::line("IMPORTED KEY-77")],
            )
            .await
            .unwrap();
        let (_, rendered) = crate::idempotency::activate_with_key(&shop, "one", &key).await;
        let lease = shop.activate(&key, 2).await.unwrap().lease;
        refresh(&shop, &key, 2).await.unwrap();
        deactivate(&shop, &key, 2).await.unwrap();
        world.licensing.rotate_keys(&shop.tenant, &call()).await.unwrap();

        let all = everything(&mut world.database.raw().await).await.to_lowercase();
        let secrets = [
            key.reveal(),
            key.canonical(),
            "IMPORTED KEY-77",
            "IMPORTEDKEY77",
            &lease.token,
            &rendered.body,
        ];
        for secret in secrets {
            assert!(!all.contains(&secret.to_lowercase()), "{secret}");
            assert!(!all.contains(&hex(secret.as_bytes())), "{secret} as bytes");
        }
        // The world's entropy repeats: whatever 32 bytes it gave, none is there, at whichever place it began.
        let entropy = Entropy::seeded(1);
        let stream: Vec<u8> = (0..64).flat_map(|_| entropy.bytes::<32>()).collect();
        for (place, seed) in stream.windows(32).enumerate() {
            assert!(
                !all.contains(&hex(seed)),
                "32 bytes of entropy at {place} are in the database as they are"
            );
        }
        // and the search does find what is there
        assert!(all.contains(&hex(&published_key(&world, &shop).await)));
    }
}

async fn published_key(world: &World, shop: &testkit::Shop<'_>) -> [u8; 32] {
    world.licensing.signing_keys(&shop.tenant).await.unwrap()[0].public
}
