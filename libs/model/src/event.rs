//! Events: entries of a tenant's audit log.

use crate::{
    id::{ApiKeyId, CustomerId, EventId, LicenseId, MachineId, MemberId, PolicyId, ProductId, TenantId},
    reason::Reason,
    signing_key::KeyId,
    text::Invalid,
    timestamp::Timestamp,
};

/// The most milliseconds by which the time in an event's identifier (RFC 9562 section 5.7) is after the event itself; it
/// is never before it.
pub const ID_AHEAD_MILLIS: u64 = 10_000;

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
    /// One of the vendor's programs, by its API key.
    ApiKey(ApiKeyId),
    /// An operator: on the command line of the machine, or by the platform API.
    Operator,
    /// Leasehold itself.
    System,
}

impl Actor {
    /// The names of all kinds.
    pub const KINDS: [&'static str; 4] = ["app", "api_key", "operator", "system"];

    /// The name of its kind, used in storage and output.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::App => "app",
            Self::ApiKey(_) => "api_key",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    /// Which of its kind it is, where that is known.
    #[must_use]
    pub const fn id(&self) -> Option<uuid::Uuid> {
        match self {
            Self::ApiKey(id) => Some(id.uuid()),
            Self::App | Self::Operator | Self::System => None,
        }
    }

    /// The actor of that kind and identifier.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_parts(code: &str, id: Option<uuid::Uuid>) -> Result<Self, Invalid> {
        match (code, id) {
            ("app", None) => Ok(Self::App),
            ("api_key", Some(id)) => Ok(Self::ApiKey(ApiKeyId::from_uuid(id))),
            ("operator", None) => Ok(Self::Operator),
            ("system", None) => Ok(Self::System),
            _ => Err(Invalid::new("app, api_key, operator or system, with an identifier where it has one")),
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
    /// The settings of a tenant were changed.
    TenantUpdate = "tenant.update";
    /// A tenant is not served any more.
    TenantSuspend = "tenant.suspend";
    /// A suspended tenant is served again.
    TenantResume = "tenant.resume";
    /// A tenant was written into an archive.
    TenantExport = "tenant.export";
    /// A tenant was made from an archive.
    TenantImport = "tenant.import";
    /// It was asked that a tenant be deleted.
    TenantDelete = "tenant.delete";
    /// It was decided that a tenant is not deleted.
    TenantKeep = "tenant.keep";
    /// A domain was given to a tenant.
    DomainAdd = "domain.add";
    /// A domain was taken from a tenant.
    DomainRemove = "domain.remove";
    /// A member was made.
    MemberCreate = "member.create";
    /// A product was made.
    ProductCreate = "product.create";
    /// A product was changed.
    ProductUpdate = "product.update";
    /// A product was deleted.
    ProductDelete = "product.delete";
    /// A policy was made.
    PolicyCreate = "policy.create";
    /// A policy was changed.
    PolicyUpdate = "policy.update";
    /// A policy was deleted.
    PolicyDelete = "policy.delete";
    /// A customer was made.
    CustomerCreate = "customer.create";
    /// A customer was changed.
    CustomerUpdate = "customer.update";
    /// A customer was deleted.
    CustomerDelete = "customer.delete";
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
    /// A license was changed.
    LicenseUpdate = "license.update";
    /// A license was renewed.
    LicenseRenew = "license.renew";
    /// A license was given to another customer, or another policy.
    LicenseTransfer = "license.transfer";
    /// The activations of a license were set back.
    LicenseReset = "license.reset";
    /// The key of a license was shown.
    LicenseReveal = "license.reveal";
    /// A license was activated on a machine, or that was refused.
    MachineActivate = "machine.activate";
    /// A license was deactivated on a machine, or that was refused.
    MachineDeactivate = "machine.deactivate";
    /// A machine was renamed.
    MachineUpdate = "machine.update";
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
    /// A signing key was taken out of use.
    KeyRetire = "key.retire";
    /// A signing key was revoked: what it signed counts no more.
    KeyRevoke = "key.revoke";
    /// An API key was made.
    ApiKeyCreate = "api_key.create";
    /// An API key was revoked.
    ApiKeyRevoke = "api_key.revoke";
    /// A customer was brought from another system.
    CustomerImport = "customer.import";
    /// A machine was brought from another system.
    MachineImport = "machine.import";
    /// Licenses or machines were exported together with license keys.
    KeysExport = "license.export_keys";
}

impl Action {
    /// Whether it changes something, so that others are told of it.
    #[must_use]
    pub const fn changes(self) -> bool {
        !matches!(self, Self::LicenseCheck)
    }

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
    /// An API key.
    ApiKey(ApiKeyId),
    /// A member.
    Member(MemberId),
}

impl Subject {
    /// The names of all kinds.
    pub const KINDS: [&'static str; 8] =
        ["tenant", "product", "policy", "customer", "license", "machine", "key", "api_key"];

    /// The name of its kind, used in storage and output.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tenant(_) => "tenant",
            Self::Product(_) => "product",
            Self::Policy(_) => "policy",
            Self::Customer(_) => "customer",
            Self::License(_) => "license",
            Self::Machine(..) => "machine",
            Self::Key(_) => "key",
            Self::ApiKey(_) => "api_key",
            Self::Member(_) => "member",
        }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Tenant(id) => id.to_string(),
            Self::Product(id) => id.to_string(),
            Self::Policy(id) => id.to_string(),
            Self::Customer(id) => id.to_string(),
            Self::License(id) => id.to_string(),
            Self::Machine(_, id) => id.to_string(),
            Self::Key(id) => id.to_string(),
            Self::ApiKey(id) => id.to_string(),
            Self::Member(id) => id.to_string(),
        }
    }

    /// The license that it is, or belongs to.
    #[must_use]
    pub const fn license(&self) -> Option<LicenseId> {
        match self {
            Self::License(id) | Self::Machine(id, _) => Some(*id),
            _ => None,
        }
    }
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
        let id = uuid::Uuid::from_u128(7);
        for actor in [Actor::App, Actor::ApiKey(ApiKeyId::from_uuid(id)), Actor::Operator, Actor::System] {
            assert_eq!(Actor::from_parts(actor.code(), actor.id()), Ok(actor));
        }
        assert!(Action::from_code("license").is_err() && Actor::from_parts("", None).is_err());
        assert!(Actor::from_parts("api_key", None).is_err() && Actor::from_parts("app", Some(id)).is_err());
    }
}
