//! Properties: whatever is signed verifies to the same claims, and nothing that was changed verifies at all.

mod fixtures;

use fixtures::{AUDIENCE, BODY, FINGERPRINT, ISSUER, NONCE, NOW, STATUS_URI, key, verifier};
use leasehold_lease::{
    Confirmation, EntitlementValue, KeySet, LeaseClaims, LicenseFacts, MAX_SAFE_INTEGER, PackedStatuses,
    PublicKey, SigningKey, Status, StatusClaim, StatusListClaims, StatusReference, TimeState, VerdictClaims,
    fingerprint_hash, request_digest,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// Any text that names something; JSON must escape much of it.
fn name() -> impl Strategy<Value = String> {
    "[^\u{0}]{1,24}"
}

fn entitlement() -> impl Strategy<Value = EntitlementValue> {
    prop_oneof![
        Just(EntitlementValue::Flag),
        (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).prop_map(EntitlementValue::Number),
        ".{0,16}".prop_map(EntitlementValue::Text),
        vec(".{0,8}", 0..4).prop_map(EntitlementValue::Set),
    ]
}

/// Times in the order that leases demand: issued, refresh, end, end of grace, end of the license.
fn times() -> impl Strategy<Value = (i64, i64, i64, i64, i64)> {
    let span = || 0..1_000_000_i64;
    (0..=NOW, span(), span(), span(), span()).prop_map(|(iat, refresh, rest, grace, license)| {
        let refresh_at = iat + refresh;
        let exp = refresh_at + rest;
        (iat, refresh_at, exp, exp + grace, exp + license)
    })
}

prop_compose! {
    fn lease()(
        (iat, refresh_at, exp, grace_until, license_exp) in times(),
        names in proptest::array::uniform4(name()),
        parent in option::of(name()),
        ent in btree_map(name(), entitlement(), 0..6),
        (expires, customer, trial) in (any::<bool>(), option::of(name()), any::<bool>()),
        status in option::of((0..1_u64 << 53, name())),
        nonce in option::of(name()),
        cnf in option::of(any::<[u8; 8]>()),
    ) -> LeaseClaims {
        let [sub, jti, mid, policy] = names;
        LeaseClaims {
            ver: 1,
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub,
            jti,
            parent,
            iat,
            nbf: iat,
            exp,
            grace_until,
            refresh_at,
            mid,
            fph: fingerprint_hash(ISSUER, AUDIENCE, FINGERPRINT),
            ent,
            lic: LicenseFacts { exp: expires.then_some(license_exp), policy, customer, trial },
            status: status.map(|(idx, uri)| StatusClaim { status_list: StatusReference { idx, uri } }),
            nonce,
            cnf: cnf.map(|key| Confirmation { jkt: request_digest(&key) }),
        }
    }
}

prop_compose! {
    fn verdict()(
        valid in any::<bool>(),
        names in proptest::array::uniform2(name()),
        codes in vec(name(), 0..5),
        sub in option::of(name()),
        mid in option::of(name()),
    ) -> VerdictClaims {
        let [code, decision_id] = names;
        VerdictClaims { valid, code, codes, decision_id, sub, mid, ..fixtures::verdict() }
    }
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::Valid), Just(Status::Revoked), Just(Status::Suspended)]
}

/// A character of a token, or one that looks as if it could be.
fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        8 => proptest::char::ranges(vec!['A'..='Z', 'a'..='z', '0'..='9', '-'..='.', '_'..='_'].into()),
        1 => any::<char>(),
    ]
}

proptest! {
    #[test]
    fn a_signed_lease_verifies_to_its_claims(claims in lease(), later in 0..4_000_000_i64) {
        let key = key();
        let token = key.lease(&claims).expect("the claims are valid");
        let now = claims.iat + later;
        let verified = verifier().lease(&token, FINGERPRINT, now).expect("it was just signed");
        prop_assert_eq!(verified.state, TimeState::of(&claims, now));
        prop_assert_eq!(verified.state.permits_use(), now < claims.grace_until);
        prop_assert_eq!(verified.kid.as_str(), key.kid());
        prop_assert_eq!(verified.claims, claims);
    }

    #[test]
    fn a_signed_verdict_verifies_to_its_claims(claims in verdict()) {
        let token = key().verdict(&claims).expect("the claims are valid");
        prop_assert_eq!(verifier().verdict(&token, NONCE, BODY, NOW), Ok(claims));
    }

    #[test]
    fn a_signed_list_has_its_entries(statuses in vec(status(), 0..200)) {
        let packed = PackedStatuses::pack(&statuses);
        let claims = StatusListClaims { status_list: packed, ..fixtures::status_list() };
        let token = key().status_list(&claims).expect("the claims are valid");
        let list = verifier().status_list(&token, STATUS_URI, NOW).expect("it was just signed");
        prop_assert_eq!(list.capacity(), statuses.len().next_multiple_of(4));
        for (index, status) in (0..).zip(statuses) {
            prop_assert_eq!(list.status(index), Ok(status));
        }
    }

    #[test]
    fn a_lease_with_another_character_is_refused(position in any::<prop::sample::Index>(), other in character()) {
        let token = key().lease(&fixtures::lease()).expect("the claims are valid");
        let position = position.index(token.len());
        let mut characters: Vec<char> = token.chars().collect();
        let character = characters.get_mut(position).expect("the position is in the token");
        prop_assume!(*character != other);
        *character = other;
        let changed: String = characters.into_iter().collect();
        prop_assert!(verifier().lease(&changed, FINGERPRINT, NOW).is_err());
    }

    #[test]
    fn a_lease_with_a_character_more_or_less_is_refused(
        position in any::<prop::sample::Index>(),
        other in character(),
    ) {
        let token = key().lease(&fixtures::lease()).expect("the claims are valid");
        let position = position.index(token.len());
        let mut longer = token.clone();
        longer.insert(position, other);
        prop_assert!(verifier().lease(&longer, FINGERPRINT, NOW).is_err());
        let mut shorter = token;
        shorter.remove(position);
        prop_assert!(verifier().lease(&shorter, FINGERPRINT, NOW).is_err());
    }

    #[test]
    fn any_text_is_refused(text in ".{0,200}") {
        prop_assert!(verifier().lease(&text, FINGERPRINT, NOW).is_err());
        prop_assert!(KeySet::parse(text.as_bytes()).is_err());
    }

    #[test]
    fn another_key_does_not_verify(seed in any::<[u8; 32]>()) {
        let other = SigningKey::from_seed(seed);
        let token = other.lease(&fixtures::lease()).expect("the claims are valid");
        let refused = verifier().lease(&token, FINGERPRINT, NOW);
        prop_assert_eq!(refused.map_err(|error| error.code()).err(), Some("unknown_key"));
    }

    #[test]
    fn a_key_set_reads_back(seeds in vec(any::<[u8; 32]>(), 1..5)) {
        let keys: Vec<PublicKey> = seeds.iter().map(|seed| SigningKey::from_seed(*seed).public().clone()).collect();
        let set = KeySet::new(keys.clone());
        prop_assert_eq!(KeySet::parse(set.to_json().as_bytes()), Ok(set.clone()));
        for key in keys {
            prop_assert_eq!(set.get(key.kid()), Some(&key));
            prop_assert_eq!(PublicKey::from_bytes(key.to_bytes()), Ok(key));
        }
    }

    #[test]
    fn explaining_and_verifying_agree(claims in lease(), now in 0..NOW * 2, fingerprint in "fingerprint-of-machine-[12]") {
        let token = key().lease(&claims).expect("the claims are valid");
        let explanation = verifier().explain_lease(&token, &fingerprint, now);
        match verifier().lease(&token, &fingerprint, now) {
            Ok(lease) => prop_assert_eq!(explanation.lease, Some(lease)),
            Err(error) => {
                prop_assert_eq!(explanation.lease, None);
                let last = explanation.checks.into_iter().last().map(|check| check.outcome);
                prop_assert_eq!(last, Some(Err(error)));
            }
        }
    }
}
