//! Validate.

use leasehold_licensing::{
    StateChange::{Revoke, Suspend},
    Validate,
};
use model::{EntitlementCode, Limit, SeatKind};
use testkit::{World, call, on_both};

use crate::common::{
    DAY, change, checked, client_key, codes, deactivate, fresh, product, rules, stored, term, validate,
    validate_as, validate_command,
};

on_both! {
    async fn all_reasons_are_given_in_order(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.product("other").await;
        shop.customer("OWNER").await;
        let (license, key) = shop
            .license_with(rules(|rules| {
                rules.term = Some(term("P1D"));
                rules.seats = Limit::Unlimited;
            }))
            .await;
        assert_eq!(
            checked(&validate(&shop, &key, None).await),
            [""; 0],
            "machines do not matter"
        );
        assert_eq!(checked(&validate(&shop, &key, Some(1)).await), ["not_activated"]);
        shop.activate(&key, 1).await.unwrap();
        let valid = validate(&shop, &key, Some(1)).await;
        assert_eq!(checked(&valid), [""; 0]);
        assert!(valid.machine().is_some() && valid.license().is_some() && valid.support_message.is_none());
        assert_eq!(
            checked(&validate(&shop, &key, Some(2)).await),
            ["machine_mismatch"]
        );
        shop.activate(&key, 2).await.unwrap();
        deactivate(&shop, &key, 2).await.unwrap();
        assert_eq!(
            checked(&validate(&shop, &key, Some(2)).await),
            ["machine_deactivated"]
        );
        let mut command = validate_command(&key, Some(2));
        command.entitlements = vec![EntitlementCode::parse("export").unwrap()];
        assert_eq!(
            checked(&validate_as(&shop, command.clone()).await),
            ["machine_deactivated", "entitlement_missing"]
        );
        world.clock.advance(DAY);
        change(&shop, license.id, Suspend).await;
        command.product = product("other");
        command.customer = Some(client_key("NOBODY"));
        assert_eq!(
            checked(&validate_as(&shop, command.clone()).await),
            [
                "product_mismatch",
                "customer_mismatch",
                "suspended",
                "expired",
                "machine_deactivated",
                "entitlement_missing",
            ]
        );
        change(&shop, license.id, Revoke).await;
        command.product = product("app");
        command.customer = Some(client_key("OWNER"));
        command.fingerprint = None;
        assert_eq!(
            checked(&validate_as(&shop, command).await),
            ["revoked", "expired", "entitlement_missing"]
        );
        let unknown = model::LicenseKey::parse("no-such-key").unwrap();
        assert_eq!(checked(&validate(&shop, &unknown, Some(1)).await), ["not_found"]);
    }

    async fn a_lapsed_seat_is_told(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop
            .license_with(rules(|rules| {
                rules.seat_kind = SeatKind::Floating;
                rules.lease_seconds = 3_600;
                rules.refresh_seconds = 60;
                rules.grace_seconds = 0;
            }))
            .await;
        shop.activate(&key, 1).await.unwrap();
        world.clock.advance(3_599);
        assert_eq!(checked(&validate(&shop, &key, Some(1)).await), [""; 0]);
        world.clock.advance(1);
        assert_eq!(checked(&validate(&shop, &key, Some(1)).await), ["seat_lapsed"]);
    }

    async fn a_mismatch_hides_the_license(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.product("other").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        shop.activate(&key, 1).await.unwrap();
        let shown = validate(&shop, &key, Some(2)).await;
        assert!(shown.license().is_some());
        assert_eq!(
            shown.support_message.as_deref(),
            Some("call 555-555-5555 for support")
        );
        let by_product = Validate {
            product: product("other"),
            ..validate_command(&key, Some(1))
        };
        let by_customer = Validate {
            customer: Some(client_key("NOBODY")),
            ..validate_command(&key, Some(1))
        };
        let hides = async |command: &Validate| {
            let hidden = validate_as(&shop, command.clone()).await;
            assert!(hidden.license().is_none() && hidden.machine().is_none() && hidden.support_message.is_none());
        };
        hides(&by_product).await;
        hides(&by_customer).await;
        // also among other reasons
        change(&shop, license.id, Suspend).await;
        hides(&by_product).await;
        hides(&by_customer).await;
        let mut activation = shop.activate_command(&key, 1);
        activation.product = product("other");
        let refused = fresh(
            world
                .licensing
                .activate(&shop.tenant, &call(), activation, None)
                .await,
        )
        .unwrap_err();
        assert_eq!(codes(&refused), ["product_mismatch", "suspended"]);
        assert_eq!(refused.support_message, None);
    }

    async fn a_check_changes_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.term = Some(term("P1D"))))
            .await;
        let mut raw = world.database.raw().await;
        let before = raw.dump().await;
        for machine in [None, Some(1)] {
            validate(&shop, &key, machine).await;
        }
        assert_eq!(raw.dump().await, before);
        assert_eq!(stored(&shop, license.id).await.0.term_started_at, None);
    }

    async fn licenses_of_other_tenants_are_not_found(database: Database) {
        let world = World::new(database).await;
        let (acme, other) = (world.shop("acme").await, world.shop("other").await);
        let (_, key) = acme.license_with(rules(|_| ())).await;
        assert_eq!(checked(&validate(&acme, &key, None).await), [""; 0]);
        assert_eq!(checked(&validate(&other, &key, None).await), ["not_found"]);
        assert_eq!(
            crate::common::outcome(&other.activate(&key, 1).await),
            ["not_found"]
        );
    }
}
