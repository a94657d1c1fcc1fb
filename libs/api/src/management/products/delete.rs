//! `DELETE /v1/products/{product}`

use licensing::Licensing;
use model::ProductCode;
use poem_openapi::OpenApi;

use super::Tag;
use crate::{
    http::{
        credential::{Authorized, scope},
        if_match::IfMatch,
        path::PathParam,
        resource::NoContent,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct DeleteProduct(pub(super) Licensing);

#[OpenApi]
impl DeleteProduct {
    /// Delete a product
    ///
    /// Only one that has no policies.
    #[oai(
        path = "/v1/products/:product",
        method = "delete",
        operation_id = "deleteProduct",
        tag = "Tag::Products"
    )]
    async fn delete(
        &self,
        authorized: Authorized<scope::ProductsWrite>,
        /// The code of the product.
        #[oai(name = "product")]
        product: PathParam<ProductCode>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is deleted.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
    ) -> Result<NoContent, Problem> {
        let caller = authorized.caller;
        let deleted = self.0.delete_product(&caller.tenant, &caller.call, &product.0, &if_match.0).await;
        deleted.map(|()| NoContent).map_err(managed)
    }
}
