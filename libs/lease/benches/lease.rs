//! What the profile costs on top of the signature: verifying a lease against a bare `verify_strict` of the same
//! bytes, and signing one against bare `ed25519-dalek` signing of the same message with `serde_json` and base64.
//!
//! Both sides of a comparison run in turns, batch by batch, so that a noisy machine disturbs both alike; the
//! ratio is that of the medians. Exits with 1 if a limit is exceeded.
#![expect(clippy::expect_used, reason = "a benchmark stops at the first fault")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer};
use leasehold_lease::{
    Confirmation, EntitlementValue, KeySet, LeaseClaims, LicenseFacts, SigningKey, StatusClaim,
    StatusReference, Verifier, fingerprint_hash, request_digest,
};

const BATCH: u32 = 64;
const ROUNDS: usize = 301;
const LIMIT: f64 = 1.3;

const SEED: [u8; 32] = [7; 32];
const ISSUER: &str = "https://licenses.example.com/t/acme";
const AUDIENCE: &str = "atelier";
const FINGERPRINT: &str = "d0c4f1a2-workstation-17";
const NOW: i64 = 1_800_000_000;

fn main() -> ExitCode {
    let key = SigningKey::from_seed(SEED);
    let claims = claims();
    let token = key.lease(&claims).expect("the claims are valid");
    let (message, signature) = token.rsplit_once('.').expect("a token has dots");
    println!("a lease of {} bytes, {ROUNDS} rounds of {BATCH}", token.len());

    let keys = KeySet::new(vec![key.public().clone()]);
    let verifier = Verifier::new(ISSUER, AUDIENCE, keys);
    let bare_private = ed25519_dalek::SigningKey::from_bytes(&SEED);
    let bare_public = bare_private.verifying_key();
    let bare_signature = URL_SAFE_NO_PAD.decode(signature).expect("we encoded it");
    let bare_signature = Signature::from_slice(&bare_signature).expect("it has 64 bytes");
    let verify = compare(
        "verify",
        || verifier.lease(black_box(&token), FINGERPRINT, NOW).is_ok(),
        || bare_public.verify_strict(black_box(message.as_bytes()), &bare_signature).is_ok(),
    );

    let (header, _) = message.split_once('.').expect("a message has a dot");
    let sign = compare(
        "sign",
        || key.lease(black_box(&claims)).is_ok(),
        || {
            let payload = serde_json::to_vec(black_box(&claims)).expect("claims are JSON");
            let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
            let signature = bare_private.sign(message.as_bytes());
            let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
            black_box(token).len() > message.len()
        },
    );

    if verify && sign { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the medians of both and their ratio; whether that is within the limit.
fn compare(name: &str, ours: impl Fn() -> bool, bare: impl Fn() -> bool) -> bool {
    let (mut our_times, mut bare_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_times.push(microseconds(&ours));
        bare_times.push(microseconds(&bare));
    }
    let (ours, bare) = (median(our_times), median(bare_times));
    let ratio = ours / bare;
    println!("{name}: {ours:.1} µs, bare {bare:.1} µs");
    println!("ratio {name} {ratio:.2} limit {LIMIT}");
    ratio <= LIMIT
}

/// The mean time of one call in a batch.
fn microseconds(work: &impl Fn() -> bool) -> f64 {
    let start = Instant::now();
    for _ in 0..BATCH {
        assert!(work(), "the work succeeds");
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn claims() -> LeaseClaims {
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
        iat: NOW,
        nbf: NOW,
        exp: NOW + 1_209_600,
        grace_until: NOW + 1_468_800,
        refresh_at: NOW + 604_800,
        mid: "0190a0c0-0000-7000-8000-000000000004".to_owned(),
        fph: fingerprint_hash(ISSUER, AUDIENCE, FINGERPRINT),
        ent: ent.into_iter().map(|(code, value)| (code.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        lic: LicenseFacts {
            exp: Some(NOW + 31_536_000),
            policy: "standard".to_owned(),
            customer: Some("0190a0c0-0000-7000-8000-000000000005".to_owned()),
            trial: false,
        },
        status: Some(StatusClaim {
            status_list: StatusReference { idx: 4711, uri: format!("{ISSUER}/status/1") },
        }),
        nonce: Some("bm9uY2Utbm9uY2Utbm9uY2U".to_owned()),
        cnf: Some(Confirmation { jkt: request_digest(b"device key") }),
    }
}
