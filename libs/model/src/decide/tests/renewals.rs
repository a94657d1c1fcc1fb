//! When a license ends after it was renewed.

use proptest::{option, prelude::*, sample::select};

use super::*;
use crate::{
    Term,
    decide::{NotRenewable, RenewFrom, renew},
};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn term(text: &str) -> Term {
    text.parse().unwrap()
}

/// A license that ends then, of a policy with that term.
fn ending(expires_at: Option<&str>, policy_term: Option<&str>) -> (License, Policy) {
    let rules = PolicyRules { term: policy_term.map(term), ..PolicyRules::default() };
    (License { expires_at: expires_at.map(at), ..license() }, policy(rules))
}

#[test]
fn from_expiry_or_from_now() {
    use RenewFrom::{Expiry, Now};
    for (expires_at, from, term_text, now, end) in [
        // early, late, and on the very instant
        ("2026-06-01T00:00:00Z", Expiry, "P1Y", "2026-03-01T12:00:00Z", "2027-06-01T00:00:00Z"),
        ("2026-06-01T00:00:00Z", Now, "P1Y", "2026-03-01T12:00:00Z", "2027-03-01T12:00:00Z"),
        ("2026-01-01T00:00:00Z", Expiry, "P1Y", "2026-03-01T12:00:00Z", "2027-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00Z", Now, "P1Y", "2026-03-01T12:00:00Z", "2027-03-01T12:00:00Z"),
        ("2026-03-01T12:00:00Z", Expiry, "P1M", "2026-03-01T12:00:00Z", "2026-04-01T12:00:00Z"),
        ("2026-03-01T12:00:00Z", Now, "P1M", "2026-03-01T12:00:00Z", "2026-04-01T12:00:00Z"),
        // over so long that a term does not make up for it
        ("2020-01-01T00:00:00Z", Expiry, "P1Y", "2026-03-01T12:00:00Z", "2021-01-01T00:00:00Z"),
        // from now may end sooner
        ("2030-01-01T00:00:00Z", Now, "P1D", "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"),
        // the calendar, not seconds
        ("2024-02-29T00:00:00Z", Expiry, "P1Y", "2024-01-01T00:00:00Z", "2025-02-28T00:00:00Z"),
        ("2024-02-29T00:00:00Z", Expiry, "P4Y", "2024-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("2023-02-28T00:00:00Z", Expiry, "P1Y", "2023-01-01T00:00:00Z", "2024-02-28T00:00:00Z"),
        ("2026-01-31T23:59:59.999999Z", Expiry, "P1M", "2026-01-01T00:00:00Z", "2026-02-28T23:59:59.999999Z"),
        ("2024-01-31T00:00:00Z", Expiry, "P1M", "2024-01-01T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("2023-12-31T00:00:00Z", Expiry, "P366D", "2023-01-01T00:00:00Z", "2024-12-31T00:00:00Z"),
        // the end of all time
        ("9999-12-31T23:59:59.999999Z", Expiry, "P1D", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
        ("9999-06-01T00:00:00Z", Expiry, "P1Y", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        let (license, policy) = ending(Some(expires_at), Some("P10Y"));
        let renewed = renew(&license, &policy, Some(term(term_text)), from, at(now));
        assert_eq!(renewed, Ok(at(end)), "{expires_at} {from:?} {term_text} at {now}");
    }
}

#[test]
fn the_term_is_that_of_the_policy_unless_another_is_named() {
    let (license, policy) = ending(Some("2026-06-01T00:00:00Z"), Some("P2Y"));
    let renewed = |named| renew(&license, &policy, named, RenewFrom::Expiry, now());
    assert_eq!(renewed(None), Ok(at("2028-06-01T00:00:00Z")));
    assert_eq!(renewed(Some(term("P30D"))), Ok(at("2026-07-01T00:00:00Z")));
    let (license, policy) = ending(Some("2026-06-01T00:00:00Z"), None);
    let renewed = |named| renew(&license, &policy, named, RenewFrom::Expiry, now());
    assert_eq!(renewed(None), Err(NotRenewable::NoTerm));
    assert_eq!(renewed(Some(term("P30D"))), Ok(at("2026-07-01T00:00:00Z")));
}

#[test]
fn what_has_no_end_is_not_renewed() {
    for (started, policy_term, why) in [
        (false, None, NotRenewable::Perpetual),
        (true, None, NotRenewable::Perpetual),
        (true, Some("P1Y"), NotRenewable::Perpetual),
        (false, Some("P1Y"), NotRenewable::TermNotBegun),
    ] {
        let (license, policy) = ending(None, policy_term);
        let license = License { term_started_at: started.then(now), ..license };
        for from in [RenewFrom::Expiry, RenewFrom::Now] {
            let renewed = renew(&license, &policy, Some(term("P1Y")), from, now());
            assert_eq!(renewed, Err(why), "{started} {policy_term:?} {from:?}");
        }
    }
}

#[test]
fn a_revoked_license_is_not_renewed_and_a_suspended_one_is() {
    let (license, policy) = ending(Some("2026-06-01T00:00:00Z"), Some("P1Y"));
    for (state, renewed) in [
        (LicenseState::Active, Ok(at("2027-06-01T00:00:00Z"))),
        (LicenseState::Suspended, Ok(at("2027-06-01T00:00:00Z"))),
        (LicenseState::Revoked, Err(NotRenewable::Revoked)),
    ] {
        let license = License { state, ..license.clone() };
        assert_eq!(renew(&license, &policy, None, RenewFrom::Expiry, now()), renewed, "{state:?}");
    }
}

#[test]
fn the_names_of_where_a_term_begins() {
    for from in [RenewFrom::Expiry, RenewFrom::Now] {
        assert_eq!(RenewFrom::from_code(from.code()), Ok(from));
    }
    assert!(RenewFrom::from_code("Expiry").is_err() && RenewFrom::from_code("").is_err());
    assert_eq!(RenewFrom::default(), RenewFrom::Expiry);
}

fn instants() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.unix_micros()..=Timestamp::MAX.unix_micros())
        .prop_map(|micros| Timestamp::from_unix_micros(micros).unwrap())
}

fn terms() -> impl Strategy<Value = Term> {
    (0u32..=1_000, 0u32..=40_000, 0u32..=u32::MAX)
        .prop_filter("positive", |parts| *parts != (0, 0, 0))
        .prop_map(|(months, days, seconds)| term(&format!("P{months}M{days}DT{seconds}S")))
}

proptest! {
    #[test]
    fn renewing(
        state in select(vec![LicenseState::Active, LicenseState::Suspended, LicenseState::Revoked]),
        started in option::of(instants()),
        expires_at in option::of(instants()),
        policy_term in option::of(terms()),
        named in option::of(terms()),
        later in any::<bool>(),
        [now, other] in [instants(), instants()],
    ) {
        let license = License { state, term_started_at: started, expires_at, ..license() };
        let policy = policy(PolicyRules { term: policy_term, ..PolicyRules::default() });
        let renewed = |from, now| renew(&license, &policy, named, from, now);
        let [from_expiry, from_now] = [RenewFrom::Expiry, RenewFrom::Now].map(|from| renewed(from, now));
        prop_assert_eq!(from_expiry.is_ok(), from_now.is_ok(), "where it begins does not decide whether");
        if let Ok(end) = from_expiry {
            prop_assert!(state != LicenseState::Revoked);
            let before = expires_at.unwrap();
            prop_assert!(end > before || before == end && end == Timestamp::MAX, "never shortened");
            prop_assert_eq!(renewed(RenewFrom::Expiry, other), Ok(end), "whenever it is asked for");
        }
        if let Ok(end) = from_now {
            prop_assert!(end > now || end == Timestamp::MAX, "valid from now on");
            if later && other > now {
                prop_assert!(renewed(RenewFrom::Now, other).unwrap() >= end, "later is not sooner");
            }
        }
    }
}
