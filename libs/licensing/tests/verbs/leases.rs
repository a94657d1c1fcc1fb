//! What leases say, and that apps can verify them.

use lease::{EntitlementValue as Claim, TimeState, fingerprint_hash};
use leasehold_licensing::NewLicense;
use model::{Entitlement, EntitlementCode, EntitlementValue, Entitlements, Limit, Overrides, PolicyCode};
use testkit::{World, call, fingerprint, on_both};

use crate::common::{
    DAY, NONCE, binding, checked, client_key, fresh, refresh, rules, seconds, term, validate_as,
    validate_command, verifier,
};

fn code(text: &str) -> EntitlementCode {
    EntitlementCode::parse(text).unwrap()
}

on_both! {
    async fn a_lease_says_what_its_license_is(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let owner = shop.customer("OWNER").await;
        let (license, key) = shop
            .license_with(rules(|rules| {
                rules.lease_seconds = 10_000;
                rules.refresh_seconds = 1_000;
                rules.grace_seconds = 500;
                rules.trial = true;
            }))
            .await;
        let mut command = shop.activate_command(&key, 1);
        command.customer = Some(client_key("OWNER"));
        command.binding = Some(binding());
        let done = fresh(
            world
                .licensing
                .activate(&shop.tenant, &call(), command, None)
                .await,
        )
        .unwrap();
        let now = seconds(&shop);
        let verified = verifier(&shop, "app")
            .await
            .lease(&done.lease.token, "machine-1", now)
            .unwrap();
        let claims = verified.claims;
        assert_eq!(verified.state, TimeState::Valid);
        assert_eq!(
            (claims.iss.as_str(), claims.aud.as_str()),
            (shop.tenant.issuer.as_str(), "app")
        );
        assert_eq!(
            (claims.sub, claims.mid),
            (license.id.to_string(), done.machine.id.to_string())
        );
        assert_eq!(claims.jti, done.lease.id.to_string());
        assert_eq!(
            claims.fph,
            fingerprint_hash(shop.tenant.issuer.as_str(), "app", fingerprint(1).as_str())
        );
        assert_eq!(
            (claims.iat, claims.nbf, claims.exp, claims.grace_until),
            (now, now, now + 10_000, now + 10_500)
        );
        assert!(
            (now + 900..=now + 1_100).contains(&claims.refresh_at),
            "{}",
            claims.refresh_at
        );
        assert_eq!(
            (claims.lic.exp, claims.lic.policy.as_str(), claims.lic.trial),
            (None, "standard", true)
        );
        assert_eq!(claims.lic.customer, Some(owner.id.to_string()));
        assert_eq!(claims.nonce.as_deref(), Some(NONCE));
        assert!(claims.ent.is_empty());
        let kept = done.machine.lease.unwrap();
        assert_eq!(
            (
                kept.id,
                kept.expires_at.unix_seconds(),
                kept.grace_until.unix_seconds()
            ),
            (done.lease.id, claims.exp, claims.grace_until)
        );
        assert_eq!(kept.key_id.as_str(), verified.kid);
        let app = verifier(&shop, "app").await;
        assert!(
            app.lease(&done.lease.token, "machine-2", now).is_err(),
            "of another machine"
        );
        assert_eq!(
            app.lease(&done.lease.token, "machine-1", claims.exp)
                .unwrap()
                .state,
            TimeState::InGrace
        );
        assert_eq!(
            app.lease(&done.lease.token, "machine-1", claims.grace_until)
                .unwrap()
                .state,
            TimeState::Expired
        );
        assert!(!done.lease.token.contains(key.canonical()), "no key in a token");
    }

    async fn a_lease_never_outlives_its_license(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop
            .license_with(rules(|rules| rules.term = Some(term("P20D"))))
            .await;
        let app = verifier(&shop, "app").await;
        let start = seconds(&shop);
        let first = shop.activate(&key, 1).await.unwrap().lease;
        let claims = app.lease(&first.token, "machine-1", start).unwrap().claims;
        assert_eq!(
            (claims.exp, claims.lic.exp),
            (start + 14 * DAY, Some(start + 20 * DAY))
        );
        world.clock.advance(13 * DAY);
        let last = refresh(&shop, &key, 1).await.unwrap();
        let claims = app
            .lease(&last.lease.token, "machine-1", seconds(&shop))
            .unwrap()
            .claims;
        assert_eq!(
            (claims.exp, claims.grace_until),
            (start + 20 * DAY, start + 23 * DAY)
        );
        assert_eq!(last.license.license.id, license.id);
        world.clock.advance(7 * DAY - 1);
        let shortest = refresh(&shop, &key, 1).await.unwrap().lease;
        let claims = app
            .lease(&shortest.token, "machine-1", seconds(&shop))
            .unwrap()
            .claims;
        assert_eq!((claims.exp - claims.iat, claims.refresh_at), (1, claims.exp));
    }

    async fn entitlements_of_the_license_lie_over_those_of_the_policy(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let now = world.clock.now();
        shop.policy(
            "pro",
            rules(|rules| {
                rules.seats = Limit::Unlimited;
                rules
                    .entitlements
                    .set(code("export"), EntitlementValue::Flag(true));
                rules
                    .entitlements
                    .set(code("print"), EntitlementValue::Flag(true));
                rules
                    .entitlements
                    .set(code("layers"), EntitlementValue::Number(64));
                rules
                    .entitlements
                    .set(code("edition"), EntitlementValue::Text("pro".into()));
                rules.entitlements.set(
                    code("modules"),
                    EntitlementValue::Set(["b".into(), "a".into()].into()),
                );
            }),
        )
        .await;
        let mut over = Entitlements::default();
        over.set(code("print"), EntitlementValue::Flag(false));
        over.set(
            code("layers"),
            Entitlement {
                value: EntitlementValue::Number(128),
                expires_at: Some(now.plus_seconds(60)),
            },
        );
        over.set(code("beta"), EntitlementValue::Flag(true));
        let (_, key) = world
            .licensing
            .create_license(
                &shop.tenant,
                &call(),
                NewLicense {
                    memo: None,
                    metadata: model::Metadata::default(),
                    policy: PolicyCode::parse("pro").unwrap(),
                    customer: None,
                    key: None,
                    expires_at: None,
                    overrides: Overrides {
                        entitlements: over,
                        ..Overrides::default()
                    },
                },
            )
            .await
            .unwrap();
        let app = verifier(&shop, "app").await;
        for (seconds_later, layers) in [(0, 128), (59, 128), (1, 64)] {
            world.clock.advance(seconds_later);
            let done = shop.activate(&key, 1).await.unwrap();
            let ent = app
                .lease(&done.lease.token, "machine-1", seconds(&shop))
                .unwrap()
                .claims
                .ent;
            let expected = [
                ("beta", Claim::Flag),
                ("edition", Claim::Text("pro".into())),
                ("export", Claim::Flag),
                ("layers", Claim::Number(layers)),
                ("modules", Claim::Set(vec!["a".into(), "b".into()])),
            ];
            assert_eq!(
                ent,
                expected
                    .into_iter()
                    .map(|(code, value)| (code.to_owned(), value))
                    .collect()
            );
            let mut check = validate_command(&key, Some(1));
            check.entitlements = vec![code("beta"), code("layers")];
            assert_eq!(checked(&validate_as(&shop, check.clone()).await), [""; 0]);
            check.entitlements.push(code("print"));
            assert_eq!(checked(&validate_as(&shop, check).await), ["entitlement_missing"]);
        }
    }
}
