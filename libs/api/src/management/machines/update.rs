//! `PATCH /v1/machines/{machine}`

use licensing::{Licensing, MachineChange};
use model::{MachineId, MachineName};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::MachineShape};
use crate::{
    http::{
        body::Body,
        credential::{Authorized, scope},
        if_match::IfMatch,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    management::wire,
    problem::{Problem, managed},
};

/// What is changed of a machine; what is absent stays as it is.
#[derive(Object)]
#[oai(rename = "UpdateMachineRequest", example, skip_serializing_if_is_none)]
pub(crate) struct UpdateMachineRequest {
    /// What it is called. An app that says another name when it activates again puts that in its place.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
    /// Members to take away: `name`.
    #[oai(validator(max_items = 1))]
    clear: Option<Vec<String>>,
}

impl Command for MachineChange {
    fn read(members: &mut Members) -> Option<Self> {
        let clear = members.clear(&["name"]);
        let name = members.optional("name", MachineName::parse);
        Some(Self { name: wire::changed(name?, clear?.contains(&"name")) })
    }
}

/// The operation.
pub(crate) struct UpdateMachine(pub(super) Licensing);

#[OpenApi]
impl UpdateMachine {
    /// Rename a machine
    #[oai(
        path = "/v1/machines/:machine",
        method = "patch",
        operation_id = "updateMachine",
        tag = "Tag::Machines"
    )]
    async fn update(
        &self,
        authorized: Authorized<scope::MachinesWrite>,
        /// The identifier of the machine.
        #[oai(name = "machine")]
        machine: PathParam<MachineId>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<UpdateMachineRequest, MachineChange>,
    ) -> Result<Shown<MachineShape>, Problem> {
        let caller = authorized.caller;
        let (tenant, call) = (&caller.tenant, &caller.call);
        let updated = self.0.update_machine(tenant, call, machine.0, body.command, &if_match.0).await;
        Ok(Shown::new(&MachineShape::at(&updated.map_err(managed)?, self.0.clock().now())))
    }
}

impl Example for UpdateMachineRequest {
    fn example() -> Self {
        Self { name: Some("Studio 3".to_owned()), clear: None }
    }
}
