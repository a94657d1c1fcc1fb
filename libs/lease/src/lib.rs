//! Leasehold's signed formats: leases, verdicts, status lists and key sets.
//!
//! Everything here is a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037) over the exact bytes that are
//! sent. This half, always present, *verifies*, strictly: it performs no I/O and reads no clock, so the caller
//! passes the current time as Unix seconds. With the feature `sign` comes the server's half, `SigningKey`.
//!
//! The rules, in words and for every language, are in `docs/lease-profile.md`; the vectors that prove them are
//! in `libs/lease/vectors`.
//!
//! ```
//! # fn check(pinned: &[u8], token: &str, fingerprint: &str, now: i64) -> Result<(), Box<dyn std::error::Error>> {
//! let keys = leasehold_lease::KeySet::parse(pinned)?;
//! let verifier = leasehold_lease::Verifier::new("https://licenses.example.com/t/acme", "atelier", keys);
//! let lease = verifier.lease(token, fingerprint, now)?;
//! println!("{:?} until {}", lease.state, lease.claims.exp);
//! # Ok(())
//! # }
//! ```

mod claims;
mod digest;
mod entitlement;
mod error;
mod explain;
mod jws;
mod key;
mod key_set;
#[cfg(feature = "sign")]
mod sign;
mod status_list;
mod strict_json;
mod time_state;
mod token_type;
mod verdict;
mod verifier;

pub use claims::{Confirmation, LeaseClaims, LicenseFacts, StatusClaim, StatusReference};
pub use digest::{fingerprint_hash, request_digest};
pub use entitlement::EntitlementValue;
pub use error::VerifyError;
pub use explain::{Check, Explanation};
pub use key::{Jwk, PublicKey, PublicKeyError};
pub use key_set::{KeySet, KeySetError};
#[cfg(feature = "sign")]
pub use sign::{SignError, SigningKey, install_crypto_provider};
pub use status_list::{MAX_STATUS_ENTRIES, PackedStatuses, Status, StatusList, StatusListClaims};
pub use time_state::TimeState;
pub use token_type::TokenType;
pub use verdict::{VERDICT_SECONDS, VerdictClaims};
pub use verifier::{VerifiedLease, Verifier};

/// The version of the profile, and the value of the claim `ver` in leases and verdicts.
pub const PROFILE_VERSION: u8 = 1;

/// How far in the future, in seconds, `iat` and `nbf` may lie before a token is refused.
///
/// Nothing else is tolerated: `exp`, `grace_until` and `refresh_at` are compared as they are.
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// The largest integer that every JSON reader understands alike (RFC 7493 §2.2): 2^53 − 1.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;
