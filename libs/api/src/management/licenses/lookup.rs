//! `POST /v1/licenses/lookup`

use licensing::Licensing;
use model::LicenseKey;
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::LicenseShape};
use crate::{
    client::shapes::examples,
    http::{
        body::Body,
        credential::{Authorized, scope},
        members::{Command, Members},
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// What to look for.
#[derive(Object)]
#[oai(rename = "LookupLicenseRequest", example, skip_serializing_if_is_none)]
pub(crate) struct LookupLicenseRequest {
    /// The key of the license, as its holder writes it.
    #[oai(validator(min_length = 4, max_length = 255))]
    key: String,
}

/// The key of a license that is looked for.
pub(crate) struct Wanted(LicenseKey);

impl Command for Wanted {
    fn read(members: &mut Members) -> Option<Self> {
        members.required("key", |text| LicenseKey::parse(&text)).map(Self)
    }
}

/// The operation.
pub(crate) struct LookupLicense(pub(super) Licensing);

#[OpenApi]
impl LookupLicense {
    /// Find the license with a key
    ///
    /// The key is in the body, as an address ends up in logs. It changes nothing, and counts as no check.
    #[oai(
        path = "/v1/licenses/lookup",
        method = "post",
        operation_id = "lookupLicense",
        tag = "Tag::Licenses"
    )]
    async fn lookup(
        &self,
        authorized: Authorized<scope::LicensesRead>,
        body: Body<LookupLicenseRequest, Wanted>,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let found = self.0.license_record_by_key(&authorized.caller.tenant, &body.command.0).await;
        Ok(Shown::new(&LicenseShape::at(&found.map_err(managed)?, self.0.clock().now())))
    }
}

impl Example for LookupLicenseRequest {
    fn example() -> Self {
        Self { key: examples::KEY.to_owned() }
    }
}
