//! The server's half: making tokens.

use std::fmt;

use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use zeroize::{Zeroize, Zeroizing};

use crate::{LeaseClaims, PublicKey, StatusListClaims, TokenType, VerdictClaims, VerifyError};

/// PKCS #8 version 1 of an Ed25519 key, up to the 32 bytes of the seed (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Why a token could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// A verifier would refuse these claims; the source says why.
    #[error("these claims would not verify")]
    Refused(#[source] VerifyError),
    /// The cryptographic library failed.
    #[error("the signature could not be made")]
    Crypto(#[source] jsonwebtoken::errors::Error),
}

/// A private key. It is overwritten when dropped, and `Debug` shows only its ID.
pub struct SigningKey {
    public: PublicKey,
    private: EncodingKey,
}

impl SigningKey {
    /// The key of a 32-byte seed (RFC 8032 §5.1.5). The seed must come from a cryptographic random generator;
    /// this copy of it is overwritten.
    ///
    /// Also calls [`install_crypto_provider`], so that signing with the key cannot fail for want of it.
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        install_crypto_provider();
        let public = PublicKey::of(&ed25519_dalek::SigningKey::from_bytes(&seed));
        let mut pkcs8 = Zeroizing::new([0; 48]);
        let (prefix, rest) = pkcs8.split_at_mut(PKCS8_PREFIX.len());
        prefix.copy_from_slice(&PKCS8_PREFIX);
        rest.copy_from_slice(&seed);
        seed.zeroize();
        Self { public, private: EncodingKey::from_ed_der(&*pkcs8) }
    }

    /// The key's ID, the thumbprint of its public half.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a lease.
    ///
    /// # Errors
    ///
    /// When a verifier would refuse the claims, whatever the time and the machine, or the library fails.
    pub fn lease(&self, claims: &LeaseClaims) -> Result<String, SignError> {
        claims.check().map_err(SignError::Refused)?;
        self.sign(TokenType::Lease, claims)
    }

    /// Signs a verdict.
    ///
    /// # Errors
    ///
    /// When a verifier would refuse the claims, whatever the time and the request, or the library fails.
    pub fn verdict(&self, claims: &VerdictClaims) -> Result<String, SignError> {
        claims.check().map_err(SignError::Refused)?;
        self.sign(TokenType::Verdict, claims)
    }

    /// Signs a status list.
    ///
    /// # Errors
    ///
    /// When a verifier would refuse the claims, whatever the time, or the library fails.
    pub fn status_list(&self, claims: &StatusListClaims) -> Result<String, SignError> {
        claims.check().map_err(SignError::Refused)?;
        claims.status_list.unpack().map_err(SignError::Refused)?;
        self.sign(TokenType::StatusList, claims)
    }

    fn sign(&self, kind: TokenType, claims: &impl Serialize) -> Result<String, SignError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.typ().to_owned());
        header.kid = Some(self.kid().to_owned());
        let token = jsonwebtoken::encode(&header, claims, &self.private).map_err(SignError::Crypto)?;
        let limit = kind.max_bytes();
        if token.len() > limit {
            return Err(SignError::Refused(VerifyError::TooLarge { limit }));
        }
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

/// Chooses the cryptography of `jsonwebtoken` for this process, which panics at its first use if a build ends up
/// with more than one to choose from. Calling it again, or after another choice was made, changes nothing.
pub fn install_crypto_provider() {
    // An error means that a provider is installed already, which is all that is wanted.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
}
