//! `POST /v1/licenses`

use std::collections::BTreeMap;

use licensing::{CustomerName, Licensing, MadeLicense, NewLicense};
use model::{CustomerId, LicenseKey, Memo, Overrides, PolicyCode};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::CreatedLicense};
use crate::{
    client::wire::{Id, Instant},
    http::{
        body::Body,
        credential::{Authorized, scope},
        idempotency::IdempotencyHeader,
        members::{Command, Members},
        resource::Created,
    },
    management::{
        entitlements::{self, SetEntitlementRequest},
        wire,
    },
    problem::{Problem, in_body},
};

/// A license to make.
#[derive(Object)]
#[oai(rename = "CreateLicenseRequest", example, skip_serializing_if_is_none)]
pub(crate) struct CreateLicenseRequest {
    /// The code of its policy.
    #[oai(validator(min_length = 1, max_length = 64, pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    policy: String,
    /// The identifier of the customer that it belongs to; can come later, with the first activation.
    customer: Option<Id>,
    /// Its key, where it comes from elsewhere; made in the product's format when absent.
    #[oai(validator(min_length = 4, max_length = 255, pattern = "^[ -~]*$"))]
    key: Option<String>,
    /// Machines on which it may be active at a time; −1 is any number; as the policy says, when absent.
    #[oai(validator(minimum(value = "-1"), maximum(value = "4294967295")))]
    seats: Option<i64>,
    /// Activations ever; −1 is any number; as the policy says, when absent.
    #[oai(validator(minimum(value = "-1"), maximum(value = "4294967295")))]
    activation_limit: Option<i64>,
    /// Entitlements over those of the policy, by their codes.
    entitlements: Option<BTreeMap<String, SetEntitlementRequest>>,
    /// The first instant at which it is expired, whatever the term of its policy; as the policy says, when absent.
    expires_at: Option<Instant>,
    /// What you note on it.
    #[oai(validator(min_length = 1, max_length = 1000))]
    memo: Option<String>,
    /// What you keep with it: at most 50 names of 1 to 64 characters, with texts of at most 500 characters.
    metadata: Option<BTreeMap<String, String>>,
}

impl Command for NewLicense {
    fn read(members: &mut Members) -> Option<Self> {
        let policy = members.required("policy", PolicyCode::parse);
        let customer = members.optional("customer", |text| text.parse::<CustomerId>());
        let key = members.optional("key", |text| LicenseKey::parse(&text));
        let seats = members.limit("seats");
        let activation_limit = members.limit("activation_limit");
        let entitlements = entitlements::read(members);
        let expires_at = members.instant("expires_at");
        let memo = members.optional("memo", Memo::parse);
        let metadata = members.metadata();
        Some(Self {
            policy: policy?,
            customer: customer?.map(CustomerName::Id),
            key: key?,
            overrides: Overrides {
                seats: seats?,
                activation_limit: activation_limit?,
                entitlements: entitlements?.unwrap_or_default(),
            },
            expires_at: expires_at?,
            memo: memo?,
            metadata: metadata?.unwrap_or_default(),
        })
    }
}

/// The operation.
pub(crate) struct CreateLicense(pub(super) Licensing);

#[OpenApi]
impl CreateLicense {
    /// Make a license
    ///
    /// The answer has its key, this once.
    #[oai(path = "/v1/licenses", method = "post", operation_id = "createLicense", tag = "Tag::Licenses")]
    async fn create(
        &self,
        authorized: Authorized<scope::LicensesWrite>,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<CreateLicenseRequest, NewLicense>,
    ) -> Result<Created<CreatedLicense>, Problem> {
        let caller = authorized.caller;
        let now = self.0.clock().now();
        let render = |decision: &_| {
            caller.render(decision, |made: &MadeLicense| {
                Created::<CreatedLicense>::render(&CreatedLicense::at(made, now))
            })
        };
        let idempotency = idempotency_key.of(body.identity("createLicense"), &render);
        let made = self.0.create_license_once(&caller.tenant, &caller.call, body.command, idempotency).await;
        Ok(Created::of(made.map_err(in_body)?, render, &caller))
    }
}

impl Example for CreateLicenseRequest {
    fn example() -> Self {
        Self {
            policy: "cad-pro".to_owned(),
            customer: Some("0196a1c4-0a92-7d11-9c3e-5f4e3d2c1b0a".into()),
            key: None,
            seats: Some(3),
            activation_limit: None,
            entitlements: Some(BTreeMap::from([("layers".to_owned(), Example::example())])),
            expires_at: Some("2027-03-01T12:00:00Z".into()),
            memo: Some("Paid by bank transfer.".to_owned()),
            metadata: Some(wire::metadata_example()),
        }
    }
}
