//! `GET /v1/settings`

use licensing::Licensing;
use poem_openapi::OpenApi;

use super::{Tag, shape::SettingsShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct GetSettings(pub(super) Licensing);

#[OpenApi]
impl GetSettings {
    /// Get the settings
    #[oai(path = "/v1/settings", method = "get", operation_id = "getSettings", tag = "Tag::Settings")]
    async fn show(
        &self,
        authorized: Authorized<scope::SettingsRead>,
    ) -> Result<Shown<SettingsShape>, Problem> {
        let settings = self.0.settings(&authorized.caller.tenant).await.map_err(managed)?;
        Ok(Shown::new(&(&settings).into()))
    }
}
