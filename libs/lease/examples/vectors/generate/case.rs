//! The shape of a vector file.

use leasehold_lease::{Jwk, LeaseClaims, PublicKey, Status, TimeState, VerdictClaims};
use serde::Serialize;

use super::forge::{AUDIENCE, FINGERPRINT, ISSUER, NOW, pinned};

/// One file: a topic, the pinned keys, the cases.
#[derive(Serialize)]
pub(crate) struct File {
    description: &'static str,
    keys: Keys,
    cases: Vec<Case>,
}

/// A JWK set.
#[derive(Serialize)]
struct Keys {
    keys: Vec<Jwk>,
}

impl File {
    pub(crate) fn new(description: &'static str, cases: Vec<Case>) -> Self {
        let keys = Keys { keys: pinned().iter().map(PublicKey::to_jwk).collect() };
        Self { description, keys, cases }
    }

    pub(crate) fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("vectors are JSON");
        text.push('\n');
        text
    }
}

/// One case: what goes in, and what must come out. Members that its kind does not need are left out.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) struct Case {
    name: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_set: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Box<LeaseClaims>>,
    expect: Expect,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    Ok(Accepted),
    Error(&'static str),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Accepted {
    Lease { state: TimeState, kid: String, claims: Box<LeaseClaims> },
    Verdict { claims: Box<VerdictClaims> },
    Status { status: Status },
    KeySet { kids: Vec<String> },
    TimeState { state: TimeState },
}

impl Case {
    fn new(name: &'static str, kind: &'static str) -> Self {
        Self {
            name,
            kind,
            issuer: None,
            audience: None,
            fingerprint: None,
            nonce: None,
            request_body: None,
            uri: None,
            index: None,
            now: None,
            token: None,
            key_set: None,
            claims: None,
            expect: Expect::Error("no expectation"),
        }
    }

    /// A lease, on the machine and at the time that the usual one is for.
    pub(crate) fn lease(name: &'static str, token: impl Into<String>) -> Self {
        Self {
            issuer: Some(ISSUER.to_owned()),
            audience: Some(AUDIENCE.to_owned()),
            fingerprint: Some(FINGERPRINT.to_owned()),
            now: Some(NOW),
            token: Some(token.into()),
            ..Self::new(name, "lease")
        }
    }

    pub(crate) fn verdict(name: &'static str, token: impl Into<String>, nonce: &str, body: &str) -> Self {
        Self {
            issuer: Some(ISSUER.to_owned()),
            audience: Some(AUDIENCE.to_owned()),
            nonce: Some(nonce.to_owned()),
            request_body: Some(body.to_owned()),
            now: Some(NOW),
            token: Some(token.into()),
            ..Self::new(name, "verdict")
        }
    }

    pub(crate) fn status_list(name: &'static str, token: impl Into<String>, uri: &str, index: u64) -> Self {
        Self {
            issuer: Some(ISSUER.to_owned()),
            audience: Some(AUDIENCE.to_owned()),
            uri: Some(uri.to_owned()),
            index: Some(index),
            now: Some(NOW),
            token: Some(token.into()),
            ..Self::new(name, "status_list")
        }
    }

    pub(crate) fn key_set(name: &'static str, text: impl Into<String>) -> Self {
        Self { key_set: Some(text.into()), ..Self::new(name, "key_set") }
    }

    pub(crate) fn time_state(name: &'static str, claims: LeaseClaims, now: i64, state: TimeState) -> Self {
        Self {
            claims: Some(Box::new(claims)),
            now: Some(now),
            expect: Expect::Ok(Accepted::TimeState { state }),
            ..Self::new(name, "time_state")
        }
    }

    pub(crate) fn issuer(self, issuer: &str) -> Self {
        Self { issuer: Some(issuer.to_owned()), ..self }
    }

    pub(crate) fn audience(self, audience: &str) -> Self {
        Self { audience: Some(audience.to_owned()), ..self }
    }

    pub(crate) fn fingerprint(self, fingerprint: &str) -> Self {
        Self { fingerprint: Some(fingerprint.to_owned()), ..self }
    }

    pub(crate) fn now(self, now: i64) -> Self {
        Self { now: Some(now), ..self }
    }

    pub(crate) fn error(self, code: &'static str) -> Self {
        Self { expect: Expect::Error(code), ..self }
    }

    pub(crate) fn accepts_lease(self, state: TimeState, kid: &str, claims: &LeaseClaims) -> Self {
        let accepted = Accepted::Lease { state, kid: kid.to_owned(), claims: Box::new(claims.clone()) };
        Self { expect: Expect::Ok(accepted), ..self }
    }

    pub(crate) fn accepts_verdict(self, claims: &VerdictClaims) -> Self {
        Self { expect: Expect::Ok(Accepted::Verdict { claims: Box::new(claims.clone()) }), ..self }
    }

    pub(crate) fn has_status(self, status: Status) -> Self {
        Self { expect: Expect::Ok(Accepted::Status { status }), ..self }
    }

    pub(crate) fn has_kids(self, kids: &[&str]) -> Self {
        let kids = kids.iter().map(|&kid| kid.to_owned()).collect();
        Self { expect: Expect::Ok(Accepted::KeySet { kids }), ..self }
    }
}
