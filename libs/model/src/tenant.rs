//! Tenants: the vendors.

use crate::{
    id::TenantId,
    rate_limit::RateLimitOverrides,
    text::{Invalid, Issuer, Name, TenantSlug},
    timestamp::Timestamp,
};

/// A vendor, who owns everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its identifier.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: TenantSlug,
    /// Its name for people.
    pub name: Name,
    /// The `iss` of its tokens: set when the tenant is made, never derived from a request.
    pub issuer: Issuer,
    /// Whether it is served.
    pub state: TenantState,
    /// Whether a key that looks like a mistyped generated one may be refused before any look-up. Switched off by
    /// importing a key of that shape.
    pub refuses_mistyped_keys: bool,
    /// Whether each check is written to the audit log.
    pub checks_are_events: bool,
    /// What its rate limits are instead of the usual ones, decided by operators.
    pub rate_limits: RateLimitOverrides,
    /// Grows with every change of the settings.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantState {
    /// Served.
    Active,
    /// Not served: to clients it looks as if it did not exist.
    Suspended,
}

impl TenantState {
    /// The name used in storage and output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
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
            _ => Err(Invalid::new("active or suspended")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for state in [TenantState::Active, TenantState::Suspended] {
            assert_eq!(TenantState::from_code(state.code()), Ok(state));
        }
        assert!(TenantState::from_code("revoked").is_err());
    }
}
