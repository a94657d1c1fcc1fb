//! `POST /v1/api-keys`

use licensing::{Licensing, NewApiKey};
use model::{ApiKey, ApiKeyToken, Name, Scope, Scopes};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::CreatedApiKey};
use crate::{
    http::{
        body::Body,
        credential::{Authorized, scope},
        idempotency::IdempotencyHeader,
        members::{Command, Members},
        resource::Created,
    },
    problem::{Fault, Problem, in_body},
};

/// An API key to make.
#[derive(Object)]
#[oai(rename = "CreateApiKeyRequest", example, skip_serializing_if_is_none)]
pub(crate) struct CreateApiKeyRequest {
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// What it may do: `products:read`, `products:write`, `customers:read`, `customers:write`, `licenses:read`,
    /// `licenses:write`, `licenses:reveal`, `machines:read`, `machines:write`, `events:read`, `usage:read`,
    /// `api_keys:read`, `api_keys:write`, `signing_keys:read`, `signing_keys:write`, `settings:read`, `settings:write`,
    /// or `admin` for everything. Nothing that your own key may not.
    #[oai(validator(min_items = 1, max_items = 18))]
    scopes: Vec<String>,
    /// The first instant at which it counts no more; never, when absent.
    expires_at: Option<crate::client::wire::Instant>,
}

impl Command for NewApiKey {
    fn read(members: &mut Members) -> Option<Self> {
        let name = members.required("name", Name::parse);
        let scopes = members.required_list("scopes", Scope::ALL.len(), |text| Scope::from_code(&text));
        let expires_at = members.instant("expires_at");
        Some(Self { name: name?, scopes: Scopes::new(scopes?).ok()?, expires_at: expires_at? })
    }
}

/// The operation.
pub(crate) struct CreateApiKey(pub(super) Licensing);

#[OpenApi]
impl CreateApiKey {
    /// Make an API key
    ///
    /// The answer has the key with its secret, this once.
    #[oai(path = "/v1/api-keys", method = "post", operation_id = "createApiKey", tag = "Tag::ApiKeys")]
    async fn create(
        &self,
        authorized: Authorized<scope::ApiKeysWrite>,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<CreateApiKeyRequest, NewApiKey>,
    ) -> Result<Created<CreatedApiKey>, Problem> {
        if !authorized.key.scopes.cover(&body.command.scopes) {
            return Err(Problem::new(Fault::InsufficientScope)
                .detail("An API key can be given only what the key that makes it has."));
        }
        let caller = authorized.caller;
        let render = |decision: &_| {
            caller.render(decision, |made: &(ApiKey, ApiKeyToken)| {
                Created::<CreatedApiKey>::render(&made.into())
            })
        };
        let idempotency = idempotency_key.of(body.identity("createApiKey"), &render);
        let made = self.0.create_api_key_once(&caller.tenant, &caller.call, body.command, idempotency).await;
        Ok(Created::of(made.map_err(in_body)?, render, &caller))
    }
}

impl Example for CreateApiKeyRequest {
    fn example() -> Self {
        Self {
            name: "web shop".to_owned(),
            scopes: [Scope::CustomersWrite, Scope::LicensesWrite].map(|scope| scope.code().to_owned()).into(),
            expires_at: Some("2097-03-01T12:00:00Z".into()),
        }
    }
}
