//! Nouns, typed identifiers and rules of licensing, as pure functions.
//!
//! Nothing here reads a clock, a database or the network: every rule takes the instant and the facts
//! it decides on, so that each can be tested at any instant. The words are those of
//! `docs/architecture.md`.

pub mod api_key;
pub mod customer;
pub mod day;
pub mod decide;
pub mod entitlement;
pub mod event;
pub mod hosting;
pub mod id;
pub mod key;
pub mod lease_times;
pub mod license;
pub mod limit;
pub mod machine;
pub mod member;
pub mod metadata;
pub mod policy;
pub mod product;
pub mod rate_limit;
pub mod reason;
pub mod signing_key;
pub mod tenant;
pub mod term;
pub mod text;
pub mod timestamp;

pub use api_key::{ApiKey, ApiKeyToken, Scope, Scopes};
pub use customer::Customer;
pub use day::Day;
pub use entitlement::{Entitlement, EntitlementValue, Entitlements};
pub use event::{Action, Actor, Event, Outcome, Subject};
pub use hosting::{DomainName, HostedTenant, Limited, TenantLimits};
pub use id::{
    ApiKeyId, CustomerId, DecisionId, EventId, LeaseId, LicenseId, MachineId, MemberId, PolicyId, ProductId,
    TenantId,
};
pub use key::{KeyFormat, LicenseKey};
pub use lease_times::LeaseTimes;
pub use license::{License, LicenseState, Overrides};
pub use limit::Limit;
pub use machine::{IssuedLease, Machine, MachineState};
pub use member::{Member, Role};
pub use metadata::Metadata;
pub use policy::{BrokenRule, Policy, PolicyRules, SeatKind, TermStart};
pub use product::Product;
pub use rate_limit::{Quota, RateLimitOverrides, RateLimits};
pub use reason::{Reason, Refusal};
pub use signing_key::{KeyId, KeyState, SigningKeyRecord};
pub use tenant::{Tenant, TenantState};
pub use term::Term;
pub use text::{
    ClientKey, EmailAddress, EntitlementCode, Fingerprint, Invalid, Issuer, MachineName, Memo, Name, Nonce,
    PolicyCode, ProductCode, ProductKey, TenantSlug,
};
pub use timestamp::Timestamp;
