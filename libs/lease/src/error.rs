//! Why a token is refused.

use crate::TokenType;

/// Why a token was refused: one variant per check, in the order of the checks.
///
/// [`code`](Self::code) is stable and is what the test vectors name; the message may change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is longer than its kind may be.
    #[error("the token is longer than {limit} bytes")]
    TooLarge {
        /// The largest accepted size in bytes.
        limit: usize,
    },
    /// Not three parts with two dots between them (RFC 7515 §7.1).
    #[error("the token does not have exactly three parts")]
    Malformed,
    /// A part is not base64url without padding, or its last character carries bits that encode nothing.
    #[error("the token's {part} is not strict base64url")]
    BadBase64 {
        /// `header`, `payload` or `signature`.
        part: &'static str,
    },
    /// The header is not a JSON object of the strings `alg`, `typ` and `kid`.
    #[error("the header cannot be read: {reason}")]
    BadHeader {
        /// What is wrong with it.
        reason: String,
    },
    /// A JSON object, in the header or at any depth of the payload, names a member twice.
    #[error("the {part} has the member {name:?} twice")]
    DuplicateMember {
        /// `header` or `payload`.
        part: &'static str,
        /// The name.
        name: String,
    },
    /// The header has a member other than `alg`, `typ` and `kid`; `crit` and `jwk` are such members.
    #[error("the header has the member {name:?}, which this profile does not allow")]
    UnknownMember {
        /// The name.
        name: String,
    },
    /// The header's `alg` is neither `EdDSA` nor `Ed25519`.
    #[error("the algorithm {alg:?} is not that of the key")]
    BadAlgorithm {
        /// The header's `alg`.
        alg: String,
    },
    /// The header's `typ` is that of another kind of token.
    #[error("the token is a {found:?}, not a {:?}", .expected.typ())]
    BadType {
        /// The header's `typ`.
        found: String,
        /// The kind that was asked for.
        expected: TokenType,
    },
    /// The header's `kid` is not in the pinned set.
    #[error("no pinned key has the id {kid:?}")]
    UnknownKey {
        /// The header's `kid`.
        kid: String,
    },
    /// The signature is not that of the key over these bytes, or not strictly so (RFC 8032 §5.1.7).
    #[error("the signature does not verify")]
    BadSignature,
    /// The payload is not one JSON object of the expected claims.
    #[error("the payload cannot be read: {reason}")]
    BadPayload {
        /// What is wrong with it.
        reason: String,
    },
    /// The claim `ver` is not the number 1.
    #[error("the token has another version than 1")]
    BadVersion,
    /// The claims contradict each other, for example an `exp` before `iat`.
    #[error("the claims contradict each other: {rule} does not hold")]
    InconsistentClaims {
        /// The rule that does not hold.
        rule: &'static str,
    },
    /// The claim `iss` is not the verifier's issuer.
    #[error("the token is from another issuer, {found:?}")]
    WrongIssuer {
        /// The claim.
        found: String,
    },
    /// The claim `aud` is not the verifier's audience.
    #[error("the token is for another product, {found:?}")]
    WrongAudience {
        /// The claim.
        found: String,
    },
    /// The claim `fph` is not that of this machine's fingerprint.
    #[error("the lease is for another machine")]
    WrongMachine,
    /// A verdict's `nonce` is not the one that was sent.
    #[error("the verdict answers another nonce")]
    WrongNonce,
    /// A verdict's `req` is not the digest of the request that was sent.
    #[error("the verdict answers another request")]
    WrongRequest,
    /// A status list's `sub` is not the address it was asked for.
    #[error("this is another status list, {found:?}")]
    WrongStatusList {
        /// The claim `sub`.
        found: String,
    },
    /// `iat` lies more than the allowed skew in the future.
    #[error("the token was issued at {iat}, which is in the future")]
    IssuedInFuture {
        /// The claim, in Unix seconds.
        iat: i64,
    },
    /// `nbf` lies more than the allowed skew in the future.
    #[error("the lease is not valid before {nbf}")]
    NotYetValid {
        /// The claim, in Unix seconds.
        nbf: i64,
    },
    /// A verdict's `exp` has come.
    #[error("the verdict expired at {exp}")]
    VerdictExpired {
        /// The claim, in Unix seconds.
        exp: i64,
    },
    /// A status list's `exp` has come.
    #[error("the status list expired at {exp}")]
    StatusListExpired {
        /// The claim, in Unix seconds.
        exp: i64,
    },
    /// A status list's `bits` is not 2, or its `lst` is not one zlib stream of bounded size.
    #[error("the status list cannot be read: {reason}")]
    BadStatusList {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The list has no entry at this index.
    #[error("the status list has no entry {index}")]
    StatusOutOfRange {
        /// The index that was asked for.
        index: u64,
    },
    /// The entry holds a value that this profile does not define.
    #[error("entry {index} of the status list has the undefined value {value}")]
    UnknownStatus {
        /// The index that was asked for.
        index: u64,
        /// The value found there.
        value: u8,
    },
}

impl VerifyError {
    /// A short name that never changes, for logs, tests and programs in other languages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Malformed => "malformed",
            Self::BadBase64 { .. } => "bad_base64",
            Self::BadHeader { .. } => "bad_header",
            Self::DuplicateMember { .. } => "duplicate_member",
            Self::UnknownMember { .. } => "unknown_member",
            Self::BadAlgorithm { .. } => "bad_algorithm",
            Self::BadType { .. } => "bad_type",
            Self::UnknownKey { .. } => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::BadPayload { .. } => "bad_payload",
            Self::BadVersion => "bad_version",
            Self::InconsistentClaims { .. } => "inconsistent_claims",
            Self::WrongIssuer { .. } => "wrong_issuer",
            Self::WrongAudience { .. } => "wrong_audience",
            Self::WrongMachine => "wrong_machine",
            Self::WrongNonce => "wrong_nonce",
            Self::WrongRequest => "wrong_request",
            Self::WrongStatusList { .. } => "wrong_status_list",
            Self::IssuedInFuture { .. } => "issued_in_future",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::VerdictExpired { .. } => "verdict_expired",
            Self::StatusListExpired { .. } => "status_list_expired",
            Self::BadStatusList { .. } => "bad_status_list",
            Self::StatusOutOfRange { .. } => "status_out_of_range",
            Self::UnknownStatus { .. } => "unknown_status",
        }
    }

    pub(crate) fn bad_payload(reason: &impl ToString) -> Self {
        Self::BadPayload { reason: reason.to_string() }
    }
}
