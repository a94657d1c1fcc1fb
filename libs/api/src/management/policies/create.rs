//! `POST /v1/policies`

use std::collections::BTreeMap;

use licensing::{Licensing, NewPolicy, PolicyRecord, RulesChange};
use model::{Name, PolicyCode, PolicyRules, ProductCode};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::PolicyShape};
use crate::{
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

/// A policy to make. What is absent is as in a perpetual license with one seat.
#[derive(Object)]
#[oai(rename = "CreatePolicyRequest", example, skip_serializing_if_is_none)]
pub(crate) struct CreatePolicyRequest {
    /// The code of the product whose licenses it is for. It does not change.
    #[oai(validator(min_length = 1, max_length = 64, pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    product: String,
    /// Its name in requests and tokens, unique among all your policies. It does not change.
    #[oai(validator(min_length = 1, max_length = 64, pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    code: String,
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// How long a license runs: an ISO 8601 duration such as `P1Y` or `P30D`; for ever, when absent.
    #[oai(validator(min_length = 3, max_length = 64))]
    term: Option<String>,
    /// What starts the term: `first_activation` or `creation` of the license.
    #[oai(validator(pattern = r"^(first_activation|creation)$"))]
    term_starts: Option<String>,
    /// Machines at a time; −1 for any number.
    #[oai(validator(minimum(value = "-1"), maximum(value = "4294967295")))]
    seats: Option<i64>,
    /// How a seat is held: `node_locked`, until the machine is deactivated, or `floating`, while its lease lives.
    #[oai(validator(pattern = r"^(node_locked|floating)$"))]
    seat_kind: Option<String>,
    /// How far activation may go beyond the seats, in percent of them.
    #[oai(validator(minimum(value = "0"), maximum(value = "1000")))]
    overage_percent: Option<u16>,
    /// Activations ever; −1 for any number.
    #[oai(validator(minimum(value = "-1"), maximum(value = "4294967295")))]
    activation_limit: Option<i64>,
    /// Deactivations ever by apps; −1 for any number. You may always deactivate.
    #[oai(validator(minimum(value = "-1"), maximum(value = "4294967295")))]
    deactivation_limit: Option<i64>,
    /// Whether activation must name the customer, and binds the license to it.
    requires_customer: Option<bool>,
    /// Lifetime of a lease.
    #[oai(validator(minimum(value = "60"), maximum(value = "316224000")))]
    lease_seconds: Option<u32>,
    /// When the app should come back; at most `lease_seconds`.
    #[oai(validator(minimum(value = "1"), maximum(value = "316224000")))]
    refresh_seconds: Option<u32>,
    /// How long an expired lease is still tolerated by the app.
    #[oai(validator(minimum(value = "0"), maximum(value = "31622400")))]
    grace_seconds: Option<u32>,
    /// Lifetime of a lease made by offline activation.
    #[oai(validator(minimum(value = "60"), maximum(value = "316224000")))]
    offline_lease_seconds: Option<u32>,
    /// Whether its licenses and leases are marked as a trial.
    trial: Option<bool>,
    /// What its licenses give, by the codes of features: at most 64, with at most 2,000 bytes of codes and values.
    entitlements: Option<BTreeMap<String, SetEntitlementRequest>>,
    /// What you keep with it: at most 50 names of 1 to 64 characters, with texts of at most 500 characters.
    metadata: Option<BTreeMap<String, String>>,
}

impl Command for NewPolicy {
    fn read(members: &mut Members) -> Option<Self> {
        let product = members.required("product", ProductCode::parse);
        let code = members.required("code", PolicyCode::parse);
        let name = members.required("name", Name::parse);
        let rules = RulesChange::read(members);
        let metadata = members.metadata();
        Some(Self {
            product: product?,
            code: code?,
            name: name?,
            rules: rules?.apply(PolicyRules::default()),
            metadata: metadata?.unwrap_or_default(),
        })
    }
}

/// The operation.
pub(crate) struct CreatePolicy(pub(super) Licensing);

#[OpenApi]
impl CreatePolicy {
    /// Make a policy
    ///
    /// A template for licenses of one product.
    #[oai(path = "/v1/policies", method = "post", operation_id = "createPolicy", tag = "Tag::Policies")]
    async fn create(
        &self,
        authorized: Authorized<scope::ProductsWrite>,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<CreatePolicyRequest, NewPolicy>,
    ) -> Result<Created<PolicyShape>, Problem> {
        let caller = authorized.caller;
        let render = |decision: &_| {
            caller.render(decision, |made: &PolicyRecord| Created::<PolicyShape>::render(&made.into()))
        };
        let idempotency = idempotency_key.of(body.identity("createPolicy"), &render);
        let made = self.0.create_policy_once(&caller.tenant, &caller.call, body.command, idempotency).await;
        Ok(Created::of(made.map_err(in_body)?, render, &caller))
    }
}

impl Example for CreatePolicyRequest {
    fn example() -> Self {
        Self {
            product: "cad".to_owned(),
            code: "cad-pro".to_owned(),
            name: "CAD Studio Pro, one year".to_owned(),
            term: Some("P1Y".to_owned()),
            term_starts: Some("first_activation".to_owned()),
            seats: Some(3),
            seat_kind: Some("node_locked".to_owned()),
            overage_percent: Some(0),
            activation_limit: Some(-1),
            deactivation_limit: Some(10),
            requires_customer: Some(false),
            lease_seconds: Some(1_209_600),
            refresh_seconds: Some(86_400),
            grace_seconds: Some(259_200),
            offline_lease_seconds: Some(31_536_000),
            trial: Some(false),
            entitlements: Some(entitlements::request_example()),
            metadata: Some(wire::metadata_example()),
        }
    }
}
