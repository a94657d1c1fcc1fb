//! `POST /v1/licenses/{license}/reset-activations`

use licensing::{LicenseRecord, Licensing};
use model::LicenseId;
use poem_openapi::{Object, OpenApi, types::Example};

use super::{LicenseShape, Tag};
use crate::{
    http::{
        body::Body,
        credential::{Authorized, scope},
        idempotency::IdempotencyHeader,
        if_match::IfMatch,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// How the activations of a license are set back.
#[derive(Object)]
#[oai(rename = "ResetActivationsRequest", example, skip_serializing_if_is_none)]
pub(crate) struct ResetActivationsRequest {
    /// Whether it is also deactivated on all its machines, which frees their seats; not when absent.
    deactivate_machines: Option<bool>,
}

/// Whether machines are deactivated.
pub(crate) struct Reset(bool);

impl Command for Reset {
    fn read(members: &mut Members) -> Option<Self> {
        members.flag("deactivate_machines").map(|flag| Self(flag.unwrap_or(false)))
    }
}

/// The operation.
pub(crate) struct ResetActivations(pub(super) Licensing);

#[OpenApi]
impl ResetActivations {
    /// Count activations of a license from zero again
    ///
    /// Its deactivations as well. Machines keep their seats unless they are deactivated with it, and leases that apps have
    /// already count until they end. A revoked license is not reset.
    #[oai(
        path = "/v1/licenses/:license/reset-activations",
        method = "post",
        operation_id = "resetActivations",
        tag = "Tag::Licenses"
    )]
    async fn reset(
        &self,
        authorized: Authorized<scope::LicensesWrite>,
        /// The identifier of the license.
        #[oai(name = "license")]
        license: PathParam<LicenseId>,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<ResetActivationsRequest, Reset>,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let caller = authorized.caller;
        let (tenant, call) = (&caller.tenant, &caller.call);
        let now = self.0.clock().now();
        let render = |decision: &_| {
            caller.render(decision, |reset: &LicenseRecord| Shown::render(&LicenseShape::at(reset, now)))
        };
        let idempotency = idempotency_key.of(body.identity_at("resetActivations", caller.path()), &render);
        let Reset(machines) = body.command;
        let reset =
            self.0.reset_activations(tenant, call, license.0, machines, &if_match.0, idempotency).await;
        Ok(Shown::of(reset.map_err(managed)?, render))
    }
}

impl Example for ResetActivationsRequest {
    fn example() -> Self {
        Self { deactivate_machines: Some(true) }
    }
}
