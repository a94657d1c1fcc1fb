//! One public key.

use ed25519_dalek::{Signature, VerifyingKey};
use serde::Serialize;

use crate::digest::{encode, request_digest};

/// An Ed25519 public key that is safe to verify with: its point is on the curve, canonically encoded and not of
/// small order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    kid: String,
}

/// Why 32 bytes are not a usable Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// The bytes decode to no point of the curve (RFC 8032 §5.1.3).
    #[error("the bytes are not a point of the curve")]
    NotAPoint,
    /// The point has a shorter, canonical encoding; RFC 8032 §5.1.3 demands that one.
    #[error("the point is not canonically encoded")]
    NotCanonical,
    /// The point is of small order: signatures for it can be made without a private key.
    #[error("the point is of small order")]
    SmallOrder,
}

impl PublicKeyError {
    /// A short name that never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAPoint => "not_a_point",
            Self::NotCanonical => "not_canonical",
            Self::SmallOrder => "small_order",
        }
    }
}

impl PublicKey {
    /// Reads the 32 bytes of a public key (RFC 8032 §5.1.5).
    ///
    /// # Errors
    ///
    /// When they are no point, not canonical, or of small order.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, PublicKeyError> {
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| PublicKeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(PublicKeyError::SmallOrder);
        }
        if key.to_edwards().compress().to_bytes() != bytes {
            return Err(PublicKeyError::NotCanonical);
        }
        Ok(Self::from_point(key))
    }

    /// The public half of a private key. It needs no check: a clamped scalar is never a multiple of the group
    /// order, so its point is of large order, and it was encoded right here.
    #[cfg(feature = "sign")]
    pub(crate) fn of(private: &ed25519_dalek::SigningKey) -> Self {
        Self::from_point(private.verifying_key())
    }

    fn from_point(key: VerifyingKey) -> Self {
        let kid = thumbprint(&encode(key.to_bytes()));
        Self { key, kid }
    }

    /// The 32 bytes of the key.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The key's ID: its JWK thumbprint with SHA-256 (RFC 7638 §3, RFC 8037 §2), 43 characters.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as it stands in a key set.
    pub fn to_jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: encode(self.to_bytes()),
            kid: self.kid.clone(),
            usage: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
        }
    }

    /// Whether `signature` is strictly this key's over `message`: S below the group order, and neither this
    /// key nor R of small order (RFC 8032 §5.1.7, and §8.4 on malleability).
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

/// A public key in JSON (RFC 7517 §4, RFC 8037 §2), with exactly the members of the profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// The 32 bytes of the key as base64url.
    pub x: String,
    /// The thumbprint.
    pub kid: String,
    /// The member `use`: `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// `EdDSA`.
    pub alg: String,
}

/// RFC 7638 §3.2: the required members in lexicographic order, without white space.
fn thumbprint(x: &str) -> String {
    request_digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_appendix_a_3() {
        assert_eq!(
            thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn points_that_cannot_be_trusted_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey::from_bytes(identity), Err(PublicKeyError::SmallOrder));
        assert_eq!(PublicKey::from_bytes([0; 32]), Err(PublicKeyError::SmallOrder));
        // y = 2 has no x on the curve.
        let mut nowhere = [0; 32];
        nowhere[0] = 2;
        assert_eq!(PublicKey::from_bytes(nowhere), Err(PublicKeyError::NotAPoint));
        // y = p + 3, where 3 would be the canonical spelling.
        let mut long = [0xff; 32];
        long[0] = 0xf0;
        long[31] = 0x7f;
        assert_eq!(PublicKey::from_bytes(long), Err(PublicKeyError::NotCanonical));
    }
}
