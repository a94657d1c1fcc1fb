//! `PATCH /v1/products/{product}`

use std::collections::BTreeMap;

use licensing::{Licensing, ProductChange};
use model::{KeyFormat, Name, ProductCode};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::ProductShape};
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

/// What is changed of a product; what is absent stays as it is.
#[derive(Object)]
#[oai(rename = "UpdateProductRequest", example, skip_serializing_if_is_none)]
pub(crate) struct UpdateProductRequest {
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
    /// What people are told when something is refused.
    #[oai(validator(min_length = 1, max_length = 500))]
    support_message: Option<String>,
    /// How keys of its licenses are made from now on: `crockford_5x5` or `alphanumeric_4x4`.
    #[oai(validator(pattern = r"^(crockford_5x5|alphanumeric_4x4)$"))]
    key_format: Option<String>,
    /// What you keep with it, in place of what was there.
    metadata: Option<BTreeMap<String, String>>,
    /// Members to take away: `support_message`.
    #[oai(validator(max_items = 1))]
    clear: Option<Vec<String>>,
}

impl Command for ProductChange {
    fn read(members: &mut Members) -> Option<Self> {
        let clear = members.clear(&["support_message"]);
        let name = members.optional("name", Name::parse);
        let support_message = members.optional("support_message", wire::support_message);
        let key_format = members.optional("key_format", |text| KeyFormat::from_code(&text));
        let metadata = members.metadata();
        Some(Self {
            name: name?,
            support_message: wire::changed(support_message?, clear?.contains(&"support_message")),
            key_format: key_format?,
            metadata: metadata?,
        })
    }
}

/// The operation.
pub(crate) struct UpdateProduct(pub(super) Licensing);

#[OpenApi]
impl UpdateProduct {
    /// Change a product
    #[oai(
        path = "/v1/products/:product",
        method = "patch",
        operation_id = "updateProduct",
        tag = "Tag::Products"
    )]
    async fn update(
        &self,
        authorized: Authorized<scope::ProductsWrite>,
        /// The code of the product.
        #[oai(name = "product")]
        product: PathParam<ProductCode>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<UpdateProductRequest, ProductChange>,
    ) -> Result<Shown<ProductShape>, Problem> {
        let caller = authorized.caller;
        let (tenant, call) = (&caller.tenant, &caller.call);
        let updated = self.0.update_product(tenant, call, &product.0, body.command, &if_match.0).await;
        Ok(Shown::new(&(&updated.map_err(managed)?).into()))
    }
}

impl Example for UpdateProductRequest {
    fn example() -> Self {
        Self {
            name: Some("CAD Studio 2".to_owned()),
            support_message: None,
            key_format: None,
            metadata: Some(wire::metadata_example()),
            clear: Some(vec!["support_message".to_owned()]),
        }
    }
}
