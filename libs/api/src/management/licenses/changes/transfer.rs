//! `POST /v1/licenses/{license}/transfer`

use licensing::{Error, Licensing, Transfer};
use model::{CustomerId, LicenseId, PolicyCode};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{LicenseShape, Tag};
use crate::{
    client::wire::Id,
    http::{
        body::Body,
        credential::{Authorized, scope},
        if_match::IfMatch,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    management::wire::changed,
    problem::{Problem, in_body, managed},
};

/// Where a license goes; what is absent stays as it is.
#[derive(Object)]
#[oai(rename = "TransferLicenseRequest", example, skip_serializing_if_is_none)]
pub(crate) struct TransferLicenseRequest {
    /// The identifier of the customer that it belongs to from now on.
    customer: Option<Id>,
    /// The code of its policy from now on, one of the same product.
    #[oai(validator(min_length = 1, max_length = 64, pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    policy: Option<String>,
    /// Members to take away: `customer`.
    #[oai(validator(max_items = 1))]
    clear: Option<Vec<String>>,
}

impl Command for Transfer {
    fn read(members: &mut Members) -> Option<Self> {
        let clear = members.clear(&["customer"]);
        let customer = members.optional("customer", |text| text.parse::<CustomerId>());
        let policy = members.optional("policy", PolicyCode::parse);
        Some(Self { customer: changed(customer?, !clear?.is_empty()), policy: policy? })
    }
}

/// The operation.
pub(crate) struct TransferLicense(pub(super) Licensing);

#[OpenApi]
impl TransferLicense {
    /// Give a license to another customer or policy
    ///
    /// Its key, its `expires_at`, its overrides and what was counted stay, and so do its machines: deactivate them, or reset
    /// its activations, when the new customer has others. What the new policy gives and limits counts from the next check
    /// on; its term is that of renewals and, where no term has begun, of the first activation. A revoked license is not
    /// transferred.
    #[oai(
        path = "/v1/licenses/:license/transfer",
        method = "post",
        operation_id = "transferLicense",
        tag = "Tag::Licenses"
    )]
    async fn transfer(
        &self,
        authorized: Authorized<scope::LicensesWrite>,
        /// The identifier of the license.
        #[oai(name = "license")]
        license: PathParam<LicenseId>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<TransferLicenseRequest, Transfer>,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let (tenant, call) = (&authorized.caller.tenant, &authorized.caller.call);
        let transferred = self.0.transfer_license(tenant, call, license.0, body.command, &if_match.0).await;
        let transferred = transferred.map_err(|error| match error {
            Error::NotFound("license") => managed(error),
            other => in_body(other),
        })?;
        Ok(Shown::new(&LicenseShape::at(&transferred, self.0.clock().now())))
    }
}

impl Example for TransferLicenseRequest {
    fn example() -> Self {
        Self {
            customer: Some("0196a1c4-0a92-7d11-9c3e-5f4e3d2c1b0a".into()),
            policy: Some("cad-pro".to_owned()),
            clear: None,
        }
    }
}
