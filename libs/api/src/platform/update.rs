//! `PATCH /v1/tenants/{tenant}`

use licensing::Licensing;
use model::{Name, TenantSlug};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, operator::Operator, shape::TenantShape};
use crate::{
    http::{
        body::Body,
        if_match::IfMatch,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// What changes of a tenant.
#[derive(Object)]
#[oai(rename = "UpdateTenantRequest", example, skip_serializing_if_is_none)]
pub(crate) struct UpdateTenantRequest {
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
}

/// What is asked for.
pub(crate) struct UpdateCommand {
    name: Option<Name>,
}

impl Command for UpdateCommand {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self { name: members.optional("name", Name::parse)? })
    }
}

/// The operation.
pub(crate) struct UpdateTenant(pub(super) Licensing);

#[OpenApi]
impl UpdateTenant {
    /// Change a tenant
    ///
    /// Absent members stay as they are. Slug and issuer never change.
    #[oai(
        path = "/v1/tenants/:tenant",
        method = "patch",
        operation_id = "updateTenant",
        tag = "Tag::Tenants"
    )]
    async fn update(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
        /// The `ETag` of the tenant as it was seen; the change is not made when it was changed since.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<UpdateTenantRequest, UpdateCommand>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let name = body.command.name;
        let changed = self.0.rename_tenant(&operator.call, &tenant.0, name, &if_match.0).await;
        Ok(Shown::new(&(&changed.map_err(managed)?).into()))
    }
}

impl Example for UpdateTenantRequest {
    fn example() -> Self {
        Self { name: Some("ACME International".to_owned()) }
    }
}
