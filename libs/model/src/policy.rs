//! Policies: templates for the licenses of one product.

use std::ops::RangeInclusive;

use crate::{
    entitlement::Entitlements,
    id::{PolicyId, ProductId},
    limit::Limit,
    metadata::Metadata,
    term::Term,
    text::{Invalid, Name, PolicyCode},
    timestamp::Timestamp,
};

/// A template for licenses. Changing it changes what its licenses get from their next check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its identifier.
    pub id: PolicyId,
    /// The product whose licenses it is for.
    pub product_id: ProductId,
    /// Its name in requests and tokens.
    pub code: PolicyCode,
    /// Its name for people.
    pub name: Name,
    /// What it gives and demands.
    pub rules: PolicyRules,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
    /// Grows with every change by the vendor.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a policy gives and demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRules {
    /// How long a license runs; for ever when absent.
    pub term: Option<Term>,
    /// What starts the term.
    pub term_starts: TermStart,
    /// Machines at a time.
    pub seats: Limit,
    /// How a seat is held.
    pub seat_kind: SeatKind,
    /// How far activation may go beyond `seats`, in percent of them; flagged and audited.
    pub overage_percent: u16,
    /// Activations ever.
    pub activation_limit: Limit,
    /// Deactivations ever by the app; the vendor may always deactivate.
    pub deactivation_limit: Limit,
    /// Whether activation must name the customer, and binds the license to it.
    pub requires_customer: bool,
    /// Lifetime of a lease, in seconds.
    pub lease_seconds: u32,
    /// When the app should come back, in seconds (± 10 % jitter).
    pub refresh_seconds: u32,
    /// How long an expired lease is still tolerated by the app, in seconds.
    pub grace_seconds: u32,
    /// Lifetime of a lease made by offline activation, in seconds.
    pub offline_lease_seconds: u32,
    /// Defaults for its licenses.
    pub entitlements: Entitlements,
    /// Marks its licenses and leases as a trial.
    pub trial: bool,
}

const DAY: u32 = 86_400;

impl Default for PolicyRules {
    /// A perpetual license with one seat, leases of 14 days, daily refresh and three days of grace.
    fn default() -> Self {
        Self {
            term: None,
            term_starts: TermStart::FirstActivation,
            seats: Limit::AtMost(1),
            seat_kind: SeatKind::NodeLocked,
            overage_percent: 0,
            activation_limit: Limit::Unlimited,
            deactivation_limit: Limit::Unlimited,
            requires_customer: false,
            lease_seconds: 14 * DAY,
            refresh_seconds: DAY,
            grace_seconds: 3 * DAY,
            offline_lease_seconds: 365 * DAY,
            entitlements: Entitlements::default(),
            trial: false,
        }
    }
}

impl PolicyRules {
    /// How long leases may live, in seconds: from a minute to ten years.
    pub const LEASE_SECONDS: RangeInclusive<u32> = 60..=3_660 * DAY;
    /// How long an expired lease may be tolerated, in seconds: at most a year.
    pub const GRACE_SECONDS: RangeInclusive<u32> = 0..=366 * DAY;
    /// How far activation may go beyond the seats, in percent.
    pub const OVERAGE_PERCENT: RangeInclusive<u16> = 0..=1_000;

    /// Checks that the numbers make sense, by themselves and together.
    ///
    /// # Errors
    /// The first rule that is broken: a lease lives less than a minute or more than ten years, a refresh would come after
    /// the lease has ended, grace exceeds a year, overage exceeds 1,000 percent, or leases could not hold the
    /// entitlements.
    pub fn checked(self) -> Result<Self, BrokenRule> {
        let broken = |field, rule| Err(BrokenRule { field, invalid: Invalid::new(rule) });
        if !Self::LEASE_SECONDS.contains(&self.lease_seconds) {
            return broken("lease_seconds", "from 60 seconds to 10 years, which are 316224000 seconds");
        }
        if !Self::LEASE_SECONDS.contains(&self.offline_lease_seconds) {
            return broken(
                "offline_lease_seconds",
                "from 60 seconds to 10 years, which are 316224000 seconds",
            );
        }
        if self.refresh_seconds == 0 || self.refresh_seconds > self.lease_seconds {
            return broken("refresh_seconds", "at least 1 and at most lease_seconds");
        }
        if !Self::GRACE_SECONDS.contains(&self.grace_seconds) {
            return broken("grace_seconds", "at most 366 days, which are 31622400 seconds");
        }
        if !Self::OVERAGE_PERCENT.contains(&self.overage_percent) {
            return broken("overage_percent", "at most 1000");
        }
        let entitlements = self.entitlements.checked();
        let entitlements = entitlements.map_err(|invalid| BrokenRule { field: "entitlements", invalid })?;
        Ok(Self { entitlements, ..self })
    }
}

/// Which rule of a policy is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {invalid}")]
pub struct BrokenRule {
    /// The field that breaks it.
    pub field: &'static str,
    /// What the field must be.
    pub invalid: Invalid,
}

/// What starts a license's term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermStart {
    /// The first activation.
    FirstActivation,
    /// The making of the license.
    Creation,
}

impl TermStart {
    /// The name used in storage and requests.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FirstActivation => "first_activation",
            Self::Creation => "creation",
        }
    }

    /// The start of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        match code {
            "first_activation" => Ok(Self::FirstActivation),
            "creation" => Ok(Self::Creation),
            _ => Err(Invalid::new("first_activation or creation")),
        }
    }
}

/// How a seat is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatKind {
    /// Until the machine is deactivated.
    NodeLocked,
    /// While the machine's lease lives, with its grace; then it is free for another machine.
    Floating,
}

impl SeatKind {
    /// The name used in storage and requests.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NodeLocked => "node_locked",
            Self::Floating => "floating",
        }
    }

    /// The kind of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        match code {
            "node_locked" => Ok(Self::NodeLocked),
            "floating" => Ok(Self::Floating),
            _ => Err(Invalid::new("node_locked or floating")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entitlement::EntitlementValue, text::EntitlementCode};

    #[test]
    fn the_defaults_are_a_sound_policy_and_absurd_numbers_are_not() {
        assert!(PolicyRules::default().checked().is_ok());
        let default = PolicyRules::default;
        let mut large = Entitlements::default();
        for code in ["a", "b", "c", "d", "e", "f", "g", "h"].map(|code| EntitlementCode::parse(code).unwrap())
        {
            large.set(code, EntitlementValue::Text("x".repeat(255)));
        }
        let absurd = [
            ("lease_seconds", PolicyRules { lease_seconds: 0, ..default() }),
            ("lease_seconds", PolicyRules { lease_seconds: u32::MAX, ..default() }),
            ("offline_lease_seconds", PolicyRules { offline_lease_seconds: 59, ..default() }),
            ("refresh_seconds", PolicyRules { refresh_seconds: 0, ..default() }),
            ("refresh_seconds", PolicyRules { refresh_seconds: 15 * DAY, ..default() }),
            ("grace_seconds", PolicyRules { grace_seconds: u32::MAX, ..default() }),
            ("overage_percent", PolicyRules { overage_percent: 1_001, ..default() }),
            ("entitlements", PolicyRules { entitlements: large, ..default() }),
        ];
        for (field, rules) in absurd {
            assert_eq!(rules.checked().unwrap_err().field, field);
        }
    }

    #[test]
    fn the_last_sound_numbers_are_accepted() {
        let shortest = PolicyRules {
            lease_seconds: 60,
            refresh_seconds: 60,
            grace_seconds: 0,
            offline_lease_seconds: 60,
            ..PolicyRules::default()
        };
        let longest = PolicyRules {
            lease_seconds: 3_660 * DAY,
            refresh_seconds: 3_660 * DAY,
            grace_seconds: 366 * DAY,
            offline_lease_seconds: 3_660 * DAY,
            overage_percent: 1_000,
            ..PolicyRules::default()
        };
        for rules in [shortest, longest] {
            assert_eq!(rules.clone().checked(), Ok(rules));
        }
    }

    #[test]
    fn codes_round_trip() {
        for start in [TermStart::FirstActivation, TermStart::Creation] {
            assert_eq!(TermStart::from_code(start.code()), Ok(start));
        }
        for kind in [SeatKind::NodeLocked, SeatKind::Floating] {
            assert_eq!(SeatKind::from_code(kind.code()), Ok(kind));
        }
        assert!(TermStart::from_code("floating").is_err() && SeatKind::from_code("creation").is_err());
    }
}
