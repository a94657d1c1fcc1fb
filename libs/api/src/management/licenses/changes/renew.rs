//! `POST /v1/licenses/{license}/renew`

use licensing::{LicenseRecord, Licensing, Renewal};
use model::{LicenseId, Term, decide::RenewFrom};
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

/// How a license is renewed.
#[derive(Object)]
#[oai(rename = "RenewLicenseRequest", example, skip_serializing_if_is_none)]
pub(crate) struct RenewLicenseRequest {
    /// By which term, an ISO 8601 duration; by that of its policy when absent.
    #[oai(validator(min_length = 3, max_length = 64))]
    term: Option<String>,
    /// Where that term begins: at its `expiry` (the default), also when that is over, or `now`.
    #[oai(validator(pattern = r"^(expiry|now)$"))]
    from: Option<String>,
}

impl Command for Renewal {
    fn read(members: &mut Members) -> Option<Self> {
        let term = members.optional("term", |text| text.parse::<Term>());
        let from = members.optional("from", |text| RenewFrom::from_code(&text));
        Some(Self { term: term?, from: from?.unwrap_or_default() })
    }
}

/// The operation.
pub(crate) struct RenewLicense(pub(super) Licensing);

#[OpenApi]
impl RenewLicense {
    /// Renew a license
    ///
    /// It ends by one term later, counted on the calendar from where it ends so far, or from now, which can be sooner than
    /// before. Each request adds a term: send an `Idempotency-Key`. A suspended license stays so. It is a conflict to renew
    /// a license that never expires, whose term has not begun, or that is revoked.
    #[oai(
        path = "/v1/licenses/:license/renew",
        method = "post",
        operation_id = "renewLicense",
        tag = "Tag::Licenses"
    )]
    async fn renew(
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
        body: Body<RenewLicenseRequest, Renewal>,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let caller = authorized.caller;
        let (tenant, call) = (&caller.tenant, &caller.call);
        let now = self.0.clock().now();
        let render = |decision: &_| {
            caller.render(decision, |renewed: &LicenseRecord| Shown::render(&LicenseShape::at(renewed, now)))
        };
        let idempotency = idempotency_key.of(body.identity_at("renewLicense", caller.path()), &render);
        let renewed =
            self.0.renew_license(tenant, call, license.0, body.command, &if_match.0, idempotency).await;
        Ok(Shown::of(renewed.map_err(managed)?, render))
    }
}

impl Example for RenewLicenseRequest {
    fn example() -> Self {
        Self { term: Some("P1Y".to_owned()), from: Some("expiry".to_owned()) }
    }
}
