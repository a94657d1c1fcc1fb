//! Why a license may not be used: stable codes that are part of the product.

use std::fmt;

use crate::text::Invalid;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $title:literal;)+) => {
        /// Why not. In the order in which reasons are given; the first of several is the primary one.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Reason {
            $($(#[$doc])* $name,)+
        }

        impl Reason {
            /// All reasons, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code, open to additions for clients.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

reasons! {
    /// No such license for this tenant.
    NotFound = "not_found", "There is no such license.";
    /// The license is for another product.
    ProductMismatch = "product_mismatch", "The license is for another product.";
    /// The license belongs to another customer, or no such customer exists.
    CustomerMismatch = "customer_mismatch", "The license does not belong to this customer.";
    /// The policy wants the customer to be named.
    CustomerRequired = "customer_required", "The customer must be named.";
    /// The vendor revoked the license for good.
    Revoked = "revoked", "The license was revoked.";
    /// The vendor suspended the license.
    Suspended = "suspended", "The license is suspended.";
    /// The term of the license is over.
    Expired = "expired", "The license has expired.";
    /// All activations that may ever happen have happened.
    ActivationsExhausted = "activations_exhausted", "No activations are left.";
    /// All seats are taken.
    SeatsExhausted = "seats_exhausted", "All seats are taken.";
    /// The license is activated on no machine.
    NotActivated = "not_activated", "The license is not activated.";
    /// The license is activated, but not on this machine.
    MachineMismatch = "machine_mismatch", "The license is not activated on this machine.";
    /// The license was deactivated on this machine.
    MachineDeactivated = "machine_deactivated", "The license was deactivated on this machine.";
    /// The machine's floating seat has lapsed with its lease.
    SeatLapsed = "seat_lapsed", "The seat of this machine has lapsed.";
    /// The license does not have an entitlement that was asked for.
    EntitlementMissing = "entitlement_missing", "An entitlement is missing.";
    /// The app has used up its deactivations.
    DeactivationsExhausted = "deactivations_exhausted", "No deactivations are left.";
}

impl Reason {
    /// The code of a check without any reason against it.
    pub const VALID: &'static str = "valid";

    /// The reason of that code.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code).ok_or(Invalid::new("a reason code"))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Everything that speaks against a request: at least one reason, in order, none twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused: {}", .reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>().join(", "))]
pub struct Refusal {
    reasons: Vec<Reason>,
}

impl Refusal {
    /// Refuses for one reason.
    #[must_use]
    pub fn only(reason: Reason) -> Self {
        Self { reasons: vec![reason] }
    }

    /// A refusal for these reasons, put in order; `Ok` when there is none.
    ///
    /// # Errors
    /// The refusal, when there is at least one reason.
    pub fn unless_none(mut reasons: Vec<Reason>) -> Result<(), Self> {
        reasons.sort_unstable();
        reasons.dedup();
        if reasons.is_empty() { Ok(()) } else { Err(Self { reasons }) }
    }

    /// The reasons, in order.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The first reason.
    #[must_use]
    pub fn primary(&self) -> Reason {
        // A refusal is never empty, so the fallback is never taken.
        self.reasons.first().copied().unwrap_or(Reason::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_the_documented_order_and_round_trip() {
        let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(
            codes,
            [
                "not_found",
                "product_mismatch",
                "customer_mismatch",
                "customer_required",
                "revoked",
                "suspended",
                "expired",
                "activations_exhausted",
                "seats_exhausted",
                "not_activated",
                "machine_mismatch",
                "machine_deactivated",
                "seat_lapsed",
                "entitlement_missing",
                "deactivations_exhausted",
            ]
        );
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Ok(*reason));
            assert!(reason.title().ends_with('.'), "{reason}");
        }
        for bad in ["", "valid", "Expired", "expired "] {
            assert!(Reason::from_code(bad).is_err(), "{bad}");
        }
        assert!(Reason::ALL.is_sorted());
    }

    #[test]
    fn a_refusal_is_ordered_and_never_empty() {
        assert_eq!(Refusal::unless_none(vec![]), Ok(()));
        let refusal =
            Refusal::unless_none(vec![Reason::Expired, Reason::Revoked, Reason::Expired]).unwrap_err();
        assert_eq!(refusal.reasons(), [Reason::Revoked, Reason::Expired]);
        assert_eq!(refusal.primary(), Reason::Revoked);
        assert_eq!(refusal.to_string(), "refused: revoked, expired");
    }
}
