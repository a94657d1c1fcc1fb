//! Signed verdicts: on refusals as on approvals, and bound to the request.

use lease::{VERDICT_SECONDS, VerdictClaims, VerifyError};
use testkit::{Shop, World, call, on_both};

use crate::common::{
    BODY, NONCE, binding, client_key, deactivate_as, deactivate_command, fresh, product, refresh_as,
    refresh_command, rules, seconds, validate, validate_as, validate_command, verifier,
};

/// Verifies a verdict as an app does.
async fn verified(shop: &Shop<'_>, product: &str, verdict: Option<&String>) -> VerdictClaims {
    let token = verdict.expect("the request carried a nonce");
    verifier(shop, product).await.verdict(token, NONCE, BODY, seconds(shop)).unwrap()
}

on_both! {
    async fn an_approval_is_signed_and_bound_to_nonce_body_and_time(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let machine = shop.activate(&key, 1).await.unwrap().machine;
        assert_eq!(
            validate(&shop, &key, Some(1)).await.verdict,
            None,
            "no nonce, no verdict"
        );
        let mut command = validate_command(&key, Some(1));
        command.binding = Some(binding());
        let validated = validate_as(&shop, command).await;
        let claims = verified(&shop, "app", validated.verdict.as_ref()).await;
        assert!(claims.valid && claims.codes.is_empty());
        assert_eq!(claims.code, "valid");
        assert_eq!(
            (claims.sub, claims.mid),
            (Some(license.id.to_string()), Some(machine.id.to_string()))
        );
        assert_eq!(claims.decision_id, validated.decision_id.to_string());
        assert_eq!(claims.iat, seconds(&shop));
        let token = validated.verdict.unwrap();
        let (now, app) = (seconds(&shop), verifier(&shop, "app").await);
        assert_eq!(
            app.verdict(&token, "another-nonce", BODY, now),
            Err(VerifyError::WrongNonce)
        );
        assert_eq!(
            app.verdict(&token, NONCE, b"{}", now),
            Err(VerifyError::WrongRequest)
        );
        assert!(app.verdict(&token, NONCE, BODY, now + VERDICT_SECONDS).is_err());
        let other = verifier(&shop, "other").await;
        assert!(matches!(
            other.verdict(&token, NONCE, BODY, now),
            Err(VerifyError::WrongAudience { .. })
        ));
        let elsewhere = world.shop("elsewhere").await;
        assert!(
            verifier(&elsewhere, "app")
                .await
                .verdict(&token, NONCE, BODY, now)
                .is_err()
        );
    }

    async fn every_refusal_is_signed_with_all_its_codes(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.product("other").await;
        let (license, key) = shop.license_with(rules(|_| ())).await;
        let machine = shop.activate(&key, 1).await.unwrap().machine;

        let mut activation = shop.activate_command(&key, 2);
        activation.binding = Some(binding());
        let refused = fresh(
            world
                .licensing
                .activate(&shop.tenant, &call(), activation.clone(), None)
                .await,
        )
        .unwrap_err();
        let claims = verified(&shop, "app", refused.verdict.as_ref()).await;
        assert_eq!((claims.valid, claims.code.as_str()), (false, "seats_exhausted"));
        assert_eq!((claims.sub, claims.mid), (Some(license.id.to_string()), None));
        assert_eq!(claims.decision_id, refused.decision_id.to_string());
        assert_eq!(
            refused.support_message.as_deref(),
            Some("call 555-555-5555 for support")
        );

        let mut refresh = refresh_command(&key, 2, None);
        refresh.binding = Some(binding());
        let refused = refresh_as(&shop, refresh).await.unwrap_err();
        assert_eq!(
            verified(&shop, "app", refused.verdict.as_ref()).await.codes,
            ["machine_mismatch"]
        );

        let mut deactivation = deactivate_command(&key, 1);
        deactivation.product = product("other");
        deactivation.customer = Some(client_key("NOBODY"));
        deactivation.binding = Some(binding());
        let refused = deactivate_as(&shop, deactivation).await.unwrap_err();
        let claims = verified(&shop, "other", refused.verdict.as_ref()).await;
        assert_eq!(claims.codes, ["product_mismatch", "customer_mismatch"]);
        assert_eq!(
            (claims.sub, claims.mid),
            (None, None),
            "nothing of the license is told"
        );
        assert_eq!(refused.support_message, None);

        let mut check = validate_command(&key, Some(1));
        check.customer = Some(client_key("NOBODY"));
        check.binding = Some(binding());
        let claims = verified(
            &shop,
            "app",
            validate_as(&shop, check.clone()).await.verdict.as_ref(),
        )
        .await;
        assert_eq!(
            (claims.codes, claims.sub, claims.mid),
            (vec!["customer_mismatch".to_owned()], None, None)
        );
        check.customer = None;
        check.key = model::LicenseKey::parse("no-such-key").unwrap();
        let claims = verified(&shop, "app", validate_as(&shop, check).await.verdict.as_ref()).await;
        assert_eq!(
            (claims.code.as_str(), claims.sub, claims.mid),
            ("not_found", None, None)
        );
        assert_eq!(machine.license_id, license.id);
    }
}
