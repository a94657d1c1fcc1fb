//! `GET /v1/products`

use licensing::Licensing;
use poem_openapi::OpenApi;

use super::{
    Tag,
    shape::{ProductList, ProductShape},
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

type ListReply = Reply<ProductList, 200>;

/// The operation.
pub(crate) struct ListProducts(pub(super) Licensing);

#[OpenApi]
impl ListProducts {
    /// List products
    #[oai(path = "/v1/products", method = "get", operation_id = "listProducts", tag = "Tag::Products")]
    async fn list(
        &self,
        authorized: Authorized<scope::ProductsRead>,
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
        let products = self.0.products(&authorized.caller.tenant, &page).await.map_err(managed)?;
        let (products, next) = list::cut(products, &page, |product| product.id.uuid());
        let items = products.iter().map(ProductShape::from).collect();
        Ok(Reply::fresh(ListReply::render(&ProductList::new(items, next))))
    }
}
