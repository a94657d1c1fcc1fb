//! `GET /v1/machines/{machine}`

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
pub(crate) struct GetMachine(pub(super) Licensing);

#[OpenApi]
impl GetMachine {
    /// Get a machine
    #[oai(path = "/v1/machines/:machine", method = "get", operation_id = "getMachine", tag = "Tag::Machines")]
    async fn show(
        &self,
        authorized: Authorized<scope::MachinesRead>,
        /// The identifier of the machine.
        #[oai(name = "machine")]
        machine: PathParam<MachineId>,
    ) -> Result<Shown<MachineShape>, Problem> {
        let record = self.0.machine(&authorized.caller.tenant, machine.0).await.map_err(managed)?;
        Ok(Shown::new(&MachineShape::at(&record, self.0.clock().now())))
    }
}
