//! Numbers and signing keys.

use std::collections::BTreeSet;

use leasehold_licensing::{Call, Error, NewLicense};
use model::{KeyState, Overrides, PolicyCode};
use testkit::{World, on_both};

use crate::{app, at_once};

on_both! {
    async fn licenses_made_at_once_have_numbers_of_their_own(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        app(&shop, |_| ()).await;
        let numbers = at_once(32, |_| {
            let (licensing, tenant) = (world.licensing.clone(), shop.tenant.clone());
            let new = NewLicense {
                memo: None,
                metadata: model::Metadata::default(),
                policy: PolicyCode::parse("standard").unwrap(),
                customer: None,
                key: None,
                overrides: Overrides::default(),
                expires_at: None,
            };
            async move {
                licensing
                    .create_license(&tenant, &Call::operator(), new)
                    .await
                    .unwrap()
                    .0
                    .number
            }
        })
        .await;
        let distinct: BTreeSet<_> = numbers.into_iter().collect();
        assert_eq!(distinct, (2..=33).collect(), "none twice, none left out");
    }

    async fn keys_rotated_at_once_leave_one_that_signs_and_one_that_is_next(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let mut rotated = 0;
        for round in 0..4 {
            let results = at_once(8, |_| {
                let (licensing, tenant) = (world.licensing.clone(), shop.tenant.clone());
                async move { licensing.rotate_keys(&tenant, &Call::operator()).await }
            })
            .await;
            for result in results {
                match result {
                    Ok(keys) => {
                        assert_eq!(keys.iter().filter(|key| key.state == KeyState::Active).count(), 1);
                        rotated += 1;
                    }
                    Err(Error::Conflict(sentence)) => assert!(sentence.contains("rotated"), "{sentence}"),
                    Err(other) => panic!("{other:?}"),
                }
            }
            let keys = world.licensing.signing_keys(&shop.tenant).await.unwrap();
            let count = |state| keys.iter().filter(|key| key.state == state).count();
            assert_eq!(
                (count(KeyState::Active), count(KeyState::Next)),
                (1, 1),
                "round {round}"
            );
            assert_eq!(
                count(KeyState::Retired),
                rotated,
                "each rotation that succeeded retired one key"
            );
            assert!(rotated > round, "somebody succeeds");
        }
    }
}
