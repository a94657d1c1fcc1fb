//! `DELETE /v1/customers/{customer}`

use licensing::Licensing;
use model::CustomerId;
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
pub(crate) struct DeleteCustomer(pub(super) Licensing);

#[OpenApi]
impl DeleteCustomer {
    /// Delete a customer
    ///
    /// Only one that has no licenses.
    #[oai(
        path = "/v1/customers/:customer",
        method = "delete",
        operation_id = "deleteCustomer",
        tag = "Tag::Customers"
    )]
    async fn delete(
        &self,
        authorized: Authorized<scope::CustomersWrite>,
        /// The identifier of the customer.
        #[oai(name = "customer")]
        customer: PathParam<CustomerId>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is deleted.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
    ) -> Result<NoContent, Problem> {
        let caller = authorized.caller;
        let deleted = self.0.delete_customer(&caller.tenant, &caller.call, customer.0, &if_match.0).await;
        deleted.map(|()| NoContent).map_err(managed)
    }
}
