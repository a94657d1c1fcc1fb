//! Whose lease it is: issuer, audience and machine.

use leasehold_lease::{LeaseClaims, TimeState, fingerprint_hash};

use super::case::{Case, File};
use super::forge::{AUDIENCE, FINGERPRINT, FIRST, ISSUER, claims, key, kid, lease};

pub(crate) fn file() -> File {
    let accept = |name, claims: LeaseClaims, fingerprint: &str| {
        let token = sign(&claims);
        Case::lease(name, token).fingerprint(fingerprint).accepts_lease(
            TimeState::Valid,
            &kid(FIRST),
            &claims,
        )
    };
    let machine =
        |fingerprint: &str| LeaseClaims { fph: fingerprint_hash(ISSUER, AUDIENCE, fingerprint), ..claims() };
    let mut cases = vec![
        accept("this issuer, product and machine", claims(), FINGERPRINT),
        accept("an empty fingerprint that was hashed", machine(""), ""),
        accept("a fingerprint with letters outside ASCII", machine("Gerät 7 · 機械"), "Gerät 7 · 機械"),
        accept("a fingerprint with a NUL", machine("a\0b"), "a\0b"),
    ];
    for (name, issuer) in [
        ("another issuer", "https://licenses.example.com/t/other"),
        ("the issuer with a slash at the end", "https://licenses.example.com/t/acme/"),
        ("the issuer in other case", "https://licenses.example.com/t/Acme"),
        ("the issuer without its scheme", "licenses.example.com/t/acme"),
        ("the issuer's beginning", "https://licenses.example.com/t"),
        ("an empty issuer", ""),
    ] {
        cases.push(Case::lease(name, lease()).issuer(issuer).error("wrong_issuer"));
    }
    for (name, audience) in [
        ("another product", "atelier-pro"),
        ("the product in other case", "Atelier"),
        ("the product with a space", "atelier "),
        ("an empty product", ""),
    ] {
        cases.push(Case::lease(name, lease()).audience(audience).error("wrong_audience"));
    }
    for (name, fingerprint) in [
        ("another machine", "fingerprint-of-machine-2"),
        ("the fingerprint in other case", "Fingerprint-of-machine-1"),
        ("an empty fingerprint", ""),
        ("the fingerprint's hash instead of the fingerprint", claims().fph.as_str()),
    ] {
        cases.push(Case::lease(name, lease()).fingerprint(fingerprint).error("wrong_machine"));
    }
    for (name, issuer, audience) in [
        ("fph of the same machine at another issuer", "https://licenses.example.com/t/other", AUDIENCE),
        ("fph of the same machine for another product", ISSUER, "drafter"),
    ] {
        let fph = fingerprint_hash(issuer, audience, FINGERPRINT);
        cases.push(Case::lease(name, sign(&LeaseClaims { fph, ..claims() })).error("wrong_machine"));
    }
    File::new("Whose lease it is: iss and aud byte for byte, and fph for this machine.", cases)
}

fn sign(claims: &LeaseClaims) -> String {
    key(FIRST).lease(claims).expect("the claims are valid")
}
