//! `GET /v1/tenants`

use licensing::Licensing;
use poem_openapi::OpenApi;

use super::{
    Tag,
    operator::Operator,
    shape::{TenantList, TenantShape},
};
use crate::{
    http::{
        list::{self, ByCreation, Cursor, Limit},
        query::QueryParam,
        reply::Reply,
    },
    problem::{Problem, managed},
};

type ListReply = Reply<TenantList, 200>;

/// The operation.
pub(crate) struct ListTenants(pub(super) Licensing);

#[OpenApi]
impl ListTenants {
    /// List tenants
    ///
    /// Those that are suspended or to be deleted included.
    #[oai(path = "/v1/tenants", method = "get", operation_id = "listTenants", tag = "Tag::Tenants")]
    async fn list(
        &self,
        _operator: Operator,
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
        let tenants = self.0.hosted_tenants(&page).await.map_err(managed)?;
        let (tenants, next) = list::cut(tenants, &page, |hosted| hosted.tenant.id.uuid());
        let items = tenants.iter().map(TenantShape::from).collect();
        Ok(Reply::fresh(ListReply::render(&TenantList::new(items, next))))
    }
}
