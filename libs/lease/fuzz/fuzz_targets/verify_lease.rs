//! Tokens against a fixed key: as they come, with a good signature over whatever they hold, and valid ones with
//! a few bytes changed.
#![no_main]

use arbitrary::Arbitrary;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use leasehold_lease::{KeySet, PublicKey, TimeState, Verifier, fingerprint_hash, request_digest};
use libfuzzer_sys::fuzz_target;

const ISSUER: &str = "https://licenses.example.com/t/acme";
const AUDIENCE: &str = "atelier";
const FINGERPRINT: &str = "fingerprint-of-machine-1";
const STATUS_URI: &str = "https://licenses.example.com/t/acme/status/1";
const NOW: i64 = 1_800_000_000;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// Bytes from a stranger, as each kind of token.
    Raw(&'a [u8]),
    /// Any header and any payload, signed: reaches everything behind the signature.
    Signed {
        header: Option<&'a [u8]>,
        payload: &'a [u8],
        now: i64,
    },
    /// The usual payload with a part replaced before signing.
    SignedEdit {
        at: u16,
        remove: u8,
        insert: &'a [u8],
        now: i64,
    },
    /// A valid token with a part replaced after signing: never accepted.
    Tampered { at: u16, remove: u8, insert: &'a str },
}

fuzz_target!(|input: Input| {
    let key = SigningKey::from_bytes(&[42; 32]);
    let public =
        PublicKey::from_bytes(key.verifying_key().to_bytes()).expect("a private key has a good public key");
    let header = |typ: &str| format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"{}"}}"#, public.kid());
    let verifier = Verifier::new(ISSUER, AUDIENCE, KeySet::new(vec![public.clone()]));
    match input {
        Input::Raw(bytes) => {
            if let Ok(token) = str::from_utf8(bytes) {
                assert!(verifier.lease(token, FINGERPRINT, NOW).is_err());
                assert!(verifier.verdict(token, "nonce", b"{}", NOW).is_err());
                assert!(verifier.status_list(token, STATUS_URI, NOW).is_err());
            }
        }
        Input::Signed {
            header: given,
            payload,
            now,
        } => {
            for typ in ["lease+jwt", "verdict+jwt", "statuslist+jwt"] {
                let usual = header(typ);
                let token = sign(&key, given.unwrap_or(usual.as_bytes()), payload);
                lease(&verifier, &token, now);
                let _ = verifier.verdict(&token, "nonce", b"{}", now);
                if let Ok(list) = verifier.status_list(&token, STATUS_URI, now) {
                    let end = u64::try_from(list.capacity()).expect("a list is bounded");
                    for index in [0, end / 2, end.wrapping_sub(1), end, u64::MAX] {
                        let _ = list.status(index);
                    }
                    assert!(list.status(end).is_err());
                }
            }
        }
        Input::SignedEdit {
            at,
            remove,
            insert,
            now,
        } => {
            let payload = edit(usual_payload().as_bytes(), at, remove, insert);
            lease(
                &verifier,
                &sign(&key, header("lease+jwt").as_bytes(), &payload),
                now,
            );
        }
        Input::Tampered { at, remove, insert } => {
            let token = sign(&key, header("lease+jwt").as_bytes(), usual_payload().as_bytes());
            let changed = edit(token.as_bytes(), at, remove, insert.as_bytes());
            if let Ok(changed) = str::from_utf8(&changed) {
                let accepted = verifier.lease(changed, FINGERPRINT, NOW).is_ok();
                assert_eq!(accepted, changed == token, "{changed}");
            }
        }
    }
});

/// Verifies and explains, and checks what must hold for any lease that is accepted.
fn lease(verifier: &Verifier, token: &str, now: i64) {
    let outcome = verifier.lease(token, FINGERPRINT, now);
    let explanation = verifier.explain_lease(token, FINGERPRINT, now);
    assert_eq!(outcome.as_ref().ok(), explanation.lease.as_ref());
    if let Ok(lease) = outcome {
        let claims = lease.claims;
        assert_eq!((claims.iss.as_str(), claims.aud.as_str()), (ISSUER, AUDIENCE));
        assert!(claims.iat <= now.saturating_add(300) && claims.nbf <= now.saturating_add(300));
        assert!(claims.iat <= claims.refresh_at && claims.refresh_at <= claims.exp);
        assert!(claims.exp <= claims.grace_until);
        assert_eq!(lease.state == TimeState::Expired, now >= claims.grace_until);
    }
}

fn sign(key: &SigningKey, header: &[u8], payload: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).to_bytes());
    format!("{message}.{signature}")
}

fn edit(bytes: &[u8], at: u16, remove: u8, insert: &[u8]) -> Vec<u8> {
    let start = usize::from(at) % (bytes.len() + 1);
    let end = bytes.len().min(start + usize::from(remove));
    [&bytes[..start], insert, &bytes[end..]].concat()
}

fn usual_payload() -> String {
    let fph = fingerprint_hash(ISSUER, AUDIENCE, FINGERPRINT);
    let jkt = request_digest(b"device key");
    format!(
        r#"{{"ver":1,"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"s","jti":"j","parent":"p","iat":1800000000,"nbf":1800000000,"exp":1800002000,"grace_until":1800003000,"refresh_at":1800001000,"mid":"m","fph":"{fph}","ent":{{"a":true,"b":-7,"c":"x","d":["y"]}},"lic":{{"exp":1800005000,"policy":"standard","trial":true}},"status":{{"status_list":{{"idx":1,"uri":"{STATUS_URI}"}}}},"nonce":"n","cnf":{{"jkt":"{jkt}"}}}}"#
    )
}
