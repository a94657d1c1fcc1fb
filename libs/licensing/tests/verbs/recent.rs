//! Checks that are answered from what was loaded a moment ago, and what makes them be loaded anew.

use leasehold_licensing::{
    Call, LicenseChange, MachineChange, PolicyChange, Precondition, ProductChange, StateChange, Surroundings,
    Transfer, Validate,
};
use model::{Customer, Limit, TenantSlug};
use testkit::{Shop, World, on_both};

use crate::common::{
    change, checked, client_key, deactivate, rules, term, validate_command, verifier, visit_and_validate,
};

fn slug(shop: &Shop<'_>) -> TenantSlug {
    shop.tenant.slug.clone()
}

/// The codes of a check that comes in as a request does.
async fn codes(shop: &Shop<'_>, command: &Validate) -> Vec<&'static str> {
    let answer = visit_and_validate(&shop.world.licensing, &slug(shop), command.clone()).await;
    checked(&answer.expect("the tenant is served"))
}

on_both! {
    async fn a_check_that_was_just_answered_needs_no_database(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|rules| rules.term = Some(term("P1D")))).await;
        shop.activate(&key, 1).await.unwrap();
        let command = Validate { binding: Some(crate::common::binding()), ..validate_command(&key, Some(1)) };
        // The first loads the tenant, the second knows its stamp.
        assert_eq!(codes(&shop, &command).await, [""; 0]);
        assert_eq!(codes(&shop, &command).await, [""; 0]);
        let verifier = verifier(&shop, "app").await;
        world.database.store.close().await;

        let answer = visit_and_validate(&world.licensing, &slug(&shop), command.clone()).await.unwrap();
        assert_eq!(checked(&answer), [""; 0]);
        assert!(answer.license().is_some() && answer.machine().is_some());
        let verdict = answer.verdict.unwrap();
        let now = world.clock.now().unix_seconds();
        verifier.verdict(&verdict, crate::common::NONCE, crate::common::BODY, now).unwrap();
        // Time goes on for what was loaded, too.
        world.clock.advance(crate::common::DAY);
        assert_eq!(codes(&shop, &command).await, ["expired"]);
        // What was not asked for is not known.
        let other = validate_command(&key, Some(2));
        let visit = world.licensing.visit(&slug(&shop)).await.unwrap().unwrap();
        let call = testkit::call();
        assert!(world.licensing.validate(visit.tenant(), &call, other).await.is_err());
    }

    async fn every_change_counts_from_the_next_check_on(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (owner, other) = (shop.customer("OWNER-1").await, shop.customer("OWNER-2").await);
        let (license, key) = shop.license_with(rules(|rules| rules.seats = Limit::AtMost(5))).await;
        let (licensing, operator) = (&world.licensing, Call::operator());
        let check = validate_command(&key, Some(1));
        let any = Precondition::Any;

        assert_eq!(codes(&shop, &check).await, ["not_activated"]);
        shop.activate(&key, 1).await.unwrap();
        assert_eq!(codes(&shop, &check).await, [""; 0], "activated");
        change(&shop, license.id, StateChange::Suspend).await;
        assert_eq!(codes(&shop, &check).await, ["suspended"]);
        change(&shop, license.id, StateChange::Reinstate).await;
        assert_eq!(codes(&shop, &check).await, [""; 0], "reinstated");

        let machine = visit_and_validate(licensing, &slug(&shop), check.clone()).await.unwrap().machine().cloned().unwrap();
        let name = Some(Some(model::MachineName::parse("studio").unwrap()));
        licensing
            .update_machine(&shop.tenant, &operator, machine.id, MachineChange { name }, &any)
            .await
            .unwrap();
        let shown = visit_and_validate(licensing, &slug(&shop), check.clone()).await.unwrap().machine().cloned().unwrap();
        assert_eq!(shown.name.as_ref().unwrap().as_str(), "studio");
        deactivate(&shop, &key, 1).await.unwrap();
        assert_eq!(codes(&shop, &check).await, ["machine_deactivated"]);
        shop.activate(&key, 1).await.unwrap();
        assert_eq!(codes(&shop, &check).await, [""; 0], "activated again");
        licensing.deactivate_machine(&shop.tenant, &operator, machine.id).await.unwrap();
        assert_eq!(codes(&shop, &check).await, ["machine_deactivated"], "by the vendor");
        shop.activate(&key, 1).await.unwrap();
        assert_eq!(codes(&shop, &check).await, [""; 0]);

        let support = |text: &str| ProductChange {
            support_message: Some(Some(text.to_owned())),
            ..ProductChange::default()
        };
        let product = crate::common::product("app");
        licensing.update_product(&shop.tenant, &operator, &product, support("write to us"), &any).await.unwrap();
        let shown = visit_and_validate(licensing, &slug(&shop), check.clone()).await.unwrap().license().unwrap();
        assert_eq!(shown.product.support_message.as_deref(), Some("write to us"));

        let policy = model::PolicyCode::parse("standard").unwrap();
        let renamed = PolicyChange {
            name: Some(model::Name::parse("Another name").unwrap()),
            ..PolicyChange::default()
        };
        licensing.update_policy(&shop.tenant, &operator, &policy, renamed, &any).await.unwrap();
        let shown = visit_and_validate(licensing, &slug(&shop), check.clone()).await.unwrap().license().unwrap();
        assert_eq!(shown.policy.name.as_str(), "Another name");

        let named = Validate { customer: Some(client_key("OWNER-1")), ..check.clone() };
        assert_eq!(codes(&shop, &named).await, [""; 0], "it is nobody's");
        let give = |to: &Customer| Transfer { customer: Some(Some(to.id)), ..Transfer::default() };
        licensing.transfer_license(&shop.tenant, &operator, license.id, give(&other), &any).await.unwrap();
        assert_eq!(codes(&shop, &named).await, ["customer_mismatch"]);
        licensing.transfer_license(&shop.tenant, &operator, license.id, give(&owner), &any).await.unwrap();
        assert_eq!(codes(&shop, &named).await, [""; 0]);

        let ends = Some(Some(world.clock.now().plus_seconds(5)));
        let change_end = LicenseChange { expires_at: ends, ..LicenseChange::default() };
        licensing.update_license(&shop.tenant, &operator, license.id, change_end, &any).await.unwrap();
        world.clock.advance(10);
        assert_eq!(codes(&shop, &named).await, ["expired"]);
        change(&shop, license.id, StateChange::Revoke).await;
        assert_eq!(codes(&shop, &named).await.first(), Some(&"revoked"));

        licensing.suspend_tenant(&operator, &slug(&shop)).await.unwrap();
        assert!(visit_and_validate(licensing, &slug(&shop), named.clone()).await.is_none());
        licensing.resume_tenant(&operator, &slug(&shop)).await.unwrap();
        assert!(visit_and_validate(licensing, &slug(&shop), named).await.is_some());
    }

    async fn a_rotated_key_signs_from_the_next_check_on(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(rules(|_| ())).await;
        let command = Validate { binding: Some(crate::common::binding()), ..validate_command(&key, None) };
        let kid = async || {
            let answer = visit_and_validate(&world.licensing, &slug(&shop), command.clone()).await.unwrap();
            answer.verdict.unwrap().split('.').next().unwrap().to_owned()
        };
        assert_eq!(kid().await, kid().await);
        let before = kid().await;
        world.licensing.rotate_keys(&shop.tenant, &Call::operator()).await.unwrap();
        let after = kid().await;
        assert_ne!(before, after);
        let active = world.licensing.signing_keys(&shop.tenant).await.unwrap();
        let active = active.into_iter().find(|key| key.state == model::KeyState::Active).unwrap();
        world.licensing.revoke_signing_key(&shop.tenant, &Call::operator(), &active.id).await.unwrap();
        assert_ne!(kid().await, after);
    }

    async fn what_a_command_changes_counts_when_the_epoch_was_seen(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let check = validate_command(&key, None);
        assert_eq!(codes(&shop, &check).await, [""; 0]);
        let command = world.another(9, Surroundings::of_command()).await;
        let suspend = StateChange::Suspend;
        command.change_license_state(&shop.tenant, &Call::operator(), license.id, suspend).await.unwrap();
        assert_eq!(codes(&shop, &check).await, [""; 0], "nobody has told the server");
        world.licensing.watch_epoch().await.unwrap();
        assert_eq!(codes(&shop, &check).await, ["suspended"]);
        command.suspend_tenant(&Call::operator(), &slug(&shop)).await.unwrap();
        world.licensing.watch_epoch().await.unwrap();
        assert!(visit_and_validate(&world.licensing, &slug(&shop), check).await.is_none());
    }

    async fn nothing_is_known_of_another_tenants_license(database: Database) {
        let world = World::new(database).await;
        let (acme, other) = (world.shop("acme").await, world.shop("other").await);
        let (_, key) = acme.license_with(rules(|_| ())).await;
        let check = validate_command(&key, None);
        assert_eq!(codes(&acme, &check).await, [""; 0]);
        assert_eq!(codes(&other, &check).await, ["not_found"]);
        assert_eq!(codes(&acme, &check).await, [""; 0]);
        // A request that was let in by one tenant does not take what it knows to another.
        let visit = world.licensing.visit(&slug(&acme)).await.unwrap().unwrap();
        let presented = leasehold_licensing::Presented::Check { key: &key, fingerprint: None, customer: None };
        let admission = world.licensing.admit(&visit, None, presented).await.unwrap();
        let call = Call { recall: Some(admission.recall), ..testkit::call() };
        let answer = world.licensing.validate(&other.tenant, &call, check).await.unwrap();
        assert_eq!(checked(&answer), ["not_found"]);
    }
}
