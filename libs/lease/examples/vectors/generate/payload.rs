//! The payload of a lease: strict JSON, version, the shape of every claim, and claims that contradict each other.

use leasehold_lease::{LeaseClaims, MAX_SAFE_INTEGER, TimeState};

use super::case::{Case, File};
use super::forge::{FIRST, ISSUED, claims, kid, minimal_claims, payload, swap, with_payload};

pub(crate) fn file() -> File {
    let usual = payload();
    let with = |from: &str, to: &str| with_payload(swap(&usual, from, to));
    let extra = |member: &str| with_payload(swap(&usual, r#"{"ver""#, &format!(r#"{{{member},"ver""#)));
    let ent = |value: &str| with(r#""max-layers":64"#, &format!(r#""max-layers":{value}"#));
    let accept = |name, token, claims: &LeaseClaims| {
        Case::lease(name, token).accepts_lease(TimeState::Valid, &kid(FIRST), claims)
    };

    let mut cases = vec![
        accept("unknown claims are ignored", extra(r#""new":{"a":[1,2.5,{}]}"#), &claims()),
        accept(
            "unknown members of lic, status and cnf are ignored",
            with_payload(nested_unknown(&usual)),
            &claims(),
        ),
        accept("white space in the payload", with_payload(pretty()), &claims()),
        accept("letters outside ASCII", with_payload(json(&unicode())), &unicode()),
        accept("the largest and the smallest number", with_payload(json(&extreme())), &extreme()),
    ];
    cases.extend(
        [
            ("a claim twice", extra(r#""iss":"x""#)),
            ("a claim twice with one value", extra(r#""aud":"atelier""#)),
            ("a claim twice, once escaped", extra(r#""\u0061ud":"atelier""#)),
            ("an unknown claim twice", extra(r#""x":1,"x":1"#)),
            ("an entitlement twice", with(r#""max-layers":64"#, r#""max-layers":64,"max-layers":65"#)),
            ("a member of lic twice", with(r#""policy":"#, r#""policy":"x","policy":"#)),
            ("a member of the status twice", with(r#""idx":4711"#, r#""idx":4712,"idx":4711"#)),
            ("a member twice deep in an unknown claim", extra(r#""x":[{"y":{"z":1,"z":2}}]"#)),
        ]
        .map(|(name, token)| Case::lease(name, token).error("duplicate_member")),
    );
    cases.extend(
        [
            ("ver 2", with(r#""ver":1"#, r#""ver":2"#)),
            ("ver 2 with other claims", with_payload(r#"{"ver":2,"issuer":"elsewhere"}"#)),
            ("ver 0", with(r#""ver":1"#, r#""ver":0"#)),
            ("ver 1.0", with(r#""ver":1"#, r#""ver":1.0"#)),
            ("ver is a string", with(r#""ver":1"#, r#""ver":"1""#)),
            ("no ver", with(r#""ver":1,"#, "")),
        ]
        .map(|(name, token)| Case::lease(name, token).error("bad_version")),
    );
    let bad = [
        ("the payload is an array", with_payload(format!("[{usual}]"))),
        ("the payload is not JSON", with_payload("ver=1")),
        ("something after the payload's JSON", with_payload(format!("{usual} x"))),
        ("two objects", with_payload(format!("{usual}{usual}"))),
        ("a byte order mark before the payload", with_payload(format!("\u{feff}{usual}"))),
        ("the payload is not UTF-8", with_payload([usual.as_bytes(), &[0xff]].concat())),
        ("half a surrogate pair", with("studio", r"\ud800")),
        ("a claim is null", extra(r#""x":null"#)),
        ("parent is null", with(r#""parent":"0190a0c0-0000-7000-8000-000000000003""#, r#""parent":null"#)),
        ("null deep in an unknown claim", extra(r#""x":[{"y":null}]"#)),
        ("NaN", extra(r#""x":NaN"#)),
        ("a comment", with_payload(swap(&usual, "{\"ver\"", "{/* */\"ver\""))),
        ("aud is an array", with(r#""aud":"atelier""#, r#""aud":["atelier"]"#)),
        ("iat is a string", with(r#""iat":1800000000"#, r#""iat":"1800000000""#)),
        ("iat has a fraction", with(r#""iat":1800000000"#, r#""iat":1800000000.0"#)),
        ("iat has an exponent", with(r#""iat":1800000000"#, r#""iat":18e8"#)),
        ("iat is negative", with(r#""iat":1800000000"#, r#""iat":-1"#)),
        ("exp is beyond 2^53 − 1", with(r#""exp":1801209600"#, r#""exp":9007199254740992"#)),
        ("an entitlement is false", ent("false")),
        ("an entitlement has a fraction", ent("64.5")),
        ("an entitlement is an object", ent("{}")),
        ("an entitlement is an array of numbers", ent("[64]")),
        ("an entitlement is beyond 2^53 − 1", ent("9007199254740992")),
        ("an entitlement is below −(2^53 − 1)", ent("-9007199254740992")),
        ("an entitlement without a code", with(r#""max-layers""#, r#""""#)),
        ("ent is an array", with_payload(swap(&json(&minimal_claims()), r#""ent":{}"#, r#""ent":[]"#))),
        ("trial is false", with(r#""trial":true"#, r#""trial":false"#)),
        ("the status index is negative", with(r#""idx":4711"#, r#""idx":-1"#)),
        ("sub is empty", with(&format!(r#""sub":"{}""#, claims().sub), r#""sub":"""#)),
        ("mid has a NUL", with(r#""mid":"#, r#""mid":"\u0000","midd":"#)),
        ("fph is not a digest", with(&claims().fph, "AAAA")),
    ];
    cases.extend(bad.map(|(name, token)| Case::lease(name, token).error("bad_payload")));
    cases.extend(MANDATORY.map(|(name, member)| {
        let renamed = format!("\"-{member}\":");
        Case::lease(name, with_payload(usual.replacen(&format!("\"{member}\":"), &renamed, 1)))
            .error("bad_payload")
    }));
    cases.extend(
        [
            ("exp before iat", LeaseClaims { exp: ISSUED - 1, refresh_at: ISSUED - 1, ..claims() }),
            ("exp before nbf", LeaseClaims { nbf: claims().exp + 1, ..claims() }),
            ("refresh_at before iat", LeaseClaims { refresh_at: ISSUED - 1, ..claims() }),
            ("refresh_at after exp", LeaseClaims { refresh_at: claims().exp + 1, ..claims() }),
            ("grace_until before exp", LeaseClaims { grace_until: claims().exp - 1, ..claims() }),
            ("exp after the license's own", outliving_its_license()),
        ]
        .map(|(name, claims)| Case::lease(name, with_payload(json(&claims))).error("inconsistent_claims")),
    );
    File::new("The payload of a lease: strict JSON, version, shape and consistency of the claims.", cases)
}

const MANDATORY: [(&str, &str); 13] = [
    ("no iss", "iss"),
    ("no aud", "aud"),
    ("no sub", "sub"),
    ("no jti", "jti"),
    ("no iat", "iat"),
    ("no nbf", "nbf"),
    ("no exp", "exp"),
    ("no grace_until", "grace_until"),
    ("no refresh_at", "refresh_at"),
    ("no mid", "mid"),
    ("no fph", "fph"),
    ("no ent", "ent"),
    ("no lic", "lic"),
];

fn json(claims: &LeaseClaims) -> String {
    serde_json::to_string(claims).expect("claims are JSON")
}

fn pretty() -> String {
    format!(" {}\n", serde_json::to_string_pretty(&claims()).expect("claims are JSON"))
}

fn nested_unknown(usual: &str) -> String {
    let text = swap(usual, r#""policy":"#, r#""new":1,"policy":"#);
    let text = swap(&text, r#""idx":"#, r#""new":[],"idx":"#);
    let text = swap(&text, r#""status_list":"#, r#""other_mechanism":{},"status_list":"#);
    swap(&text, r#""jkt":"#, r#""new":"","jkt":"#)
}

fn unicode() -> LeaseClaims {
    let mut claims = minimal_claims();
    let value = leasehold_lease::EntitlementValue::Text("Ausgabe für Bühne 舞台 🎭".to_owned());
    claims.ent.insert("édition".to_owned(), value);
    claims
}

fn extreme() -> LeaseClaims {
    let mut claims = minimal_claims();
    for (code, number) in [("largest", MAX_SAFE_INTEGER), ("smallest", -MAX_SAFE_INTEGER)] {
        claims.ent.insert(code.to_owned(), leasehold_lease::EntitlementValue::Number(number));
    }
    claims.grace_until = MAX_SAFE_INTEGER;
    claims
}

fn outliving_its_license() -> LeaseClaims {
    let mut claims = claims();
    claims.lic.exp = Some(claims.exp - 1);
    claims
}
