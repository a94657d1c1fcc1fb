//! The claims of a lease.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::digest::is_sha256;
use crate::{EntitlementValue, MAX_SAFE_INTEGER, PROFILE_VERSION, VerifyError};

/// The claims of a lease (`lease+jwt`), as they stand in the payload. All times are Unix seconds.
///
/// Reading one with serde proves nothing; [`Verifier::lease`](crate::Verifier::lease) does. Members that this
/// version does not know are ignored; a `None` is left out, since the formats have no `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseClaims {
    /// The version of the profile: 1.
    pub ver: u8,
    /// The tenant's issuer URL, compared byte for byte.
    pub iss: String,
    /// The product's code. One string; an array (RFC 7519 §4.1.3) is refused.
    pub aud: String,
    /// The license's ID.
    pub sub: String,
    /// This lease's ID.
    pub jti: String,
    /// The ID of the lease that this one replaced on the machine; absent on the first. Two children of one
    /// parent prove a cloned machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// When the lease was issued.
    pub iat: i64,
    /// From when it is valid.
    pub nbf: i64,
    /// Until when it is valid; never later than `lic.exp`.
    pub exp: i64,
    /// Until when it is *in grace* after `exp`. Equal to `exp` where there is no grace.
    pub grace_until: i64,
    /// When to fetch the next lease.
    pub refresh_at: i64,
    /// The machine's ID.
    pub mid: String,
    /// The machine's [`fingerprint_hash`](crate::fingerprint_hash).
    pub fph: String,
    /// Entitlements by code.
    pub ent: BTreeMap<String, EntitlementValue>,
    /// Facts about the license.
    pub lic: LicenseFacts,
    /// Where to look up whether the lease was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusClaim>,
    /// The nonce of the request that led to this lease, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The machine's device key, if it presented one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// Facts about the license that a lease was issued under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenseFacts {
    /// When the license itself expires, in Unix seconds; absent when it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// The policy's code.
    pub policy: String,
    /// The customer's ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Whether this is a trial. The member is there only when it is `true`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not", deserialize_with = "only_true")]
    pub trial: bool,
}

/// The claim `status` of a token (draft-ietf-oauth-status-list-20 §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusClaim {
    /// The entry in a status list.
    pub status_list: StatusReference,
}

/// One entry of one status list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReference {
    /// The entry's index, from 0.
    pub idx: u64,
    /// The list's address, which is also the `sub` of the list.
    pub uri: String,
}

/// A key that the holder of a token can prove to have (RFC 7800 §3.1, RFC 9449 §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The RFC 7638 thumbprint of the device's public key.
    pub jkt: String,
}

fn only_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match bool::deserialize(deserializer)? {
        true => Ok(true),
        false => Err(serde::de::Error::custom("a flag is true or absent")),
    }
}

impl LeaseClaims {
    /// The rules that types do not express. Signing and verifying both apply exactly these.
    pub(crate) fn check(&self) -> Result<(), VerifyError> {
        if self.ver != PROFILE_VERSION {
            return Err(VerifyError::BadVersion);
        }
        for (name, value) in [
            ("iss", &self.iss),
            ("aud", &self.aud),
            ("sub", &self.sub),
            ("jti", &self.jti),
            ("mid", &self.mid),
            ("lic.policy", &self.lic.policy),
        ] {
            identifier(name, value)?;
        }
        for (name, value) in [
            ("parent", self.parent.as_ref()),
            ("nonce", self.nonce.as_ref()),
            ("lic.customer", self.lic.customer.as_ref()),
            ("status.status_list.uri", self.status.as_ref().map(|status| &status.status_list.uri)),
        ] {
            value.map_or(Ok(()), |value| identifier(name, value))?;
        }
        sha256("fph", &self.fph)?;
        if let Some(cnf) = &self.cnf {
            sha256("cnf.jkt", &cnf.jkt)?;
        }
        for (code, value) in &self.ent {
            identifier("a code in ent", code)?;
            if let EntitlementValue::Number(number) = value {
                integer("a number in ent", number.unsigned_abs())?;
            }
        }
        if let Some(status) = &self.status {
            integer("status.status_list.idx", status.status_list.idx)?;
        }
        self.check_times()
    }

    fn check_times(&self) -> Result<(), VerifyError> {
        for (name, value) in [
            ("iat", self.iat),
            ("nbf", self.nbf),
            ("exp", self.exp),
            ("grace_until", self.grace_until),
            ("refresh_at", self.refresh_at),
            ("lic.exp", self.lic.exp.unwrap_or(0)),
        ] {
            time(name, value)?;
        }
        consistent("iat ≤ exp", self.iat <= self.exp)?;
        consistent("nbf ≤ exp", self.nbf <= self.exp)?;
        consistent("iat ≤ refresh_at", self.iat <= self.refresh_at)?;
        consistent("refresh_at ≤ exp", self.refresh_at <= self.exp)?;
        consistent("exp ≤ grace_until", self.exp <= self.grace_until)?;
        consistent("exp ≤ lic.exp", self.lic.exp.is_none_or(|end| self.exp <= end))
    }
}

/// A string that names something: not empty, and without U+0000, which separates the parts that `fph` hashes.
pub(crate) fn identifier(name: &str, value: &str) -> Result<(), VerifyError> {
    if value.is_empty() || value.contains('\0') {
        return Err(VerifyError::bad_payload(&format_args!("{name} is empty or has a NUL")));
    }
    Ok(())
}

pub(crate) fn sha256(name: &str, value: &str) -> Result<(), VerifyError> {
    if is_sha256(value) {
        return Ok(());
    }
    Err(VerifyError::bad_payload(&format_args!("{name} is not the base64url of 32 bytes")))
}

/// Unix seconds: not before 1970, and readable by every JSON reader.
pub(crate) fn time(name: &str, value: i64) -> Result<(), VerifyError> {
    match u64::try_from(value) {
        Ok(seconds) => integer(name, seconds),
        Err(_) => Err(VerifyError::bad_payload(&format_args!("{name} is negative"))),
    }
}

pub(crate) fn integer(name: &str, magnitude: u64) -> Result<(), VerifyError> {
    if magnitude > MAX_SAFE_INTEGER.unsigned_abs() {
        return Err(VerifyError::bad_payload(&format_args!("{name} is beyond 2^53 − 1")));
    }
    Ok(())
}

pub(crate) fn consistent(rule: &'static str, holds: bool) -> Result<(), VerifyError> {
    if holds { Ok(()) } else { Err(VerifyError::InconsistentClaims { rule }) }
}
