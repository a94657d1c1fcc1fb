//! `PATCH /v1/policies/{policy}`

use std::collections::BTreeMap;

use licensing::{Licensing, PolicyChange, RulesChange};
use model::{Name, PolicyCode};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::PolicyShape};
use crate::{
    http::{
        body::Body,
        credential::{Authorized, scope},
        if_match::IfMatch,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    management::entitlements::{self, SetEntitlementRequest},
    problem::{Problem, managed},
};

/// What is changed of a policy; what is absent stays as it is.
#[derive(Object)]
#[oai(rename = "UpdatePolicyRequest", example, skip_serializing_if_is_none)]
pub(crate) struct UpdatePolicyRequest {
    /// Its name for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
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
    /// What its licenses give, by the codes of features: at most 64, with at most 2,000 bytes of codes and values. In
    /// place of all that were there.
    entitlements: Option<BTreeMap<String, SetEntitlementRequest>>,
    /// What you keep with it, in place of what was there: at most 50 names of 1 to 64 characters, with texts of at most 500 characters.
    metadata: Option<BTreeMap<String, String>>,
    /// Members to take away: `term`.
    #[oai(validator(max_items = 1))]
    clear: Option<Vec<String>>,
}

impl Command for PolicyChange {
    fn read(members: &mut Members) -> Option<Self> {
        let clear = members.clear(&["term"]);
        let name = members.optional("name", Name::parse);
        let rules = RulesChange::read(members);
        let metadata = members.metadata();
        let mut rules = rules?;
        if clear?.contains(&"term") {
            rules.term = Some(None);
        }
        Some(Self { name: name?, rules, metadata: metadata? })
    }
}

/// The operation.
pub(crate) struct UpdatePolicy(pub(super) Licensing);

#[OpenApi]
impl UpdatePolicy {
    /// Change a policy
    ///
    /// Its licenses are given what it says from their next check, activation or refresh on, unless they have a value of
    /// their own. What was given stays: a term that has begun, seats that are held, and leases until they end.
    #[oai(
        path = "/v1/policies/:policy",
        method = "patch",
        operation_id = "updatePolicy",
        tag = "Tag::Policies"
    )]
    async fn update(
        &self,
        authorized: Authorized<scope::ProductsWrite>,
        /// The code of the policy.
        #[oai(name = "policy")]
        policy: PathParam<PolicyCode>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<UpdatePolicyRequest, PolicyChange>,
    ) -> Result<Shown<PolicyShape>, Problem> {
        let caller = authorized.caller;
        let (tenant, call) = (&caller.tenant, &caller.call);
        let updated = self.0.update_policy(tenant, call, &policy.0, body.command, &if_match.0).await;
        Ok(Shown::new(&(&updated.map_err(managed)?).into()))
    }
}

impl Example for UpdatePolicyRequest {
    fn example() -> Self {
        Self {
            name: Some("CAD Studio Pro".to_owned()),
            term: None,
            term_starts: None,
            seats: Some(5),
            seat_kind: None,
            overage_percent: Some(20),
            activation_limit: Some(-1),
            deactivation_limit: None,
            requires_customer: None,
            lease_seconds: None,
            refresh_seconds: None,
            grace_seconds: Some(604_800),
            offline_lease_seconds: None,
            trial: None,
            entitlements: Some(entitlements::request_example()),
            metadata: None,
            clear: Some(vec!["term".to_owned()]),
        }
    }
}
