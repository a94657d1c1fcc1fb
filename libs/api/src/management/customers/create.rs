//! `POST /v1/customers`

use std::collections::BTreeMap;

use licensing::{Licensing, NewCustomer};
use model::{ClientKey, Customer, EmailAddress, Name};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::CustomerShape};
use crate::{
    http::{
        body::Body,
        credential::{Authorized, scope},
        idempotency::IdempotencyHeader,
        members::{Command, Members},
        resource::Created,
    },
    management::wire,
    problem::{Problem, in_body},
};

/// A customer to make.
#[derive(Object)]
#[oai(rename = "CreateCustomerRequest", example, skip_serializing_if_is_none)]
pub(crate) struct CreateCustomerRequest {
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Where to write to it.
    #[oai(validator(min_length = 3, max_length = 254))]
    email: Option<String>,
    /// Its number for old clients; the next free one when absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "2147483647")))]
    number: Option<u32>,
    /// The key by which apps name it; made up when absent. It does not change.
    #[oai(validator(min_length = 4, max_length = 64))]
    client_key: Option<String>,
    /// What you keep with it: at most 50 names of 1 to 64 characters, with texts of at most 500 characters.
    metadata: Option<BTreeMap<String, String>>,
}

impl Command for NewCustomer {
    fn read(members: &mut Members) -> Option<Self> {
        let name = members.required("name", Name::parse);
        let email = members.optional("email", EmailAddress::parse);
        let number = members.number("number", 1..=i64::from(i32::MAX));
        let client_key = members.optional("client_key", ClientKey::parse);
        let metadata = members.metadata();
        Some(Self {
            name: name?,
            email: email?,
            number: number?,
            client_key: client_key?,
            metadata: metadata?.unwrap_or_default(),
        })
    }
}

/// The operation.
pub(crate) struct CreateCustomer(pub(super) Licensing);

#[OpenApi]
impl CreateCustomer {
    /// Make a customer
    #[oai(path = "/v1/customers", method = "post", operation_id = "createCustomer", tag = "Tag::Customers")]
    async fn create(
        &self,
        authorized: Authorized<scope::CustomersWrite>,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<CreateCustomerRequest, NewCustomer>,
    ) -> Result<Created<CustomerShape>, Problem> {
        let caller = authorized.caller;
        let render = |decision: &_| {
            caller.render(decision, |made: &Customer| Created::<CustomerShape>::render(&made.into()))
        };
        let idempotency = idempotency_key.of(body.identity("createCustomer"), &render);
        let made = self.0.create_customer_once(&caller.tenant, &caller.call, body.command, idempotency).await;
        Ok(Created::of(made.map_err(in_body)?, render, &caller))
    }
}

impl Example for CreateCustomerRequest {
    fn example() -> Self {
        Self {
            name: "Northwind Design".to_owned(),
            email: Some("it@northwind.example".to_owned()),
            number: None,
            client_key: None,
            metadata: Some(wire::metadata_example()),
        }
    }
}
