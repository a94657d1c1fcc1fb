//! What vendors change of licenses.

mod terms;

use leasehold_licensing::{
    Answer, Call, Error, Idempotency, IdempotencyKey, LicenseChange, LicenseRecord, Precondition, Rendered,
    Renewal, StateChange, Transfer,
};
use model::{
    CustomerId, Entitlement, EntitlementCode, EntitlementValue, License, LicenseId, LicenseState, Limit,
    Memo, Metadata, PolicyCode, Reason, Timestamp, decide::RenewFrom,
};
use serde_json::{Value, json};
use testkit::{Shop, World, on_both};

use crate::common::{checked, outcome, refresh, rules, stored, term, validate};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn code(text: &str) -> EntitlementCode {
    EntitlementCode::parse(text).unwrap()
}

fn metadata(value: &str) -> Metadata {
    Metadata::new([("order".to_owned(), value.to_owned())].into()).unwrap()
}

const ANY: &Precondition = &Precondition::Any;

async fn update(shop: &Shop<'_>, id: LicenseId, change: LicenseChange) -> Result<LicenseRecord, Error> {
    shop.world.licensing.update_license(&shop.tenant, &Call::operator(), id, change, ANY).await
}

async fn renew(shop: &Shop<'_>, id: LicenseId, renewal: Renewal) -> Result<LicenseRecord, Error> {
    let operator = Call::operator();
    let renewed = shop.world.licensing.renew_license(&shop.tenant, &operator, id, renewal, ANY, None).await?;
    match renewed {
        Answer::Fresh(Ok(record)) => Ok(record),
        other => panic!("not renewed: {other:?}"),
    }
}

async fn transfer(shop: &Shop<'_>, id: LicenseId, transfer: Transfer) -> Result<LicenseRecord, Error> {
    shop.world.licensing.transfer_license(&shop.tenant, &Call::operator(), id, transfer, ANY).await
}

async fn reset(shop: &Shop<'_>, id: LicenseId, machines: bool) -> Result<LicenseRecord, Error> {
    let operator = Call::operator();
    let reset =
        shop.world.licensing.reset_activations(&shop.tenant, &operator, id, machines, ANY, None).await?;
    match reset {
        Answer::Fresh(Ok(record)) => Ok(record),
        other => panic!("not reset: {other:?}"),
    }
}

async fn entitle(
    shop: &Shop<'_>,
    id: LicenseId,
    text: &str,
    set: Entitlement,
) -> Result<LicenseRecord, Error> {
    let operator = Call::operator();
    shop.world.licensing.set_license_entitlement(&shop.tenant, &operator, id, code(text), set, ANY).await
}

/// The details of the newest event of that action.
async fn told(shop: &Shop<'_>, action: &str) -> Value {
    let mut raw = shop.world.database.raw().await;
    let tenant = raw.id(shop.tenant.id);
    let found = raw
        .texts(&format!(
            "SELECT CAST(details AS text) FROM events WHERE tenant_id = {tenant} AND action = '{action}' \
             ORDER BY id DESC"
        ))
        .await;
    serde_json::from_str(&found[0]).unwrap()
}

async fn count(shop: &Shop<'_>, action: &str) -> usize {
    let mut raw = shop.world.database.raw().await;
    let tenant = raw.id(shop.tenant.id);
    raw.texts(&format!("SELECT action FROM events WHERE tenant_id = {tenant} AND action = '{action}'"))
        .await
        .len()
}

fn conflict<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Conflict(why)) => why,
        other => panic!("no conflict: {other:?}"),
    }
}

fn invalid<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("not invalid: {other:?}"),
    }
}

on_both! {
    async fn a_license_is_updated(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _) = shop.license_with(rules(|_| ())).await;
        world.clock.advance(60);
        let change = LicenseChange {
            seats: Some(Some(Limit::AtMost(3))),
            activation_limit: Some(Some(Limit::Unlimited)),
            expires_at: Some(Some(at("2027-01-01T00:00:00Z"))),
            memo: Some(Some(Memo::parse("paid").unwrap())),
            metadata: Some(metadata("1")),
        };
        let updated = update(&shop, license.id, change.clone()).await.unwrap();
        assert_eq!(updated.license.overrides.seats, Some(Limit::AtMost(3)));
        assert_eq!(updated.license.overrides.activation_limit, Some(Limit::Unlimited));
        assert_eq!(updated.license.expires_at, Some(at("2027-01-01T00:00:00Z")));
        assert_eq!((updated.memo.as_ref().map(Memo::as_str), &updated.metadata), (Some("paid"), &metadata("1")));
        assert_eq!((updated.license.revision, updated.license.updated_at), (2, world.clock.now()));
        assert_eq!(
            told(&shop, "license.update").await,
            json!({
                "before": {"metadata": {}},
                "after": {
                    "seats": 3, "activation_limit": -1, "expires_at": "2027-01-01T00:00:00Z", "memo": "paid",
                    "metadata": {"order": "1"},
                },
                "seats_used": 0,
            })
        );
        let again = update(&shop, license.id, change).await.unwrap();
        assert_eq!(again.license.revision, 2, "nothing changed");
        assert_eq!(count(&shop, "license.update").await, 1);

        let taken = LicenseChange {
            seats: Some(None),
            activation_limit: Some(None),
            expires_at: Some(None),
            memo: Some(None),
            metadata: None,
        };
        let taken = update(&shop, license.id, taken).await.unwrap();
        assert_eq!((taken.license.overrides.clone(), taken.license.expires_at), (license.overrides, None));
        assert_eq!((taken.memo, taken.metadata, taken.license.revision), (None, metadata("1"), 3));
        let only_memo = LicenseChange {
            memo: Some(Some(Memo::parse("noted").unwrap())),
            ..LicenseChange::default()
        };
        assert_eq!(update(&shop, license.id, only_memo).await.unwrap().license.revision, 4, "a note counts as well");
    }

    async fn fewer_seats_than_are_in_use_free_none(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|rules| rules.seats = Limit::AtMost(3))).await;
        for machine in 1..=3 {
            shop.activate(&key, machine).await.unwrap();
        }
        let fewer = LicenseChange { seats: Some(Some(Limit::AtMost(1))), ..LicenseChange::default() };
        let updated = update(&shop, license.id, fewer).await.unwrap();
        assert_eq!(updated.seats_used, 3, "reported");
        assert_eq!(told(&shop, "license.update").await["seats_used"], 3);
        for machine in 1..=3 {
            assert!(validate(&shop, &key, Some(machine)).await.reasons.is_empty());
            refresh(&shop, &key, machine).await.unwrap();
        }
        assert_eq!(outcome(&shop.activate(&key, 4).await), ["seats_exhausted"]);
    }

    async fn a_revision_that_is_over_changes_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _) = shop.license_with(rules(|rules| rules.term = Some(term("P1Y")))).await;
        let (tenant, operator, licensing, id) = (&shop.tenant, &Call::operator(), &world.licensing, license.id);
        entitle(&shop, id, "layers", EntitlementValue::Number(1).into()).await.unwrap();
        let before = world.database.raw().await.dump().await;
        let stale = &Precondition::Revisions(vec![1, 3]);
        let flag: Entitlement = EntitlementValue::Flag(true).into();
        let more = LicenseChange { seats: Some(Some(Limit::AtMost(9))), ..LicenseChange::default() };
        let nobody = Transfer { customer: Some(None), policy: None };
        let renewal = Renewal::default();
        for refused in [
            licensing.update_license(tenant, operator, id, more, stale).await.err(),
            licensing.set_license_state(tenant, operator, id, StateChange::Suspend, stale).await.err(),
            licensing.set_license_state(tenant, operator, id, StateChange::Reinstate, stale).await.err(),
            licensing.renew_license(tenant, operator, id, renewal, stale, None).await.err(),
            licensing.transfer_license(tenant, operator, id, nobody, stale).await.err(),
            licensing.reset_activations(tenant, operator, id, true, stale, None).await.err(),
            licensing.set_license_entitlement(tenant, operator, id, code("export"), flag, stale).await.err(),
            licensing.remove_license_entitlement(tenant, operator, id, &code("layers"), stale).await.err(),
        ] {
            assert!(matches!(refused, Some(Error::PreconditionFailed)), "{refused:?}");
        }
        assert_eq!(world.database.raw().await.dump().await, before);
        let good = &Precondition::Revisions(vec![1, 2]);
        licensing.set_license_state(tenant, operator, id, StateChange::Suspend, good).await.unwrap();
    }

    async fn what_is_not_there_is_not_changed(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("brix").await);
        let (license, _) = shop.license_with(rules(|_| ())).await;
        let before = world.database.raw().await.dump().await;
        let (tenant, operator, licensing, id) = (&other.tenant, &Call::operator(), &world.licensing, license.id);
        let flag: Entitlement = EntitlementValue::Flag(true).into();
        for refused in [
            update(&other, id, LicenseChange::default()).await.err(),
            licensing.set_license_state(tenant, operator, id, StateChange::Revoke, ANY).await.err(),
            renew(&other, id, Renewal::default()).await.err(),
            transfer(&other, id, Transfer::default()).await.err(),
            reset(&other, id, true).await.err(),
            entitle(&other, id, "export", flag).await.err(),
            licensing.remove_license_entitlement(tenant, operator, id, &code("export"), ANY).await.err(),
            licensing.reveal_license_key(tenant, operator, id).await.err(),
        ] {
            assert!(matches!(refused, Some(Error::NotFound("license"))), "{refused:?}");
        }
        assert_eq!(world.database.raw().await.dump().await, before);
    }

    async fn the_state_is_told_before_and_after(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _) = shop.license_with(rules(|_| ())).await;
        let (tenant, operator, licensing) = (&shop.tenant, &Call::operator(), &world.licensing);
        let set = async |change| licensing.set_license_state(tenant, operator, license.id, change, ANY).await;
        for (change, state, revision) in [
            (StateChange::Reinstate, LicenseState::Active, 1),
            (StateChange::Suspend, LicenseState::Suspended, 2),
            (StateChange::Suspend, LicenseState::Suspended, 2),
            (StateChange::Reinstate, LicenseState::Active, 3),
            (StateChange::Revoke, LicenseState::Revoked, 4),
            (StateChange::Revoke, LicenseState::Revoked, 4),
        ] {
            let set = set(change).await.unwrap().license;
            assert_eq!((set.state, set.revision), (state, revision), "{change:?}");
        }
        conflict(set(StateChange::Suspend).await);
        conflict(set(StateChange::Reinstate).await);
        assert_eq!(told(&shop, "license.suspend").await, json!({"before": {"state": "active"}, "after": {"state": "suspended"}}));
        assert_eq!(told(&shop, "license.revoke").await, json!({"before": {"state": "active"}, "after": {"state": "revoked"}}));
    }

    async fn entitlements_of_a_license(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let of_policy = rules(|rules| rules.entitlements.set(code("export"), EntitlementValue::Flag(true)));
        let (license, key) = shop.license_with(of_policy).await;
        let end = world.clock.now().plus_seconds(60);
        let layers = Entitlement { value: EntitlementValue::Number(8), expires_at: Some(end) };
        let set = entitle(&shop, license.id, "layers", layers.clone()).await.unwrap();
        assert_eq!(set.license.revision, 2);
        assert_eq!(
            told(&shop, "license.update").await,
            json!({
                "before": {"entitlements": {}},
                "after": {"entitlements": {"layers": {"value": 8, "expires_at": "2026-03-01T12:01:00Z"}}},
                "entitlement": "layers",
            })
        );
        assert_eq!(entitle(&shop, license.id, "layers", layers).await.unwrap().license.revision, 2, "as it was");
        entitle(&shop, license.id, "export", EntitlementValue::Flag(false).into()).await.unwrap();
        let granted = async || {
            let activated = shop.activate(&key, 1).await.unwrap();
            activated.license.entitlements.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(granted().await, ["layers"]);
        world.clock.advance(60);
        assert_eq!(granted().await, [""; 0], "it has expired");
        let (tenant, operator) = (&shop.tenant, &Call::operator());
        let remove = async |text| {
            world.licensing.remove_license_entitlement(tenant, operator, license.id, &code(text), ANY).await
        };
        remove("export").await.unwrap();
        assert_eq!(granted().await, ["export"]);
        let gone = remove("export").await;
        assert!(matches!(gone, Err(Error::NotFound("entitlement"))), "only the policy has it: {gone:?}");
    }

    async fn a_license_has_so_many_entitlements_and_no_more(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _) = shop.license_with(rules(|_| ())).await;
        let flag = || Entitlement::from(EntitlementValue::Flag(true));
        for number in 0..model::Entitlements::MOST {
            entitle(&shop, license.id, &format!("e{number}"), flag()).await.unwrap();
        }
        assert_eq!(invalid(entitle(&shop, license.id, "more", flag()).await), "value");
        entitle(&shop, license.id, "e0", EntitlementValue::Flag(false).into()).await.unwrap();
        let long = Entitlement::from(EntitlementValue::Text("x".repeat(256)));
        assert_eq!(invalid(entitle(&shop, license.id, "e0", long).await), "value");
    }

    async fn a_key_is_revealed_and_who_saw_it_is_written_down(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let (tenant, operator) = (&shop.tenant, &Call::operator());
        let revealed = world.licensing.reveal_license_key(tenant, operator, license.id).await.unwrap();
        assert_eq!(revealed.reveal(), key.reveal());
        assert_eq!(told(&shop, "license.reveal").await, json!({}));
        assert_eq!(stored(&shop, license.id).await.0, license, "it is no change");
        let everything = crate::common::everything(&mut world.database.raw().await).await;
        assert!(!everything.contains(key.reveal()));
    }
}
