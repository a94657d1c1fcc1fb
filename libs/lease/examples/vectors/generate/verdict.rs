//! Verdicts: bound to a nonce and a request, and short-lived.

use leasehold_lease::{VerdictClaims, request_digest};

use super::case::{Case, File};
use super::forge::{AUDIENCE, FIRST, ISSUED, ISSUER, SECOND, forge, header_of, key, lease, swap};

const NONCE: &str = "bm9uY2Utb2YtdGhlLXJlcXVlc3Q";
const BODY: &str = r#"{"license_key":"EXAMPLE","nonce":"bm9uY2Utb2YtdGhlLXJlcXVlc3Q"}"#;

pub(crate) fn file() -> File {
    let approval = approval();
    let refusal = VerdictClaims {
        valid: false,
        code: "license_expired".to_owned(),
        codes: vec!["license_expired".to_owned(), "machine_not_activated".to_owned()],
        sub: None,
        mid: None,
        ..approval.clone()
    };
    let empty_body = VerdictClaims { req: request_digest(b""), ..approval.clone() };
    let token = sign(&approval);
    let text = json(&approval);
    let forged = |payload: String| forge(header_of("verdict+jwt"), payload);
    let case = |name, token: &str| Case::verdict(name, token, NONCE, BODY);
    let nonce = |name, nonce: &str| Case::verdict(name, token.clone(), nonce, BODY).error("wrong_nonce");
    let body = |name, body: &str| Case::verdict(name, token.clone(), NONCE, body).error("wrong_request");

    let mut cases = vec![
        case("an approval", &token).accepts_verdict(&approval),
        case("a refusal, without license and machine", &sign(&refusal)).accepts_verdict(&refusal),
        Case::verdict("an empty request", sign(&empty_body), NONCE, "").accepts_verdict(&empty_body),
        case("iat 300 s in the future", &token).now(ISSUED - 300).accepts_verdict(&approval),
        case("iat 301 s in the future", &token).now(ISSUED - 301).error("issued_in_future"),
        case("a second before exp", &token).now(ISSUED + 299).accepts_verdict(&approval),
        case("at exp", &token).now(ISSUED + 300).error("verdict_expired"),
        case("long after exp", &token).now(ISSUED + 1_000_000).error("verdict_expired"),
        nonce("another nonce", "YW5vdGhlciBub25jZQ"),
        nonce("the nonce in other case", &NONCE.to_uppercase()),
        nonce("an empty nonce", ""),
        body("another request", r#"{"license_key":"OTHER","nonce":"bm9uY2Utb2YtdGhlLXJlcXVlc3Q"}"#),
        body("the request with other white space", &BODY.replace(',', ", ")),
        body("an empty request instead", ""),
        case("another issuer", &token).issuer("https://licenses.example.com/t/other").error("wrong_issuer"),
        case("another product", &token).audience("drafter").error("wrong_audience"),
        case("a lease as a verdict", &lease()).error("bad_type"),
        Case::lease("a verdict as a lease", token.clone()).error("bad_type"),
        case("a verdict's claims in a lease", &forge(header_of("lease+jwt"), &text)).error("bad_type"),
        case("a lease's claims in a verdict", &forged(super::forge::payload())).error("bad_payload"),
        case("a refusal turned into an approval", &turned(&refusal)).error("bad_signature"),
        case("signed by the other key", &resigned(&token)).error("bad_signature"),
        case("ver 2", &forged(swap(&text, r#""ver":1"#, r#""ver":2"#))).error("bad_version"),
        case("valid is a string", &forged(swap(&text, "true", r#""true""#))).error("bad_payload"),
        case("valid is null", &forged(swap(&text, "true", "null"))).error("bad_payload"),
        case("no valid", &forged(swap(&text, r#""valid":true,"#, ""))).error("bad_payload"),
        case("valid twice", &forged(swap(&text, "true", r#"true,"valid":true"#))).error("duplicate_member"),
        case("codes is a string", &forged(swap(&text, r#"["valid"]"#, r#""valid""#))).error("bad_payload"),
        case("an empty nonce in the verdict", &forged(swap(&text, NONCE, ""))).error("bad_payload"),
        case("req is not a digest", &forged(swap(&text, &approval.req, "AAAA"))).error("bad_payload"),
    ];
    for (name, exp) in [("a lifetime of 301 s", ISSUED + 301), ("a lifetime of 299 s", ISSUED + 299)] {
        let token = forged(json(&VerdictClaims { exp, ..approval.clone() }));
        cases.push(case(name, &token).error("inconsistent_claims"));
    }
    File::new("Verdicts: the answer to one request, with its nonce, usable for 300 s.", cases)
}

fn approval() -> VerdictClaims {
    VerdictClaims {
        ver: 1,
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        iat: ISSUED,
        exp: ISSUED + 300,
        nonce: NONCE.to_owned(),
        req: request_digest(BODY.as_bytes()),
        valid: true,
        code: "valid".to_owned(),
        codes: vec!["valid".to_owned()],
        decision_id: "0190a0c0-0000-7000-8000-000000000006".to_owned(),
        sub: Some("0190a0c0-0000-7000-8000-000000000001".to_owned()),
        mid: Some("0190a0c0-0000-7000-8000-000000000004".to_owned()),
    }
}

fn sign(claims: &VerdictClaims) -> String {
    key(FIRST).verdict(claims).expect("the claims are valid")
}

fn json(claims: &VerdictClaims) -> String {
    serde_json::to_string(claims).expect("claims are JSON")
}

/// A refusal's signature under the same claims with another answer.
fn turned(refusal: &VerdictClaims) -> String {
    let [header, _, signature] = super::forge::parts(&sign(refusal));
    let approval = json(&VerdictClaims { valid: true, ..refusal.clone() });
    format!("{header}.{}.{signature}", super::forge::encode(approval))
}

fn resigned(token: &str) -> String {
    let [header, payload, _] = super::forge::parts(token);
    super::forge::sign_encoded(&header, &payload, SECOND)
}
