//! `POST /v1/machines/{machine}/deactivate`

use licensing::Licensing;
use model::MachineId;
use poem_openapi::OpenApi;

use super::{Tag, shape::MachineShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct DeactivateMachine(pub(super) Licensing);

#[OpenApi]
impl DeactivateMachine {
    /// Deactivate a license on a machine
    ///
    /// Frees its seat, whatever the state of the license, and uses up none of the deactivations that its app has. The app
    /// learns of it at its next check; until its lease ends, it may run offline. Doing it again changes nothing.
    #[oai(
        path = "/v1/machines/:machine/deactivate",
        method = "post",
        operation_id = "deactivateMachine",
        tag = "Tag::Machines"
    )]
    async fn deactivate(
        &self,
        authorized: Authorized<scope::MachinesWrite>,
        /// The identifier of the machine.
        #[oai(name = "machine")]
        machine: PathParam<MachineId>,
    ) -> Result<Shown<MachineShape>, Problem> {
        let caller = authorized.caller;
        let done = self.0.deactivate_machine(&caller.tenant, &caller.call, machine.0).await;
        Ok(Shown::new(&MachineShape::at(&done.map_err(managed)?, self.0.clock().now())))
    }
}
