//! `GET /v1/machines`

use licensing::{Licensing, MachineFilter};
use model::{LicenseId, MachineState};
use poem_openapi::OpenApi;

use super::{
    Tag,
    shape::{MachineList, MachineShape},
};
use crate::{
    http::{
        credential::{Authorized, scope},
        list::{self, ByCreation, Cursor, Limit},
        query::QueryParam,
        reply::Reply,
    },
    problem::{Problem, managed},
};

type ListReply = Reply<MachineList, 200>;

/// The operation.
pub(crate) struct ListMachines(pub(super) Licensing);

#[OpenApi]
impl ListMachines {
    /// List machines
    ///
    /// Those on which a license was deactivated included, unless `state` says otherwise.
    #[oai(path = "/v1/machines", method = "get", operation_id = "listMachines", tag = "Tag::Machines")]
    async fn list(
        &self,
        authorized: Authorized<scope::MachinesRead>,
        /// Only those of the license with this identifier.
        #[oai(name = "license")]
        license: QueryParam<LicenseId>,
        /// Only those in this state.
        #[oai(name = "state")]
        state: QueryParam<MachineState>,
        /// The most items that the answer has.
        #[oai(name = "limit")]
        limit: QueryParam<Limit>,
        /// Where to go on: the `next_cursor` of the answer before.
        #[oai(name = "cursor")]
        cursor: QueryParam<Cursor>,
        /// The order; with a hyphen in front, the newest come first.
        #[oai(name = "sort")]
        sort: QueryParam<ByCreation>,
    ) -> Result<ListReply, Problem> {
        let page = list::page(limit.0, cursor.0.as_ref(), sort.0)?;
        let filter = MachineFilter { license: license.0, state: state.0 };
        let found = self.0.machines(&authorized.caller.tenant, &filter, &page).await.map_err(managed)?;
        let (found, next) = list::cut(found, &page, |record| record.machine.id.uuid());
        let now = self.0.clock().now();
        let items = found.iter().map(|record| MachineShape::at(record, now)).collect();
        Ok(Reply::fresh(ListReply::render(&MachineList::new(items, next))))
    }
}
