//! `GET /v1/policies`

use licensing::Licensing;
use model::ProductCode;
use poem_openapi::OpenApi;

use super::{
    Tag,
    shape::{PolicyList, PolicyShape},
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

type ListReply = Reply<PolicyList, 200>;

/// The operation.
pub(crate) struct ListPolicies(pub(super) Licensing);

#[OpenApi]
impl ListPolicies {
    /// List policies
    #[oai(path = "/v1/policies", method = "get", operation_id = "listPolicies", tag = "Tag::Policies")]
    async fn list(
        &self,
        authorized: Authorized<scope::ProductsRead>,
        /// The code of a product: only its policies are listed.
        #[oai(name = "product")]
        product: QueryParam<ProductCode>,
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
        let product = product.0;
        let found = self.0.policies(&authorized.caller.tenant, product.as_ref(), &page).await;
        let (policies, next) = list::cut(found.map_err(managed)?, &page, |record| record.policy.id.uuid());
        let items = policies.iter().map(PolicyShape::from).collect();
        Ok(Reply::fresh(ListReply::render(&PolicyList::new(items, next))))
    }
}
