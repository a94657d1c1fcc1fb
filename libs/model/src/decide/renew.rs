//! When does a license end after it was renewed?

use crate::{
    license::{License, LicenseState},
    policy::Policy,
    term::Term,
    text::Invalid,
    timestamp::Timestamp,
};

/// Where the term that is added begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RenewFrom {
    /// Where the license ends so far, also when that is over: no day that was paid for is lost, and none is given.
    #[default]
    Expiry,
    /// Now: what was left of it is lost.
    Now,
}

impl RenewFrom {
    /// The name used in requests and output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Now => "now",
        }
    }

    /// The one of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        match code {
            "expiry" => Ok(Self::Expiry),
            "now" => Ok(Self::Now),
            _ => Err(Invalid::new("expiry or now")),
        }
    }
}

/// Why a license cannot be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRenewable {
    /// It may never be used again.
    #[error("the license is revoked, which is final")]
    Revoked,
    /// It has no end that could be moved.
    #[error("the license never expires, so that there is nothing to renew")]
    Perpetual,
    /// Its end is known only once it is activated.
    #[error("the term of the license has not begun: it begins with the first activation")]
    TermNotBegun,
    /// Nobody says by how much.
    #[error("neither the request nor the policy says by which term")]
    NoTerm,
}

/// Decides when a license ends after it was renewed by `term`, or by the term of its policy where that is absent.
///
/// From its expiry, it never ends earlier than before. Renewing says nothing about suspension: a license that is
/// suspended stays so.
///
/// # Errors
/// Why not.
pub fn renew(
    license: &License,
    policy: &Policy,
    term: Option<Term>,
    from: RenewFrom,
    now: Timestamp,
) -> Result<Timestamp, NotRenewable> {
    if license.state == LicenseState::Revoked {
        return Err(NotRenewable::Revoked);
    }
    let will_begin = license.term_started_at.is_none() && policy.rules.term.is_some();
    let expiry = license.expires_at.ok_or(if will_begin {
        NotRenewable::TermNotBegun
    } else {
        NotRenewable::Perpetual
    })?;
    let term = term.or(policy.rules.term).ok_or(NotRenewable::NoTerm)?;
    Ok(term.after(match from {
        RenewFrom::Expiry => expiry,
        RenewFrom::Now => now,
    }))
}
