//! Events: entries of a tenant's audit log.

use crate::{
    id::{CustomerId, EventId, LicenseId, MachineId, PolicyId, ProductId, TenantId},
    reason::Reason,
    signing_key::KeyId,
    text::Invalid,
    timestamp::Timestamp,
};

/// One entry of the audit log: who did what to what, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its identifier; of events that one server wrote, later ones have larger ones.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// What it was done to; absent when the request named nothing that exists.
    pub subject: Option<Subject>,
    /// What came of it.
    pub outcome: Outcome,
    /// The caller's network address, when there was one.
    pub address: Option<String>,
    /// The identifier of the request, when there was one.
    pub request_id: Option<String>,
    /// Facts about it, such as values before and after. Never a key, a token or a fingerprint.
    pub details: serde_json::Value,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A desktop app, by presenting a license key.
    App,
    /// An operator, on the command line of the machine.
    Operator,
    /// Leasehold itself.
    System,
}

impl Actor {
    /// The name used in storage and output.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    /// The actor of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        match code {
            "app" => Ok(Self::App),
            "operator" => Ok(Self::Operator),
            "system" => Ok(Self::System),
            _ => Err(Invalid::new("app, operator or system")),
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)+) => {
        /// What was done. The codes are the event types that webhooks and filters name.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Action {
            $($(#[$doc])* $name,)+
        }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name used in storage and output.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }
        }
    };
}

actions! {
    /// A tenant was made.
    TenantCreate = "tenant.create";
    /// A product was made.
    ProductCreate = "product.create";
    /// A policy was made.
    PolicyCreate = "policy.create";
    /// A customer was made.
    CustomerCreate = "customer.create";
    /// A license was made.
    LicenseCreate = "license.create";
    /// A license was brought from another system.
    LicenseImport = "license.import";
    /// A license was suspended.
    LicenseSuspend = "license.suspend";
    /// A suspended license was made usable again.
    LicenseReinstate = "license.reinstate";
    /// A license was revoked.
    LicenseRevoke = "license.revoke";
    /// A license was activated on a machine, or that was refused.
    MachineActivate = "machine.activate";
    /// A license was deactivated on a machine, or that was refused.
    MachineDeactivate = "machine.deactivate";
    /// A license was checked.
    LicenseCheck = "license.check";
    /// A machine was given a new lease, or that was refused.
    LeaseRefresh = "lease.refresh";
    /// A machine refreshed a lease that had been replaced already: a lost answer, or a copied machine.
    LeaseFork = "lease.fork";
    /// A signing key was made.
    KeyCreate = "key.create";
    /// Another signing key began to sign.
    KeyRotate = "key.rotate";
}

impl Action {
    /// The action of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        Self::ALL.iter().copied().find(|action| action.code() == code).ok_or(Invalid::new("an action code"))
    }
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The tenant itself.
    Tenant(TenantId),
    /// A product.
    Product(ProductId),
    /// A policy.
    Policy(PolicyId),
    /// A customer.
    Customer(CustomerId),
    /// A license.
    License(LicenseId),
    /// A machine, with the license that is activated on it.
    Machine(LicenseId, MachineId),
    /// A signing key.
    Key(KeyId),
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused, for this primary reason.
    Refused(Reason),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        // A code that two actions had would come back as the first of them.
        for action in Action::ALL {
            assert_eq!(Action::from_code(action.code()), Ok(*action));
        }
        for actor in [Actor::App, Actor::Operator, Actor::System] {
            assert_eq!(Actor::from_code(actor.code()), Ok(actor));
        }
        assert!(Action::from_code("license").is_err() && Actor::from_code("").is_err());
    }
}
