//! `PATCH /v1/customers/{customer}`

use std::collections::BTreeMap;

use licensing::{CustomerChange, Licensing};
use model::{CustomerId, EmailAddress, Name};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::CustomerShape};
use crate::{
    http::{
        body::Body,
        credential::{Authorized, scope},
        if_match::IfMatch,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    management::wire,
    problem::{Problem, managed},
};

/// What is changed of a customer; what is absent stays as it is.
#[derive(Object)]
#[oai(rename = "UpdateCustomerRequest", example, skip_serializing_if_is_none)]
pub(crate) struct UpdateCustomerRequest {
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
    /// Where to write to it.
    #[oai(validator(min_length = 3, max_length = 254))]
    email: Option<String>,
    /// What you keep with it, in place of what was there.
    metadata: Option<BTreeMap<String, String>>,
    /// Members to take away: `email`.
    #[oai(validator(max_items = 1))]
    clear: Option<Vec<String>>,
}

impl Command for CustomerChange {
    fn read(members: &mut Members) -> Option<Self> {
        let clear = members.clear(&["email"]);
        let name = members.optional("name", Name::parse);
        let email = members.optional("email", EmailAddress::parse);
        let metadata = members.metadata();
        Some(Self {
            name: name?,
            email: wire::changed(email?, clear?.contains(&"email")),
            metadata: metadata?,
        })
    }
}

/// The operation.
pub(crate) struct UpdateCustomer(pub(super) Licensing);

#[OpenApi]
impl UpdateCustomer {
    /// Change a customer
    ///
    /// Its client key stays, since apps have it.
    #[oai(
        path = "/v1/customers/:customer",
        method = "patch",
        operation_id = "updateCustomer",
        tag = "Tag::Customers"
    )]
    async fn update(
        &self,
        authorized: Authorized<scope::CustomersWrite>,
        /// The identifier of the customer.
        #[oai(name = "customer")]
        customer: PathParam<CustomerId>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<UpdateCustomerRequest, CustomerChange>,
    ) -> Result<Shown<CustomerShape>, Problem> {
        let caller = authorized.caller;
        let (tenant, call) = (&caller.tenant, &caller.call);
        let updated = self.0.update_customer(tenant, call, customer.0, body.command, &if_match.0).await;
        Ok(Shown::new(&(&updated.map_err(managed)?).into()))
    }
}

impl Example for UpdateCustomerRequest {
    fn example() -> Self {
        Self {
            name: Some("Northwind Design Ltd".to_owned()),
            email: None,
            metadata: Some(wire::metadata_example()),
            clear: Some(vec!["email".to_owned()]),
        }
    }
}
