//! `GET /v1/api-keys`

use licensing::Licensing;
use poem_openapi::OpenApi;

use super::{
    Tag,
    shape::{ApiKeyList, ApiKeyShape},
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

type ListReply = Reply<ApiKeyList, 200>;

/// The operation.
pub(crate) struct ListApiKeys(pub(super) Licensing);

#[OpenApi]
impl ListApiKeys {
    /// List API keys
    ///
    /// Those that have expired or are revoked included.
    #[oai(path = "/v1/api-keys", method = "get", operation_id = "listApiKeys", tag = "Tag::ApiKeys")]
    async fn list(
        &self,
        authorized: Authorized<scope::ApiKeysRead>,
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
        let keys = self.0.api_keys(&authorized.caller.tenant, &page).await.map_err(managed)?;
        let (keys, next) = list::cut(keys, &page, |key| key.id.uuid());
        let items = keys.iter().map(ApiKeyShape::from).collect();
        Ok(Reply::fresh(ListReply::render(&ApiKeyList::new(items, next))))
    }
}
