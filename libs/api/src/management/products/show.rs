//! `GET /v1/products/{product}`

use licensing::Licensing;
use model::ProductCode;
use poem_openapi::OpenApi;

use super::{Tag, shape::ProductShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct GetProduct(pub(super) Licensing);

#[OpenApi]
impl GetProduct {
    /// Get a product
    #[oai(path = "/v1/products/:product", method = "get", operation_id = "getProduct", tag = "Tag::Products")]
    async fn show(
        &self,
        authorized: Authorized<scope::ProductsRead>,
        /// The code of the product.
        #[oai(name = "product")]
        product: PathParam<ProductCode>,
    ) -> Result<Shown<ProductShape>, Problem> {
        let product = self.0.product(&authorized.caller.tenant, &product.0).await.map_err(managed)?;
        Ok(Shown::new(&(&product).into()))
    }
}
