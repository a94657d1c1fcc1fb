//! Keys, claims and tokens for the vectors, including tokens that no honest issuer would make.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer;
use leasehold_lease::{
    Confirmation, EntitlementValue, KeySet, LeaseClaims, LicenseFacts, SigningKey, StatusClaim,
    StatusReference, fingerprint_hash, request_digest,
};

pub(crate) const ISSUER: &str = "https://licenses.example.com/t/acme";
pub(crate) const AUDIENCE: &str = "atelier";
pub(crate) const FINGERPRINT: &str = "fingerprint-of-machine-1";
pub(crate) const STATUS_URI: &str = "https://licenses.example.com/t/acme/status/1";

/// When the usual tokens were issued.
pub(crate) const ISSUED: i64 = 1_800_000_000;
/// The usual instant of verification.
pub(crate) const NOW: i64 = ISSUED + 60;

/// The seeds of the two pinned keys, and of one that is not pinned. They are public and for tests only.
pub(crate) const FIRST: [u8; 32] = [0x11; 32];
pub(crate) const SECOND: [u8; 32] = [0x22; 32];
pub(crate) const UNPINNED: [u8; 32] = [0x33; 32];

pub(crate) fn key(seed: [u8; 32]) -> SigningKey {
    SigningKey::from_seed(seed)
}

pub(crate) fn kid(seed: [u8; 32]) -> String {
    key(seed).kid().to_owned()
}

pub(crate) fn pinned() -> KeySet {
    KeySet::new(vec![key(FIRST).public().clone(), key(SECOND).public().clone()])
}

/// A lease with every claim.
pub(crate) fn claims() -> LeaseClaims {
    let ent = [
        ("export", EntitlementValue::Flag),
        ("max-layers", EntitlementValue::Number(64)),
        ("edition", EntitlementValue::Text("studio".to_owned())),
        ("modules", EntitlementValue::Set(vec!["mesh".to_owned(), "render".to_owned()])),
    ];
    LeaseClaims {
        ver: 1,
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "0190a0c0-0000-7000-8000-000000000001".to_owned(),
        jti: "0190a0c0-0000-7000-8000-000000000002".to_owned(),
        parent: Some("0190a0c0-0000-7000-8000-000000000003".to_owned()),
        iat: ISSUED,
        nbf: ISSUED,
        exp: ISSUED + 1_209_600,
        grace_until: ISSUED + 1_468_800,
        refresh_at: ISSUED + 604_800,
        mid: "0190a0c0-0000-7000-8000-000000000004".to_owned(),
        fph: fingerprint_hash(ISSUER, AUDIENCE, FINGERPRINT),
        ent: ent.into_iter().map(|(code, value)| (code.to_owned(), value)).collect(),
        lic: LicenseFacts {
            exp: Some(ISSUED + 31_536_000),
            policy: "standard".to_owned(),
            customer: Some("0190a0c0-0000-7000-8000-000000000005".to_owned()),
            trial: true,
        },
        status: Some(StatusClaim { status_list: StatusReference { idx: 4711, uri: STATUS_URI.to_owned() } }),
        nonce: Some("bm9uY2Utb2YtdGhlLXJlcXVlc3Q".to_owned()),
        cnf: Some(Confirmation { jkt: request_digest(b"device key") }),
    }
}

/// A lease with no optional claim.
pub(crate) fn minimal_claims() -> LeaseClaims {
    LeaseClaims {
        parent: None,
        ent: BTreeMap::new(),
        lic: LicenseFacts { exp: None, policy: "perpetual".to_owned(), customer: None, trial: false },
        status: None,
        nonce: None,
        cnf: None,
        ..claims()
    }
}

/// The usual lease, properly signed.
pub(crate) fn lease() -> String {
    key(FIRST).lease(&claims()).expect("the usual claims are valid")
}

/// The payload of the usual lease.
pub(crate) fn payload() -> String {
    serde_json::to_string(&claims()).expect("claims are JSON")
}

/// The header of the usual lease.
pub(crate) fn header() -> String {
    header_of("lease+jwt")
}

pub(crate) fn header_of(typ: &str) -> String {
    format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"{}"}}"#, kid(FIRST))
}

/// `text` with the one occurrence of `from` replaced.
pub(crate) fn swap(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replace(from, to)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("it was encoded here")
}

/// Any header and any payload with a good signature by the first pinned key.
pub(crate) fn forge(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    sign_encoded(&encode(header), &encode(payload), FIRST)
}

/// The usual header over any payload.
pub(crate) fn with_payload(payload: impl AsRef<[u8]>) -> String {
    forge(header(), payload)
}

/// The usual payload under any header.
pub(crate) fn with_header(header: impl AsRef<[u8]>) -> String {
    forge(header, payload())
}

/// Any two parts, encoded or not, with a good signature over exactly those characters.
pub(crate) fn sign_encoded(header: &str, payload: &str, seed: [u8; 32]) -> String {
    let message = format!("{header}.{payload}");
    let signature = ed25519_dalek::SigningKey::from_bytes(&seed).sign(message.as_bytes());
    format!("{message}.{}", encode(signature.to_bytes()))
}

/// A token's three parts.
pub(crate) fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().expect("a token has three parts")
}
