//! Signing keys of a tenant and their lives.

use std::fmt;

use crate::{text::Invalid, timestamp::Timestamp};

/// The thumbprint of a public key (RFC 7638), used as `kid`: 43 characters of base64url.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// Checks the shape of a thumbprint.
    ///
    /// # Errors
    /// When it is not 43 characters of base64url.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let good =
            text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if good { Ok(Self(text)) } else { Err(Invalid::new("a key thumbprint of 43 base64url characters")) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for KeyId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// A signing key as it is kept: its private half sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// The thumbprint of its public half.
    pub id: KeyId,
    /// Where it is in its life.
    pub state: KeyState,
    /// The public half: 32 bytes (RFC 8032 section 5.1.5).
    pub public: [u8; 32],
    /// The private half, sealed under a key derived from the master key.
    pub sealed_private: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to sign.
    pub activated_at: Option<Timestamp>,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
    /// When the last lease that it signed is over, its grace included, or at most an hour later; absent before the first.
    pub leases_until: Option<Timestamp>,
}

impl fmt::Debug for SigningKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeyRecord")
            .field("id", &self.id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Where a signing key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, not yet signing.
    Next,
    /// Published and signing: exactly one per tenant.
    Active,
    /// Published until the last lease it signed has expired with its grace.
    Retired,
    /// Never published again.
    Revoked,
}

impl KeyState {
    /// The name used in storage and output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        match code {
            "next" => Ok(Self::Next),
            "active" => Ok(Self::Active),
            "retired" => Ok(Self::Retired),
            "revoked" => Ok(Self::Revoked),
            _ => Err(Invalid::new("next, active, retired or revoked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for state in [KeyState::Next, KeyState::Active, KeyState::Retired, KeyState::Revoked] {
            assert_eq!(KeyState::from_code(state.code()), Ok(state));
        }
        assert!(KeyState::from_code("suspended").is_err());
    }

    #[test]
    fn thumbprints_have_one_shape() {
        let good = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(KeyId::parse(good).unwrap().as_str(), good);
        for bad in ["", &good[1..], &format!("{good}A"), &good.replace('_', "/"), &good.replace('4', "=")] {
            assert!(KeyId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sealed_keys_are_not_shown() {
        let record = SigningKeyRecord {
            id: KeyId::parse("k".repeat(43)).unwrap(),
            state: KeyState::Active,
            public: [171; 32],
            sealed_private: vec![205; 60],
            created_at: Timestamp::MIN,
            activated_at: None,
            retired_at: None,
            leases_until: None,
        };
        assert!(!format!("{record:?}").contains("205"));
    }
}
