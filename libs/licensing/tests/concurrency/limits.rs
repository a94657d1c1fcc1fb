//! Limits of a tenant are exact, whoever comes at the same time.

use leasehold_licensing::{Call, Error};
use model::{PolicyCode, PolicyRules, TenantLimits};
use testkit::{World, on_both};

on_both! {
    async fn thirty_two_at_once_make_exactly_the_one_that_is_left(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", PolicyRules::default()).await;
        for _ in 0..4 {
            shop.license("standard").await;
        }
        let limits = TenantLimits { licenses: Some(5), ..TenantLimits::default() };
        world.licensing.set_limits(&Call::operator(), &shop.tenant.slug, limits).await.unwrap();
        let attempts: Vec<_> = (0..32)
            .map(|_| {
                let (licensing, tenant) = (world.licensing.clone(), shop.tenant.clone());
                tokio::spawn(async move {
                    let new = leasehold_licensing::NewLicense {
                        memo: None,
                        metadata: model::Metadata::default(),
                        policy: PolicyCode::parse("standard").unwrap(),
                        customer: None,
                        key: None,
                        overrides: model::Overrides::default(),
                        expires_at: None,
                    };
                    licensing.create_license(&tenant, &Call::operator(), new).await
                })
            })
            .collect();
        let (mut made, mut refused) = (0, 0);
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(_) => made += 1,
                Err(Error::LimitReached("licenses")) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((made, refused), (1, 31));
        let there = world.database.raw().await.number("SELECT count(*) FROM licenses").await;
        assert_eq!(there, 5);
    }
}
