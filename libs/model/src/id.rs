//! Typed identifiers: one type per entity, so that a license can never be looked up with a machine's.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use crate::text::Invalid;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is already known to name this kind of thing.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside, for storage and wire formats.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Uuid::try_parse(text).map(Self).map_err(|_| Invalid::new("a UUID"))
            }
        }
    )+};
}

identifiers! {
    /// Names a tenant (a vendor).
    TenantId;
    /// Names a product of a tenant.
    ProductId;
    /// Names a policy of a tenant.
    PolicyId;
    /// Names a customer of a tenant.
    CustomerId;
    /// Names a license of a tenant; the `sub` of its leases.
    LicenseId;
    /// Names a machine on which a license is, or was, activated; the `mid` of its leases.
    MachineId;
    /// Names one signed lease; its `jti`.
    LeaseId;
    /// Names one answered check; the `decision_id` of its verdict.
    DecisionId;
    /// Names one entry of the audit log.
    EventId;
    /// Names an API key of a tenant.
    ApiKeyId;
    /// Names a member of a tenant.
    MemberId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let id = LicenseId::from_uuid(Uuid::from_u128(0xA1));
        assert_eq!(id.to_string(), "00000000-0000-0000-0000-0000000000a1");
        assert_eq!(format!("{id:?}"), "LicenseId(00000000-0000-0000-0000-0000000000a1)");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "1", "00000000-0000-0000-0000-0000000000g1", " 00000000-0000-0000-0000-0000000000a1"]
        {
            assert!(bad.parse::<LicenseId>().is_err(), "{bad}");
        }
    }
}
