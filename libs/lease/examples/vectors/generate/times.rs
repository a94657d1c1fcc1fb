//! Verification at different instants: the skew on `iat` and `nbf`, and the state that comes out.

use leasehold_lease::{LeaseClaims, TimeState};

use super::case::{Case, File};
use super::forge::{FIRST, ISSUED, claims, key, kid, minimal_claims};

const SKEW: i64 = 300;

pub(crate) fn file() -> File {
    let usual = claims();
    let later = LeaseClaims { nbf: ISSUED + 1000, ..claims() };
    let earlier = LeaseClaims { nbf: ISSUED - 1000, ..claims() };
    let cases = vec![
        at("iat 300 s in the future", &usual, ISSUED - SKEW, TimeState::Valid),
        refused("iat 301 s in the future", &usual, ISSUED - SKEW - 1, "issued_in_future"),
        refused("a clock at the epoch", &usual, 0, "issued_in_future"),
        refused("a clock before the epoch", &usual, -1_000_000_000, "issued_in_future"),
        at("nbf 300 s in the future", &later, ISSUED + 1000 - SKEW, TimeState::Valid),
        refused("nbf 301 s in the future", &later, ISSUED + 1000 - SKEW - 1, "not_yet_valid"),
        refused("iat is checked before nbf", &later, ISSUED - SKEW - 1, "issued_in_future"),
        refused("iat in the future, nbf in the past", &earlier, ISSUED - SKEW - 1, "issued_in_future"),
        at("at iat", &usual, ISSUED, TimeState::Valid),
        at("a second before refresh_at", &usual, usual.refresh_at - 1, TimeState::Valid),
        at("at refresh_at", &usual, usual.refresh_at, TimeState::RefreshDue),
        at("a second before exp", &usual, usual.exp - 1, TimeState::RefreshDue),
        at("at exp", &usual, usual.exp, TimeState::InGrace),
        at("no skew on exp", &usual, usual.exp + 1, TimeState::InGrace),
        at("a second before grace_until", &usual, usual.grace_until - 1, TimeState::InGrace),
        at("at grace_until", &usual, usual.grace_until, TimeState::Expired),
        at("no skew on grace_until", &usual, usual.grace_until + 1, TimeState::Expired),
        at("long after", &minimal_claims(), 253_402_300_799, TimeState::Expired),
    ];
    File::new(
        "When a lease is verified: 300 s of skew on iat and nbf, none on the edges of its states.",
        cases,
    )
}

fn sign(claims: &LeaseClaims) -> String {
    key(FIRST).lease(claims).expect("the claims are valid")
}

fn at(name: &'static str, claims: &LeaseClaims, now: i64, state: TimeState) -> Case {
    Case::lease(name, sign(claims)).now(now).accepts_lease(state, &kid(FIRST), claims)
}

fn refused(name: &'static str, claims: &LeaseClaims, now: i64, code: &'static str) -> Case {
    Case::lease(name, sign(claims)).now(now).error(code)
}
