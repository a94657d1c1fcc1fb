//! Signing: what it refuses, what its tokens look like, and that another library reads them.
#![expect(clippy::expect_used, clippy::panic, reason = "this is a test")]

mod fixtures;

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fixtures::{AUDIENCE, FINGERPRINT, ISSUER, NOW, STATUS_URI, key, lease, status_list, verdict, verifier};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use leasehold_lease::{
    EntitlementValue, KeySet, LeaseClaims, MAX_SAFE_INTEGER, PackedStatuses, SignError, SigningKey, Status,
    StatusListClaims, TokenType, VerdictClaims, Verifier, VerifyError, install_crypto_provider,
};
use serde::de::DeserializeOwned;

#[test]
fn a_token_has_exactly_the_header_of_the_profile() {
    let tokens = [
        (key().lease(&lease()), TokenType::Lease),
        (key().verdict(&verdict()), TokenType::Verdict),
        (key().status_list(&status_list()), TokenType::StatusList),
    ];
    for (token, kind) in tokens {
        let token = token.expect("the claims are valid");
        let (header, _) = token.split_once('.').expect("a token has dots");
        let header = URL_SAFE_NO_PAD.decode(header).expect("a header is base64url");
        let expected = format!(r#"{{"typ":"{}","alg":"EdDSA","kid":"{}"}}"#, kind.typ(), key().kid());
        assert_eq!(String::from_utf8_lossy(&header), expected);
    }
}

#[test]
fn no_payload_has_a_null_or_an_empty_option() {
    let claims = LeaseClaims { parent: None, status: None, nonce: None, cnf: None, ..lease() };
    let token = key().lease(&claims).expect("the claims are valid");
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("three parts")).expect("base64url");
    let payload = String::from_utf8(payload).expect("JSON is UTF-8");
    for absent in ["null", "parent", "status", "nonce", "cnf", "trial"] {
        assert!(!payload.contains(absent), "{absent} in {payload}");
    }
}

#[test]
fn signing_the_same_claims_gives_the_same_token() {
    assert_eq!(key().lease(&lease()).expect("valid"), key().lease(&lease()).expect("valid"));
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, SignError>) -> &'static str {
    match outcome {
        Err(SignError::Refused(error)) => error.code(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_lease_that_would_not_verify_is_not_signed() {
    let with = |change: fn(&mut LeaseClaims)| {
        let mut claims = lease();
        change(&mut claims);
        refusal(key().lease(&claims))
    };
    assert_eq!(with(|c| c.ver = 2), "bad_version");
    assert_eq!(with(|c| c.exp = c.iat - 1), "inconsistent_claims");
    assert_eq!(with(|c| c.grace_until = c.exp - 1), "inconsistent_claims");
    assert_eq!(with(|c| c.refresh_at = c.exp + 1), "inconsistent_claims");
    assert_eq!(with(|c| c.lic.exp = Some(c.exp - 1)), "inconsistent_claims");
    assert_eq!(with(|c| c.iss.clear()), "bad_payload");
    assert_eq!(with(|c| c.aud = "a\0b".to_owned()), "bad_payload");
    assert_eq!(with(|c| c.fph.push('A')), "bad_payload");
    assert_eq!(with(|c| c.iat = -1), "bad_payload");
    assert_eq!(with(|c| c.parent = Some(String::new())), "bad_payload");
    assert_eq!(with(|c| c.grace_until = MAX_SAFE_INTEGER + 1), "bad_payload");
    fn ent(claims: &mut LeaseClaims, value: EntitlementValue) {
        claims.ent.insert("x".to_owned(), value);
    }
    assert_eq!(with(|c| ent(c, EntitlementValue::Number(i64::MIN))), "bad_payload");
    assert_eq!(with(|c| ent(c, EntitlementValue::Text("x".repeat(8192)))), "too_large");
}

#[test]
fn a_verdict_that_would_not_verify_is_not_signed() {
    let with = |change: fn(&mut VerdictClaims)| {
        let mut claims = verdict();
        change(&mut claims);
        refusal(key().verdict(&claims))
    };
    assert_eq!(with(|c| c.ver = 0), "bad_version");
    assert_eq!(with(|c| c.exp += 1), "inconsistent_claims");
    assert_eq!(with(|c| c.nonce.clear()), "bad_payload");
    assert_eq!(with(|c| c.req = "AAAA".to_owned()), "bad_payload");
    assert_eq!(with(|c| c.codes = vec!["x".repeat(8192)]), "too_large");
}

#[test]
fn a_status_list_that_would_not_verify_is_not_signed() {
    let with = |change: fn(&mut StatusListClaims)| {
        let mut claims = status_list();
        change(&mut claims);
        refusal(key().status_list(&claims))
    };
    assert_eq!(with(|c| c.exp = Some(c.iat - 1)), "inconsistent_claims");
    assert_eq!(with(|c| c.sub.clear()), "bad_payload");
    assert_eq!(with(|c| c.status_list.bits = 1), "bad_status_list");
    assert_eq!(with(|c| c.status_list.lst = "AAAA".to_owned()), "bad_status_list");
}

#[test]
fn the_largest_list_fits_even_if_it_hardly_compresses() {
    let mut state = 1_u32;
    let statuses: Vec<Status> = (0..leasehold_lease::MAX_STATUS_ENTRIES)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            [Status::Valid, Status::Revoked, Status::Suspended][(state >> 16) as usize % 3]
        })
        .collect();
    let claims = StatusListClaims { status_list: PackedStatuses::pack(&statuses), ..status_list() };
    let token = key().status_list(&claims).expect("it fits");
    let list = verifier().status_list(&token, STATUS_URI, NOW).expect("it verifies");
    assert_eq!(list.capacity(), statuses.len());
    for (index, status) in (0..).zip(&statuses).step_by(997) {
        assert_eq!(list.status(index), Ok(*status));
    }
}

#[test]
fn a_list_or_a_key_set_that_is_too_large_is_refused_unread() {
    let token = "a".repeat(512 * 1024 + 1);
    let error = verifier().status_list(&token, STATUS_URI, NOW).expect_err("it is too large");
    assert_eq!(error, VerifyError::TooLarge { limit: 512 * 1024 });
    let set = format!("{}{}", KeySet::new(vec![key().public().clone()]).to_json(), " ".repeat(64 * 1024));
    assert_eq!(KeySet::parse(set.as_bytes()).expect_err("it is too large").code(), "too_large");
}

#[test]
fn a_verified_list_tells_its_age() {
    let claims = StatusListClaims { exp: Some(NOW + 100), ttl: Some(7), ..status_list() };
    let token = key().status_list(&claims).expect("the claims are valid");
    let list = verifier().status_list(&token, STATUS_URI, NOW).expect("it verifies");
    assert_eq!(
        (list.uri(), list.iat(), list.exp(), list.ttl()),
        (STATUS_URI, claims.iat, claims.exp, Some(7))
    );
    assert_eq!(list.age(claims.iat + 42), 42);
    assert_eq!(list.age(claims.iat - 42), 0);
}

/// Reads a token with `jsonwebtoken`, from the JWK of our own key set.
fn decode<T: DeserializeOwned + Clone>(
    token: &str,
    validation: &Validation,
) -> jsonwebtoken::errors::Result<T> {
    let jwk: Jwk =
        serde_json::to_value(key().public().to_jwk()).and_then(serde_json::from_value).expect("a JWK");
    let key = DecodingKey::from_jwk(&jwk).expect("the JWK is a key");
    jsonwebtoken::decode(token, &key, validation).map(|data| data.claims)
}

#[test]
fn jsonwebtoken_reads_every_kind_of_token() {
    install_crypto_provider();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.validate_exp = false;
    let token = key().lease(&lease()).expect("the claims are valid");
    assert_eq!(decode::<LeaseClaims>(&token, &validation).expect("a lease"), lease());
    let (message, _) = token.rsplit_once('.').expect("a token has dots");
    let tampered = format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 64]));
    assert!(decode::<LeaseClaims>(&tampered, &validation).is_err());
    let token = key().verdict(&verdict()).expect("the claims are valid");
    assert_eq!(decode::<VerdictClaims>(&token, &validation).expect("a verdict"), verdict());

    validation.validate_aud = false;
    validation.required_spec_claims = HashSet::new();
    let token = key().status_list(&status_list()).expect("the claims are valid");
    assert_eq!(decode::<StatusListClaims>(&token, &validation).expect("a list"), status_list());
}

#[test]
fn the_key_does_not_show_itself() {
    let shown = format!("{:?}", key());
    assert_eq!(shown, format!("SigningKey {{ kid: {:?}, .. }}", key().kid()));
}

#[test]
fn the_provider_can_be_installed_again_and_again() {
    install_crypto_provider();
    install_crypto_provider();
    assert!(SigningKey::from_seed([9; 32]).lease(&lease()).is_ok());
}

#[test]
fn an_explanation_lists_the_checks_in_order() {
    let token = key().lease(&lease()).expect("the claims are valid");
    let explanation = verifier().explain_lease(&token, FINGERPRINT, NOW);
    let names: Vec<_> = explanation.checks.iter().map(|check| check.name).collect();
    let expected = [
        "size",
        "parts",
        "base64url",
        "header",
        "algorithm",
        "type",
        "key",
        "signature",
        "payload",
        "version",
        "claims",
        "issuer",
        "audience",
        "machine",
        "issued_at",
        "not_before",
        "time_state",
    ];
    assert_eq!(names, expected);
    assert!(explanation.checks.iter().all(|check| check.outcome.is_ok()));
    assert_eq!(explanation.lease, verifier().lease(&token, FINGERPRINT, NOW).ok());
}

#[test]
fn an_explanation_ends_with_the_check_that_failed() {
    let token = key().lease(&lease()).expect("the claims are valid");
    let explanation = verifier().explain_lease(&token, "another machine", NOW);
    assert_eq!(explanation.lease, None);
    let (last, before) = explanation.checks.split_last().expect("there are checks");
    assert_eq!((last.name, &last.outcome), ("machine", &Err(VerifyError::WrongMachine)));
    assert!(before.iter().all(|check| check.outcome.is_ok()));
}

#[test]
fn a_verifier_without_keys_refuses() {
    let nobody = Verifier::new(ISSUER, AUDIENCE, KeySet::new(Vec::new()));
    let token = key().lease(&lease()).expect("the claims are valid");
    assert_eq!(nobody.lease(&token, FINGERPRINT, NOW).expect_err("no key").code(), "unknown_key");
}
