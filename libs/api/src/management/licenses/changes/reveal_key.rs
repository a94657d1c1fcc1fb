//! `POST /v1/licenses/{license}/reveal-key`

use licensing::Licensing;
use model::LicenseId;
use poem_openapi::{Object, OpenApi, types::Example};
use serde::Serialize;

use super::Tag;
use crate::{
    client::{shapes::examples, wire::Id},
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        reply::Reply,
    },
    problem::{Problem, managed},
};

/// A license with its key.
#[derive(Object, Serialize)]
#[oai(rename = "RevealedLicenseKey", example, skip_serializing_if_is_none)]
pub(crate) struct RevealedLicenseKey {
    /// The identifier of the license.
    id: Id,
    /// Its key, as it was made or imported.
    key: String,
}

type RevealReply = Reply<RevealedLicenseKey, 200>;

/// The operation.
pub(crate) struct RevealLicenseKey(pub(super) Licensing);

#[OpenApi]
impl RevealLicenseKey {
    /// Show the key of a license
    ///
    /// Who saw it is written to the audit log. The answer is not to be stored by anything on the way.
    #[oai(
        path = "/v1/licenses/:license/reveal-key",
        method = "post",
        operation_id = "revealLicenseKey",
        tag = "Tag::Licenses"
    )]
    async fn reveal(
        &self,
        authorized: Authorized<scope::LicensesReveal>,
        /// The identifier of the license.
        #[oai(name = "license")]
        license: PathParam<LicenseId>,
    ) -> Result<RevealReply, Problem> {
        let (tenant, call) = (&authorized.caller.tenant, &authorized.caller.call);
        let key = self.0.reveal_license_key(tenant, call, license.0).await.map_err(managed)?;
        let revealed = RevealedLicenseKey { id: license.0.into(), key: key.reveal().to_owned() };
        Ok(Reply::fresh(RevealReply::render(&revealed)))
    }
}

impl Example for RevealedLicenseKey {
    fn example() -> Self {
        Self { id: examples::LICENSE_ID.into(), key: examples::KEY.to_owned() }
    }
}
