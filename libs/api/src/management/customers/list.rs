//! `GET /v1/customers`

use licensing::{CustomerFilter, Licensing};
use model::{ClientKey, EmailAddress, Invalid};
use poem_openapi::{OpenApi, registry::MetaSchema};
use serde_json::json;

use super::{
    Tag,
    shape::{CustomerList, CustomerShape},
};
use crate::{
    http::{
        credential::{Authorized, scope},
        list::{self, ByCreation, Cursor, Limit},
        query::{QueryParam, QueryValue},
        reply::Reply,
    },
    problem::{Problem, managed},
};

type ListReply = Reply<CustomerList, 200>;

/// The email address of the customers that are listed.
pub(crate) struct WithEmail(EmailAddress);

impl QueryValue for WithEmail {
    fn read(text: &str) -> Result<Self, Invalid> {
        EmailAddress::parse(text).map(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(3),
            max_length: Some(254),
            example: Some(json!("it@northwind.example")),
            ..MetaSchema::new("string")
        }
    }
}

/// The client key of the customer that is listed.
pub(crate) struct WithClientKey(ClientKey);

impl QueryValue for WithClientKey {
    fn read(text: &str) -> Result<Self, Invalid> {
        ClientKey::parse(text).map(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(4),
            max_length: Some(64),
            example: Some(json!("7D2A90C4E1B35F68")),
            ..MetaSchema::new("string")
        }
    }
}

/// The number of the customer that is listed.
pub(crate) struct WithNumber(u32);

const MOST: u32 = i32::MAX as u32;

impl QueryValue for WithNumber {
    fn read(text: &str) -> Result<Self, Invalid> {
        let number = text.parse().ok().filter(|number| (1..=MOST).contains(number) && !text.starts_with('+'));
        number.map(Self).ok_or(Invalid::new("a whole number from 1 to 2147483647"))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            maximum: Some(f64::from(MOST)),
            example: Some(json!(1)),
            ..MetaSchema::new_with_format("integer", "int32")
        }
    }
}

/// The operation.
pub(crate) struct ListCustomers(pub(super) Licensing);

#[OpenApi]
impl ListCustomers {
    /// List customers
    ///
    /// With several filters, those for which all of them hold.
    #[oai(path = "/v1/customers", method = "get", operation_id = "listCustomers", tag = "Tag::Customers")]
    #[expect(clippy::too_many_arguments, reason = "one for each parameter")]
    async fn list(
        &self,
        authorized: Authorized<scope::CustomersRead>,
        /// Only customers with this email address, whatever the case of its letters.
        #[oai(name = "email")]
        email: QueryParam<WithEmail>,
        /// Only the customer with this client key.
        #[oai(name = "client_key")]
        client_key: QueryParam<WithClientKey>,
        /// Only the customer with this number.
        #[oai(name = "number")]
        number: QueryParam<WithNumber>,
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
        let filter = CustomerFilter {
            email: email.0.map(|email| email.0),
            client_key: client_key.0.map(|key| key.0),
            number: number.0.map(|number| number.0),
        };
        let found = self.0.customers(&authorized.caller.tenant, &filter, &page).await.map_err(managed)?;
        let (customers, next) = list::cut(found, &page, |customer| customer.id.uuid());
        let items = customers.iter().map(CustomerShape::from).collect();
        Ok(Reply::fresh(ListReply::render(&CustomerList::new(items, next))))
    }
}
