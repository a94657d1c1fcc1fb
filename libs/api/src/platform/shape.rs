//! The shapes of a tenant, as operators see it.

use licensing::TenantStart;
use model::{HostedTenant, Member, Quota, RateLimitOverrides, RateLimits};
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    client::wire::{Id, Instant, QuotaText},
    http::{list::list_of, resource::Resource},
    management::{CreatedApiKey, RateLimitsShape},
};

/// A tenant: a vendor, who owns everything else.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Tenant", example, skip_serializing_if_is_none)]
pub(crate) struct TenantShape {
    /// Its identifier.
    id: Id,
    /// Its name in URLs.
    slug: String,
    /// Its name for people.
    name: String,
    /// The `iss` of its tokens, which never changes.
    issuer: String,
    /// `active`, or `suspended`: to its clients it looks as if it did not exist.
    state: String,
    /// How much it may have.
    limits: TenantLimitsShape,
    /// How often its API may be used.
    rate_limits: RateLimitsShape,
    /// What was set instead of the usual rate limits.
    rate_limit_overrides: RateLimitOverridesShape,
    /// Grows with every change by an operator.
    revision: u64,
    /// When it was made.
    created_at: Instant,
    /// Since when it is suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_at: Option<Instant>,
    /// As of when it was last exported whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    exported_at: Option<Instant>,
    /// From when on it is deleted, once that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_after: Option<Instant>,
    /// Since when it is being deleted; from then on nothing brings it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleting_since: Option<Instant>,
}

/// How many of each kind a tenant may have; any number, when absent.
#[derive(Clone, Default, Object, Serialize)]
#[oai(rename = "TenantLimits", example, skip_serializing_if_is_none)]
pub(crate) struct TenantLimitsShape {
    /// Licenses, in whatever state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(validator(maximum(value = "2147483647")))]
    licenses: Option<u32>,
    /// Products.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(validator(maximum(value = "2147483647")))]
    products: Option<u32>,
    /// Customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(validator(maximum(value = "2147483647")))]
    customers: Option<u32>,
    /// API keys that are not revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(validator(maximum(value = "2147483647")))]
    api_keys: Option<u32>,
}

/// What a tenant's rate limits are instead of the usual ones, which count where nothing is set.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "RateLimitOverrides", example, skip_serializing_if_is_none)]
pub(crate) struct RateLimitOverridesShape {
    /// Requests from one address.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_address: Option<QuotaText>,
    /// Requests that present one license key.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_license_key: Option<QuotaText>,
    /// Requests with one API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_api_key: Option<QuotaText>,
    /// Requests to the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_tenant: Option<QuotaText>,
    /// Wrong license keys and API keys from one address.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong_keys_per_address: Option<QuotaText>,
    /// Wrong license keys and API keys from all addresses together.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong_keys_per_tenant: Option<QuotaText>,
}

impl From<&RateLimitOverrides> for RateLimitOverridesShape {
    fn from(limits: &RateLimitOverrides) -> Self {
        Self {
            per_address: limits.address.map(QuotaText::from),
            per_license_key: limits.license_key.map(QuotaText::from),
            per_api_key: limits.api_key.map(QuotaText::from),
            per_tenant: limits.tenant.map(QuotaText::from),
            wrong_keys_per_address: limits.wrong_keys_address.map(QuotaText::from),
            wrong_keys_per_tenant: limits.wrong_keys_tenant.map(QuotaText::from),
        }
    }
}

impl Resource for TenantShape {
    const NAME: &'static str = "slug";
}

impl From<&HostedTenant> for TenantShape {
    fn from(hosted: &HostedTenant) -> Self {
        let (tenant, limits) = (&hosted.tenant, &hosted.limits);
        Self {
            id: tenant.id.into(),
            slug: tenant.slug.to_string(),
            name: tenant.name.to_string(),
            issuer: tenant.issuer.to_string(),
            state: tenant.state.code().to_owned(),
            limits: TenantLimitsShape {
                licenses: limits.licenses,
                products: limits.products,
                customers: limits.customers,
                api_keys: limits.api_keys,
            },
            rate_limits: tenant.rate_limits.over(&RateLimits::DEFAULT).into(),
            rate_limit_overrides: (&tenant.rate_limits).into(),
            revision: hosted.revision,
            created_at: tenant.created_at.into(),
            suspended_at: hosted.suspended_at.map(Instant::from),
            exported_at: hosted.exported_at.map(Instant::from),
            delete_after: hosted.delete_after.map(Instant::from),
            deleting_since: hosted.purged_since.map(Instant::from),
        }
    }
}

list_of! {
    /// A piece of the list of tenants.
    TenantList, "TenantList", TenantShape
}

/// A person who works for a tenant.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Member", example, skip_serializing_if_is_none)]
pub(crate) struct MemberShape {
    /// Its identifier.
    id: Id,
    /// Where to write to.
    email: String,
    /// The name for people.
    name: String,
    /// What it may do: `owner`, `admin`, `support` or `viewer`.
    role: String,
    /// When it was made.
    created_at: Instant,
}

impl From<&Member> for MemberShape {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id.into(),
            email: member.email.as_str().to_owned(),
            name: member.name.to_string(),
            role: member.role.code().to_owned(),
            created_at: member.created_at.into(),
        }
    }
}

/// A new tenant with what it begins with.
#[derive(Object, Serialize)]
#[oai(rename = "CreatedTenant", example, skip_serializing_if_is_none)]
pub(crate) struct CreatedTenant {
    /// The tenant.
    tenant: TenantShape,
    /// Its first member, who owns it.
    owner: MemberShape,
    /// Its first API key, which may do everything.
    api_key: CreatedApiKey,
}

impl From<TenantStart> for CreatedTenant {
    fn from(start: TenantStart) -> Self {
        Self {
            tenant: (&start.tenant).into(),
            owner: (&start.owner).into(),
            api_key: (&(start.api_key, start.token)).into(),
        }
    }
}

impl Example for TenantShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0a00-7b1c-8d2e-3f4a5b6c7d8e".into(),
            slug: "acme".to_owned(),
            name: "ACME Inc.".to_owned(),
            issuer: "https://licenses.example.com/t/acme".to_owned(),
            state: "active".to_owned(),
            limits: Example::example(),
            rate_limits: example_overrides().over(&RateLimits::DEFAULT).into(),
            rate_limit_overrides: Example::example(),
            revision: 3,
            created_at: "2026-03-01T12:00:00Z".into(),
            suspended_at: None,
            exported_at: Some("2026-04-01T12:00:00Z".into()),
            delete_after: None,
            deleting_since: None,
        }
    }
}

impl Example for TenantLimitsShape {
    fn example() -> Self {
        Self { licenses: Some(10_000), api_keys: Some(20), ..Self::default() }
    }
}

impl Example for RateLimitOverridesShape {
    fn example() -> Self {
        (&example_overrides()).into()
    }
}

fn example_overrides() -> RateLimitOverrides {
    RateLimitOverrides { license_key: Quota::new(240, 60).ok(), ..RateLimitOverrides::default() }
}

impl Example for MemberShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0a01-7c3d-9e4f-5a6b7c8d9e0f".into(),
            email: "olivia@acme.example".to_owned(),
            name: "Olivia Owner".to_owned(),
            role: "owner".to_owned(),
            created_at: "2026-03-01T12:00:00Z".into(),
        }
    }
}

impl Example for CreatedTenant {
    fn example() -> Self {
        Self { tenant: Example::example(), owner: Example::example(), api_key: Example::example() }
    }
}
