//! Licenses: the rights that were sold.

use crate::{
    entitlement::Entitlements,
    id::{CustomerId, LicenseId, PolicyId, ProductId},
    limit::Limit,
    policy::{Policy, PolicyRules, TermStart},
    text::Invalid,
    timestamp::Timestamp,
};

/// The right that was sold. Its key is not here: the database keeps only a hash and a sealed copy of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct License {
    /// Its identifier.
    pub id: LicenseId,
    /// A small number, unique within the tenant, for old clients.
    pub number: u32,
    /// The product it is for.
    pub product_id: ProductId,
    /// Its template.
    pub policy_id: PolicyId,
    /// Whom it belongs to, once that is known.
    pub customer_id: Option<CustomerId>,
    /// The last four characters of its key, for lists.
    pub key_hint: String,
    /// What it does differently from its policy.
    pub overrides: Overrides,
    /// Whether the vendor lets it be used. Expiry is not a state but a fact about `expires_at` and now.
    pub state: LicenseState,
    /// When its term began.
    pub term_started_at: Option<Timestamp>,
    /// The first instant at which it is expired; never when absent.
    pub expires_at: Option<Timestamp>,
    /// Activations so far; never goes down by itself.
    pub activations_used: u32,
    /// Deactivations by the app so far.
    pub deactivations_used: u32,
    /// Grows with every change; what was decided on an older version is stale.
    pub version: u64,
    /// Grows with every change by the vendor, but not with what apps do.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a license does differently from its policy.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Machines at a time.
    pub seats: Option<Limit>,
    /// Activations ever.
    pub activation_limit: Option<Limit>,
    /// Entitlements over those of the policy.
    pub entitlements: Entitlements,
}

impl License {
    /// Machines at a time, without overage.
    #[must_use]
    pub fn seats(&self, policy: &Policy) -> Limit {
        self.overrides.seats.unwrap_or(policy.rules.seats)
    }

    /// Activations ever.
    #[must_use]
    pub fn activation_limit(&self, policy: &Policy) -> Limit {
        self.overrides.activation_limit.unwrap_or(policy.rules.activation_limit)
    }

    /// Whether its term is over: from the very instant `expires_at` on.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }
}

/// The term of a license that is made at `now`: its start and its end, where the policy starts it right away.
#[must_use]
pub fn term_at_creation(rules: &PolicyRules, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let term = rules.term.filter(|_| rules.term_starts == TermStart::Creation)?;
    Some((now, term.after(now)))
}

/// Whether the vendor lets a license be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseState {
    /// It may be used.
    Active,
    /// It may not be used for now.
    Suspended,
    /// It may never be used again.
    Revoked,
}

/// A revoked license stays revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the license is revoked, which is final")]
pub struct RevokedIsFinal;

impl LicenseState {
    /// The state after suspension.
    ///
    /// # Errors
    /// When it is revoked.
    pub const fn suspended(self) -> Result<Self, RevokedIsFinal> {
        self.unless_revoked(Self::Suspended)
    }

    /// The state after reinstatement.
    ///
    /// # Errors
    /// When it is revoked.
    pub const fn reinstated(self) -> Result<Self, RevokedIsFinal> {
        self.unless_revoked(Self::Active)
    }

    /// The state after revocation, which is final.
    #[must_use]
    pub const fn revoked(self) -> Self {
        Self::Revoked
    }

    const fn unless_revoked(self, next: Self) -> Result<Self, RevokedIsFinal> {
        match self {
            Self::Revoked => Err(RevokedIsFinal),
            Self::Active | Self::Suspended => Ok(next),
        }
    }

    /// The name used in storage and output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        match code {
            "active" => Ok(Self::Active),
            "suspended" => Ok(Self::Suspended),
            "revoked" => Ok(Self::Revoked),
            _ => Err(Invalid::new("active, suspended or revoked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transition() {
        use LicenseState::{Active, Revoked, Suspended};
        for (from, suspended, reinstated) in [
            (Active, Ok(Suspended), Ok(Active)),
            (Suspended, Ok(Suspended), Ok(Active)),
            (Revoked, Err(RevokedIsFinal), Err(RevokedIsFinal)),
        ] {
            assert_eq!(from.suspended(), suspended);
            assert_eq!(from.reinstated(), reinstated);
            assert_eq!(from.revoked(), Revoked);
            assert_eq!(LicenseState::from_code(from.code()), Ok(from));
        }
        assert!(LicenseState::from_code("expired").is_err());
    }

    #[test]
    fn a_term_begins_with_the_license_only_where_the_policy_says_so() {
        let now = Timestamp::from_unix_seconds(1_000).unwrap();
        let day = Some("P1D".parse().unwrap());
        for (term, term_starts, expected) in [
            (day, TermStart::Creation, Some((now, now.plus_seconds(86_400)))),
            (day, TermStart::FirstActivation, None),
            (None, TermStart::Creation, None),
            (None, TermStart::FirstActivation, None),
        ] {
            let rules = PolicyRules { term, term_starts, ..PolicyRules::default() };
            assert_eq!(term_at_creation(&rules, now), expected, "{term:?} {term_starts:?}");
        }
    }
}
