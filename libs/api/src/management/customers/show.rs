//! `GET /v1/customers/{customer}`

use licensing::Licensing;
use model::CustomerId;
use poem_openapi::OpenApi;

use super::{Tag, shape::CustomerShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct GetCustomer(pub(super) Licensing);

#[OpenApi]
impl GetCustomer {
    /// Get a customer
    #[oai(
        path = "/v1/customers/:customer",
        method = "get",
        operation_id = "getCustomer",
        tag = "Tag::Customers"
    )]
    async fn show(
        &self,
        authorized: Authorized<scope::CustomersRead>,
        /// The identifier of the customer.
        #[oai(name = "customer")]
        customer: PathParam<CustomerId>,
    ) -> Result<Shown<CustomerShape>, Problem> {
        let customer = self.0.customer(&authorized.caller.tenant, customer.0).await.map_err(managed)?;
        Ok(Shown::new(&(&customer).into()))
    }
}
