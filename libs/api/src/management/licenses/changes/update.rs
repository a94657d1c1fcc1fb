//! `PATCH /v1/licenses/{license}`

use std::collections::BTreeMap;

use licensing::{LicenseChange, Licensing};
use model::{LicenseId, Memo};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{LicenseShape, Tag};
use crate::{
    client::wire::Instant,
    http::{
        body::Body,
        credential::{Authorized, scope},
        if_match::IfMatch,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    management::wire::{self, changed},
    problem::{Problem, managed},
};

/// What is changed of a license; what is absent stays as it is.
#[derive(Object)]
#[oai(rename = "UpdateLicenseRequest", example, skip_serializing_if_is_none)]
pub(crate) struct UpdateLicenseRequest {
    /// Machines on which it may be active at a time, whatever its policy says; −1 is any number.
    #[oai(validator(minimum(value = "-1"), maximum(value = "4294967295")))]
    seats: Option<i64>,
    /// Activations ever, whatever its policy says; −1 is any number.
    #[oai(validator(minimum(value = "-1"), maximum(value = "4294967295")))]
    activation_limit: Option<i64>,
    /// The first instant at which it is expired.
    expires_at: Option<Instant>,
    /// What you note on it.
    #[oai(validator(min_length = 1, max_length = 1000))]
    memo: Option<String>,
    /// What you keep with it, in place of what was there.
    metadata: Option<BTreeMap<String, String>>,
    /// Members to take away: `seats` and `activation_limit`, which are then as the policy says, `expires_at` and `memo`.
    #[oai(validator(max_items = 4))]
    clear: Option<Vec<String>>,
}

impl Command for LicenseChange {
    fn read(members: &mut Members) -> Option<Self> {
        let clear = members.clear(&["seats", "activation_limit", "expires_at", "memo"]);
        let seats = members.limit("seats");
        let activation_limit = members.limit("activation_limit");
        let expires_at = members.instant("expires_at");
        let memo = members.optional("memo", Memo::parse);
        let metadata = members.metadata();
        let clear = clear?;
        Some(Self {
            seats: changed(seats?, clear.contains(&"seats")),
            activation_limit: changed(activation_limit?, clear.contains(&"activation_limit")),
            expires_at: changed(expires_at?, clear.contains(&"expires_at")),
            memo: changed(memo?, clear.contains(&"memo")),
            metadata: metadata?,
        })
    }
}

/// The operation.
pub(crate) struct UpdateLicense(pub(super) Licensing);

#[OpenApi]
impl UpdateLicense {
    /// Change a license
    ///
    /// Seats may be fewer than `seats_used`: no machine loses its seat, and none gets one until enough of them are free.
    /// When `expires_at` is taken away, a license whose term has begun never expires; one whose term has not begun gets its
    /// end from the term of its policy when it is first activated. Leases that apps have already stay as they are.
    #[oai(
        path = "/v1/licenses/:license",
        method = "patch",
        operation_id = "updateLicense",
        tag = "Tag::Licenses"
    )]
    async fn update(
        &self,
        authorized: Authorized<scope::LicensesWrite>,
        /// The identifier of the license.
        #[oai(name = "license")]
        license: PathParam<LicenseId>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<UpdateLicenseRequest, LicenseChange>,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let (tenant, call) = (&authorized.caller.tenant, &authorized.caller.call);
        let updated = self.0.update_license(tenant, call, license.0, body.command, &if_match.0).await;
        Ok(Shown::new(&LicenseShape::at(&updated.map_err(managed)?, self.0.clock().now())))
    }
}

impl Example for UpdateLicenseRequest {
    fn example() -> Self {
        Self {
            seats: Some(5),
            activation_limit: None,
            expires_at: Some("2027-06-01T00:00:00Z".into()),
            memo: None,
            metadata: Some(wire::metadata_example()),
            clear: Some(vec!["memo".to_owned()]),
        }
    }
}
