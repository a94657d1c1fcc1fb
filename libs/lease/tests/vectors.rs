//! Runs every published vector against the verifying half alone.
#![expect(clippy::expect_used, clippy::panic, reason = "this is a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use leasehold_lease::{KeySet, LeaseClaims, PublicKey, TimeState, Verifier};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    description: String,
    keys: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(flatten)]
    input: Input,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Input {
    Lease { issuer: String, audience: String, fingerprint: String, now: i64, token: String },
    Verdict { issuer: String, audience: String, nonce: String, request_body: String, now: i64, token: String },
    StatusList { issuer: String, audience: String, uri: String, index: u64, now: i64, token: String },
    KeySet { key_set: String },
    TimeState { claims: Box<LeaseClaims>, now: i64 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    Ok(Value),
    Error(String),
}

impl Input {
    fn run(&self, keys: &KeySet) -> Expect {
        let verifier = |issuer: &str, audience: &str| Verifier::new(issuer, audience, keys.clone());
        let outcome = match self {
            Self::Lease { issuer, audience, fingerprint, now, token } => verifier(issuer, audience)
                .lease(token, fingerprint, *now)
                .map(|lease| json!({ "state": lease.state, "kid": lease.kid, "claims": lease.claims }))
                .map_err(|error| error.code()),
            Self::Verdict { issuer, audience, nonce, request_body, now, token } => verifier(issuer, audience)
                .verdict(token, nonce, request_body.as_bytes(), *now)
                .map(|claims| json!({ "claims": claims }))
                .map_err(|error| error.code()),
            Self::StatusList { issuer, audience, uri, index, now, token } => verifier(issuer, audience)
                .status_list(token, uri, *now)
                .and_then(|list| list.status(*index))
                .map(|status| json!({ "status": status }))
                .map_err(|error| error.code()),
            Self::KeySet { key_set } => KeySet::parse(key_set.as_bytes())
                .map(|set| json!({ "kids": set.iter().map(PublicKey::kid).collect::<Vec<_>>() }))
                .map_err(|error| error.code()),
            Self::TimeState { claims, now } => Ok(json!({ "state": TimeState::of(claims, *now) })),
        };
        outcome.map_or_else(|code| Expect::Error(code.to_owned()), Expect::Ok)
    }
}

fn files() -> Vec<(String, File)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the vectors folder is there")
        .map(|entry| {
            let path = entry.expect("the vectors folder is readable").path();
            let text = fs::read_to_string(&path).expect("a vector file is text");
            let file =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_name().expect("a file has a name").to_string_lossy().into_owned(), file)
        })
        .collect();
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files
}

#[test]
fn every_vector_has_its_outcome() {
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    for (name, file) in files() {
        assert!(!file.description.is_empty(), "{name} says what it is about");
        let keys = KeySet::parse(file.keys.to_string().as_bytes()).expect("the pinned keys are a key set");
        let mut names = BTreeSet::new();
        for case in file.cases {
            assert!(names.insert(case.name.clone()), "{name} has two cases {:?}", case.name);
            let found = case.input.run(&keys);
            match case.expect {
                Expect::Ok(_) => accepted += 1,
                Expect::Error(_) => refused += 1,
            }
            if found != case.expect {
                wrong.push(format!("{name}, {}: expected {:?}, found {found:?}", case.name, case.expect));
            }
        }
    }
    assert!(wrong.is_empty(), "{} vectors fail:\n{}", wrong.len(), wrong.join("\n"));
    assert!(accepted >= 60, "only {accepted} vectors are accepted");
    assert!(refused >= 240, "only {refused} vectors are refused");
}

/// Every code that a token, an entry or a key set can be refused with, except for the size of a status list and
/// of a key set, which would make these files large.
#[test]
fn every_code_has_a_vector() {
    let tokens = [
        "too_large",
        "malformed",
        "bad_base64",
        "bad_header",
        "duplicate_member",
        "unknown_member",
        "bad_algorithm",
        "bad_type",
        "unknown_key",
        "bad_signature",
        "bad_payload",
        "bad_version",
        "inconsistent_claims",
        "wrong_issuer",
        "wrong_audience",
        "wrong_machine",
        "wrong_nonce",
        "wrong_request",
        "wrong_status_list",
        "issued_in_future",
        "not_yet_valid",
        "verdict_expired",
        "status_list_expired",
        "bad_status_list",
        "status_out_of_range",
        "unknown_status",
    ];
    let key_sets = [
        "malformed",
        "duplicate_member",
        "empty",
        "private_key",
        "unknown_member",
        "wrong_key_type",
        "wrong_use",
        "wrong_algorithm",
        "bad_encoding",
        "not_a_point",
        "not_canonical",
        "small_order",
        "wrong_kid",
        "duplicate_kid",
    ];
    let cases: Vec<Case> = files().into_iter().flat_map(|(_, file)| file.cases).collect();
    for (codes, of_key_sets) in [(&tokens[..], false), (&key_sets[..], true)] {
        let found: BTreeSet<&str> = cases
            .iter()
            .filter(|case| matches!(case.input, Input::KeySet { .. }) == of_key_sets)
            .filter_map(|case| match &case.expect {
                Expect::Ok(_) => None,
                Expect::Error(code) => Some(code.as_str()),
            })
            .collect();
        assert_eq!(found, codes.iter().copied().collect());
    }
}
