//! Renewing, transferring and resetting licenses.

use super::*;

on_both! {
    async fn a_license_is_renewed(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|rules| rules.term = Some(term("P1Y")))).await;
        let id = license.id;
        assert!(conflict(renew(&shop, id, Renewal::default()).await).contains("has not begun"));
        shop.activate(&key, 1).await.unwrap();
        let renewed = renew(&shop, id, Renewal::default()).await.unwrap().license;
        assert_eq!((renewed.expires_at, renewed.revision), (Some(at("2028-03-01T12:00:00Z")), 2));
        assert_eq!(
            told(&shop, "license.renew").await,
            json!({
                "before": {"expires_at": "2027-03-01T12:00:00Z"}, "after": {"expires_at": "2028-03-01T12:00:00Z"},
                "term": "P1Y", "from": "expiry",
            })
        );
        let from_now = Renewal { term: Some(term("P30D")), from: RenewFrom::Now };
        let renewed = renew(&shop, id, from_now).await.unwrap().license;
        assert_eq!(renewed.expires_at, Some(at("2026-03-31T12:00:00Z")), "sooner, as it was asked for");
        world.clock.advance(40 * 86_400);
        assert_eq!(checked(&validate(&shop, &key, Some(1)).await), ["expired"]);
        renew(&shop, id, Renewal { term: Some(term("P1M")), from: RenewFrom::Expiry }).await.unwrap();
        assert!(validate(&shop, &key, Some(1)).await.reasons.is_empty(), "until the 30th of April");

        let endless = update(&shop, id, LicenseChange { expires_at: Some(None), ..LicenseChange::default() }).await;
        assert_eq!(endless.unwrap().license.expires_at, None);
        assert!(conflict(renew(&shop, id, Renewal::default()).await).contains("never expires"));
    }

    async fn a_renewal_needs_a_term_and_a_license_that_is_not_revoked(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _) = shop.license_with(rules(|_| ())).await;
        let end = Some(Some(at("2026-06-01T00:00:00Z")));
        update(&shop, license.id, LicenseChange { expires_at: end, ..LicenseChange::default() }).await.unwrap();
        assert_eq!(invalid(renew(&shop, license.id, Renewal::default()).await), "term");
        let named = Renewal { term: Some(term("P1M")), ..Renewal::default() };
        assert_eq!(renew(&shop, license.id, named).await.unwrap().license.expires_at, Some(at("2026-07-01T00:00:00Z")));
        crate::common::change(&shop, license.id, StateChange::Revoke).await;
        conflict(renew(&shop, license.id, named).await);
        conflict(transfer(&shop, license.id, Transfer::default()).await);
        conflict(reset(&shop, license.id, true).await);
    }

    async fn one_idempotency_key_renews_once(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|rules| rules.term = Some(term("P1Y")))).await;
        shop.activate(&key, 1).await.unwrap();
        let render = |decision: &leasehold_licensing::Decision<LicenseRecord>| Rendered {
            status: 200,
            body: decision.as_ref().unwrap().license.expires_at.unwrap().to_string(),
        };
        let attempt = async |name: &str| {
            let idempotency = Some(Idempotency {
                key: IdempotencyKey::parse(name).unwrap(),
                request: [1; 32],
                render: &render,
            });
            let (licensing, operator) = (&world.licensing, &Call::operator());
            let renewal = Renewal::default();
            match licensing.renew_license(&shop.tenant, operator, license.id, renewal, ANY, idempotency).await.unwrap() {
                Answer::Fresh(decision) => (true, render(&decision).body),
                Answer::Replayed(rendered) => (false, rendered.body),
            }
        };
        assert_eq!(attempt("one").await, (true, "2028-03-01T12:00:00Z".to_owned()));
        assert_eq!(attempt("one").await, (false, "2028-03-01T12:00:00Z".to_owned()));
        assert_eq!(attempt("two").await, (true, "2029-03-01T12:00:00Z".to_owned()));
        assert_eq!(count(&shop, "license.renew").await, 2);
    }

    async fn a_license_is_transferred(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|rules| rules.term = Some(term("P1Y")))).await;
        shop.policy("large", rules(|rules| rules.seats = Limit::AtMost(5))).await;
        let (anna, bert) = (shop.customer("ANNA").await, shop.customer("BERT").await);
        shop.activate(&key, 1).await.unwrap();
        let before = stored(&shop, license.id).await.0;
        let to = |customer: Option<CustomerId>| Transfer { customer: Some(customer), policy: None };
        let moved = transfer(&shop, license.id, to(Some(anna.id))).await.unwrap();
        assert_eq!((moved.license.customer_id, moved.license.revision), (Some(anna.id), 2));
        let large = Transfer { customer: Some(Some(bert.id)), policy: Some(PolicyCode::parse("large").unwrap()) };
        let moved = transfer(&shop, license.id, large.clone()).await.unwrap();
        assert_eq!((moved.policy.code.as_str(), moved.license.customer_id), ("large", Some(bert.id)));
        assert_eq!(
            told(&shop, "license.transfer").await,
            json!({
                "before": {"customer": anna.id.to_string(), "policy": "standard"},
                "after": {"customer": bert.id.to_string(), "policy": "large"},
            })
        );
        let kept = License {
            policy_id: before.policy_id,
            customer_id: None,
            version: before.version,
            revision: 1,
            updated_at: before.updated_at,
            ..moved.license.clone()
        };
        assert_eq!(kept, before, "all else stays");
        assert_eq!(moved.seats_used, 1, "its machines too");
        refresh(&shop, &key, 1).await.unwrap();
        shop.activate(&key, 2).await.unwrap();
        let again = transfer(&shop, license.id, large).await.unwrap();
        assert_eq!(again.license.revision, 3, "it is there already");
        let nobody = transfer(&shop, license.id, to(None)).await.unwrap();
        assert_eq!((nobody.license.customer_id, nobody.license.revision), (None, 4));
        assert_eq!(count(&shop, "license.transfer").await, 3);
    }

    async fn a_license_goes_only_where_it_can(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("brix").await);
        let (license, _) = shop.license_with(rules(|_| ())).await;
        let stranger = other.customer("STRANGER").await;
        other.policy("theirs", rules(|_| ())).await;
        shop.product("second").await;
        let new = leasehold_licensing::NewPolicy {
            metadata: Metadata::default(),
            product: crate::common::product("second"),
            code: PolicyCode::parse("of-second").unwrap(),
            name: model::Name::parse("Second").unwrap(),
            rules: rules(|_| ()),
        };
        world.licensing.create_policy(&shop.tenant, &Call::operator(), new).await.unwrap();
        let before = world.database.raw().await.dump().await;
        let to = |policy: &str| Transfer { policy: Some(PolicyCode::parse(policy).unwrap()), customer: None };
        assert_eq!(invalid(transfer(&shop, license.id, to("of-second")).await), "policy");
        for unknown in ["none", "theirs"] {
            let refused = transfer(&shop, license.id, to(unknown)).await;
            assert!(matches!(refused, Err(Error::NotFound("policy"))), "{refused:?}");
        }
        let refused = transfer(&shop, license.id, Transfer { customer: Some(Some(stranger.id)), policy: None }).await;
        assert!(matches!(refused, Err(Error::NotFound("customer"))), "{refused:?}");
        assert_eq!(world.database.raw().await.dump().await, before);
    }

    async fn activations_are_counted_from_zero_again(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let limits = rules(|rules| {
            rules.seats = Limit::AtMost(2);
            rules.activation_limit = Limit::AtMost(2);
        });
        let (license, key) = shop.license_with(limits).await;
        assert_eq!(reset(&shop, license.id, true).await.unwrap().license.revision, 1, "nothing to set back");
        for machine in [1, 2] {
            shop.activate(&key, machine).await.unwrap();
        }
        crate::common::deactivate(&shop, &key, 2).await.unwrap();
        assert_eq!(outcome(&shop.activate(&key, 3).await), ["activations_exhausted"]);
        let done = reset(&shop, license.id, false).await.unwrap();
        assert_eq!((done.license.activations_used, done.license.deactivations_used), (0, 0));
        assert_eq!((done.seats_used, done.license.revision), (1, 2), "the machine stays");
        assert_eq!(
            told(&shop, "license.reset").await,
            json!({
                "before": {"activations_used": 2, "deactivations_used": 1},
                "after": {"activations_used": 0, "deactivations_used": 0},
                "machines_deactivated": 0,
            })
        );
        shop.activate(&key, 3).await.unwrap();
        let before = count(&shop, "machine.deactivate").await;
        let done = reset(&shop, license.id, true).await.unwrap();
        assert_eq!((done.seats_used, done.license.activations_used), (0, 0));
        assert_eq!(count(&shop, "machine.deactivate").await, before + 2, "each has its event");
        assert_eq!(told(&shop, "license.reset").await["machines_deactivated"], 2);
        for machine in [1, 3] {
            assert_eq!(checked(&validate(&shop, &key, Some(machine)).await), [Reason::MachineDeactivated.code()]);
        }
        shop.activate(&key, 4).await.unwrap();
    }
}
