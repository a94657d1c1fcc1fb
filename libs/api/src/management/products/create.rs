//! `POST /v1/products`

use std::collections::BTreeMap;

use licensing::{Licensing, NewProduct};
use model::{KeyFormat, Name, Product, ProductCode, ProductKey};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::ProductShape};
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

/// A product to make.
#[derive(Object)]
#[oai(rename = "CreateProductRequest", example, skip_serializing_if_is_none)]
pub(crate) struct CreateProductRequest {
    /// Its name in requests, and the `aud` of its leases. It does not change.
    #[oai(validator(min_length = 1, max_length = 64, pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    code: String,
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Its number for old clients; the next free one when absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "2147483647")))]
    number: Option<u32>,
    /// What people are told when something is refused.
    #[oai(validator(min_length = 1, max_length = 500))]
    support_message: Option<String>,
    /// Its key for old clients; made up when absent.
    #[oai(validator(min_length = 4, max_length = 128, pattern = r"^[!-~]*$"))]
    product_key: Option<String>,
    /// How keys of its licenses are made: `crockford_5x5` (the default) or `alphanumeric_4x4`.
    #[oai(validator(pattern = r"^(crockford_5x5|alphanumeric_4x4)$"))]
    key_format: Option<String>,
    /// What you keep with it: at most 50 names of 1 to 64 characters, with texts of at most 500 characters.
    metadata: Option<BTreeMap<String, String>>,
}

impl Command for NewProduct {
    fn read(members: &mut Members) -> Option<Self> {
        let code = members.required("code", ProductCode::parse);
        let name = members.required("name", Name::parse);
        let number = members.number("number", 1..=i64::from(i32::MAX));
        let support_message = members.optional("support_message", wire::support_message);
        let product_key = members.optional("product_key", ProductKey::parse);
        let key_format = members.optional("key_format", |text| KeyFormat::from_code(&text));
        let metadata = members.metadata();
        Some(Self {
            code: code?,
            name: name?,
            number: number?,
            support_message: support_message?,
            product_key: product_key?,
            key_format: key_format?.unwrap_or_default(),
            metadata: metadata?.unwrap_or_default(),
        })
    }
}

/// The operation.
pub(crate) struct CreateProduct(pub(super) Licensing);

#[OpenApi]
impl CreateProduct {
    /// Make a product
    #[oai(path = "/v1/products", method = "post", operation_id = "createProduct", tag = "Tag::Products")]
    async fn create(
        &self,
        authorized: Authorized<scope::ProductsWrite>,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<CreateProductRequest, NewProduct>,
    ) -> Result<Created<ProductShape>, Problem> {
        let caller = authorized.caller;
        let render = |decision: &_| {
            caller.render(decision, |made: &Product| Created::<ProductShape>::render(&made.into()))
        };
        let idempotency = idempotency_key.of(body.identity("createProduct"), &render);
        let made = self.0.create_product_once(&caller.tenant, &caller.call, body.command, idempotency).await;
        Ok(Created::of(made.map_err(in_body)?, render, &caller))
    }
}

impl Example for CreateProductRequest {
    fn example() -> Self {
        Self {
            code: "cad".to_owned(),
            name: "CAD Studio".to_owned(),
            number: None,
            support_message: Some("Write to support@example.com.".to_owned()),
            product_key: None,
            key_format: Some("crockford_5x5".to_owned()),
            metadata: Some(wire::metadata_example()),
        }
    }
}
