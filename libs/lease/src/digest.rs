//! The digests of the profile: all SHA-256, all written as base64url without padding.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The claim `fph`: base64url SHA-256 of `"leasehold-fp-v1" 0x00 issuer 0x00 audience 0x00 fingerprint`.
///
/// It binds a lease to a machine without naming the machine, and because issuer and audience are hashed in, two
/// vendors cannot find out that they serve the same one. `issuer` and `audience` must not contain U+0000 (no
/// valid claim does); `fingerprint` may be any string.
pub fn fingerprint_hash(issuer: &str, audience: &str, fingerprint: &str) -> String {
    let mut hash = Sha256::new();
    for (index, part) in ["leasehold-fp-v1", issuer, audience, fingerprint].into_iter().enumerate() {
        if index > 0 {
            hash.update([0]);
        }
        hash.update(part.as_bytes());
    }
    encode(hash.finalize())
}

/// The claim `req` of a verdict: base64url SHA-256 of a request body, byte for byte as it was sent.
pub fn request_digest(body: &[u8]) -> String {
    encode(Sha256::digest(body))
}

/// Base64url without padding (RFC 7515 §2).
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url, refusing padding, white space, other alphabets and stray trailing bits (RFC 4648 §3.5).
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Whether `text` is the base64url of 32 bytes, as every SHA-256 in these formats is.
pub(crate) fn is_sha256(text: &str) -> bool {
    let mut digest = [0; 32];
    URL_SAFE_NO_PAD.decode_slice(text, &mut digest).is_ok_and(|length| length == digest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_hash_is_the_documented_one() {
        let bytes = b"leasehold-fp-v1\0https://licenses.example.com/t/acme\0atelier\0machine-1";
        assert_eq!(
            fingerprint_hash("https://licenses.example.com/t/acme", "atelier", "machine-1"),
            request_digest(bytes)
        );
    }

    #[test]
    fn the_digest_of_nothing_is_that_of_sha_256() {
        assert_eq!(request_digest(b""), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    }

    #[test]
    fn only_one_spelling_decodes() {
        assert_eq!(decode("AQ"), Some(vec![1]));
        for other in ["AQ==", "AR", "A Q", "AQ\n", "A", "A+", "A/"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_digest_has_exactly_32_bytes() {
        assert!(is_sha256(&encode([7; 32])));
        assert!(!is_sha256(&encode([7; 31])));
        assert!(!is_sha256(&encode([7; 33])));
        assert!(!is_sha256(""));
    }
}
