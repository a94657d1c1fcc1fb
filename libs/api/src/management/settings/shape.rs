//! The shape of settings.

use model::{RateLimits, Tenant};
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use super::RateLimitsShape;
use crate::{client::wire::Instant, http::resource::Resource};

/// What is set for all of a tenant, and what it is called.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Settings", example, skip_serializing_if_is_none)]
pub(crate) struct SettingsShape {
    /// Its name in addresses. The operator sets it.
    slug: String,
    /// Its name for people.
    name: String,
    /// The `iss` of its leases and verdicts. The operator sets it.
    issuer: String,
    /// `active`. The operator sets it; nothing is served for a tenant in another state.
    state: String,
    /// Whether each check is an event `license.check` in the audit log. They are written within a second of the check;
    /// a server that crashes may lose those of the last second.
    checks_are_events: bool,
    /// How often the API may be used. The operator sets it.
    rate_limits: RateLimitsShape,
    /// Grows with every change.
    revision: u64,
    /// When the tenant was made.
    created_at: Instant,
}

impl Resource for SettingsShape {
    const NAME: &'static str = "slug";
}

impl From<&Tenant> for SettingsShape {
    fn from(tenant: &Tenant) -> Self {
        Self {
            slug: tenant.slug.to_string(),
            name: tenant.name.to_string(),
            issuer: tenant.issuer.to_string(),
            state: tenant.state.code().to_owned(),
            checks_are_events: tenant.checks_are_events,
            rate_limits: tenant.rate_limits.over(&RateLimits::DEFAULT).into(),
            revision: tenant.revision,
            created_at: tenant.created_at.into(),
        }
    }
}

impl Example for SettingsShape {
    fn example() -> Self {
        Self {
            slug: "acme".to_owned(),
            name: "Acme Software".to_owned(),
            issuer: "https://licenses.example.com/t/acme".to_owned(),
            state: "active".to_owned(),
            checks_are_events: false,
            rate_limits: Example::example(),
            revision: 1,
            created_at: "2026-03-01T12:00:00Z".into(),
        }
    }
}
