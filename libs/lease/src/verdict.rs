//! The claims of a verdict.

use serde::{Deserialize, Serialize};

use crate::claims::{consistent, identifier, sha256, time};
use crate::{PROFILE_VERSION, VerifyError};

/// How long a verdict can be used after it was issued, in seconds.
pub const VERDICT_SECONDS: i64 = 300;

/// The claims of a verdict (`verdict+jwt`): the signed answer to one validation. All times are Unix seconds.
///
/// A refusal is signed just like an approval, so look at `valid`: a verdict that verifies may say no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictClaims {
    /// The version of the profile: 1.
    pub ver: u8,
    /// The tenant's issuer URL.
    pub iss: String,
    /// The product's code.
    pub aud: String,
    /// When it was issued.
    pub iat: i64,
    /// `iat` + [`VERDICT_SECONDS`], always.
    pub exp: i64,
    /// The nonce of the request.
    pub nonce: String,
    /// The [`request_digest`](crate::request_digest) of the request's body as received.
    pub req: String,
    /// Whether the license may be used.
    pub valid: bool,
    /// The reason that decides.
    pub code: String,
    /// Every reason found.
    pub codes: Vec<String>,
    /// The ID under which the issuer recorded this decision.
    pub decision_id: String,
    /// The license's ID, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The machine's ID, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
}

impl VerdictClaims {
    /// The rules that types do not express. Signing and verifying both apply exactly these.
    pub(crate) fn check(&self) -> Result<(), VerifyError> {
        if self.ver != PROFILE_VERSION {
            return Err(VerifyError::BadVersion);
        }
        for (name, value) in [
            ("iss", &self.iss),
            ("aud", &self.aud),
            ("nonce", &self.nonce),
            ("code", &self.code),
            ("decision_id", &self.decision_id),
        ] {
            identifier(name, value)?;
        }
        for (name, value) in [("sub", self.sub.as_ref()), ("mid", self.mid.as_ref())] {
            value.map_or(Ok(()), |value| identifier(name, value))?;
        }
        for code in &self.codes {
            identifier("a code in codes", code)?;
        }
        sha256("req", &self.req)?;
        time("iat", self.iat)?;
        time("exp", self.exp)?;
        consistent("exp = iat + 300", self.exp == self.iat.saturating_add(VERDICT_SECONDS))
    }
}
