//! `DELETE /v1/tenants/{tenant}`

use licensing::Licensing;
use model::{Invalid, TenantSlug};
use poem_openapi::{OpenApi, registry::MetaSchema};
use serde_json::json;

use super::{Tag, operator::Operator, shape::TenantShape};
use crate::{
    http::{
        path::PathParam,
        query::{QueryParam, QueryValue},
        resource::Shown,
    },
    problem::{Problem, managed},
};

const USUAL: u16 = 30;
const MOST: u16 = 365;

/// How many days a tenant stays before it is deleted.
struct GraceDays(u16);

impl QueryValue for GraceDays {
    fn read(text: &str) -> Result<Self, Invalid> {
        let days = text.parse().ok().filter(|days| *days <= MOST && !text.starts_with('+'));
        days.map(Self).ok_or(Invalid::new("a whole number from 0 to 365"))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(0.0),
            maximum: Some(f64::from(MOST)),
            default: Some(json!(USUAL)),
            example: Some(json!(USUAL)),
            ..MetaSchema::new_with_format("integer", "int32")
        }
    }
}

/// The operation.
pub(crate) struct DeleteTenant(pub(super) Licensing);

#[OpenApi]
impl DeleteTenant {
    /// Delete a tenant
    ///
    /// After so many days, in which it can still be kept; then all that it has is deleted for good, within minutes. It must
    /// be suspended, and exported since. Asking again sets the time anew.
    #[oai(
        path = "/v1/tenants/:tenant",
        method = "delete",
        operation_id = "deleteTenant",
        tag = "Tag::Tenants"
    )]
    async fn delete(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
        /// How many days it stays.
        #[oai(name = "grace_days")]
        grace_days: QueryParam<GraceDays>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let days = grace_days.0.map_or(USUAL, |days| days.0);
        let tenant = self.0.delete_tenant(&operator.call, &tenant.0, days).await.map_err(managed)?;
        Ok(Shown::new(&(&tenant).into()))
    }
}
