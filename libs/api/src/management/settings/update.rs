//! `PATCH /v1/settings`

use licensing::{Licensing, SettingsChange};
use model::Name;
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::SettingsShape};
use crate::{
    http::{
        body::Body,
        credential::{Authorized, scope},
        if_match::IfMatch,
        members::{Command, Members},
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// What is changed of the settings; what is absent stays as it is.
#[derive(Object)]
#[oai(rename = "UpdateSettingsRequest", example, skip_serializing_if_is_none)]
pub(crate) struct UpdateSettingsRequest {
    /// The name of the tenant for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
    /// Whether each check is an event `license.check` in the audit log.
    checks_are_events: Option<bool>,
}

impl Command for SettingsChange {
    fn read(members: &mut Members) -> Option<Self> {
        let name = members.optional("name", Name::parse);
        let checks_are_events = members.flag("checks_are_events");
        Some(Self { name: name?, checks_are_events: checks_are_events? })
    }
}

/// The operation.
pub(crate) struct UpdateSettings(pub(super) Licensing);

#[OpenApi]
impl UpdateSettings {
    /// Change the settings
    ///
    /// They count from the next request on.
    #[oai(path = "/v1/settings", method = "patch", operation_id = "updateSettings", tag = "Tag::Settings")]
    async fn update(
        &self,
        authorized: Authorized<scope::SettingsWrite>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<UpdateSettingsRequest, SettingsChange>,
    ) -> Result<Shown<SettingsShape>, Problem> {
        let caller = authorized.caller;
        let updated = self.0.update_settings(&caller.tenant, &caller.call, body.command, &if_match.0).await;
        Ok(Shown::new(&(&updated.map_err(managed)?).into()))
    }
}

impl Example for UpdateSettingsRequest {
    fn example() -> Self {
        Self { name: Some("Acme Software".to_owned()), checks_are_events: Some(true) }
    }
}
