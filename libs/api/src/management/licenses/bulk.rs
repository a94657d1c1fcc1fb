//! `POST /v1/licenses/bulk`

use std::collections::BTreeMap;

use licensing::{Answer, LicenseBatch, Licensing, MadeLicense, NewLicense};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, shape::BulkCreatedLicenses};
use crate::{
    client::wire::{Id, Instant},
    http::{
        body::Body,
        credential::{Authorized, scope},
        idempotency::IdempotencyHeader,
        members::{Command, Members},
        reply::Reply,
    },
    management::entitlements::SetEntitlementRequest,
    problem::{Problem, in_body},
};

/// The most licenses that are made at once.
const MOST: usize = 1_000;

/// The most bytes that the request has: room for 1,000 licenses with some metadata each.
const LIMIT: usize = 4 * 1024 * 1024;

/// Licenses to make.
#[derive(Object)]
#[oai(rename = "BulkCreateLicensesRequest", example, skip_serializing_if_is_none)]
pub(crate) struct BulkCreateLicensesRequest {
    /// What to make: together at most 1,000 licenses.
    #[oai(validator(min_items = 1, max_items = 1000))]
    licenses: Vec<BulkCreateLicenseItem>,
}

/// A license to make, or several that are alike but for their keys.
#[derive(Object)]
#[oai(rename = "BulkCreateLicenseItem", example, skip_serializing_if_is_none)]
pub(crate) struct BulkCreateLicenseItem {
    /// How many of them to make, each with a key of its own; 1 when absent. Only without `key`.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000")))]
    count: Option<u32>,
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

impl Command for LicenseBatch {
    fn read(members: &mut Members) -> Option<Self> {
        let count = members.number("count", 1..=MOST as i64);
        let license = NewLicense::read(members);
        let (count, license) = (count?, license?);
        if count.is_some() && license.key.is_some() {
            members.wrong("count", "must not be there where a key is given");
        }
        Some(Self { license, count: count.unwrap_or(1) })
    }
}

/// The licenses to make.
pub(crate) struct Wanted(Vec<LicenseBatch>);

impl Command for Wanted {
    fn read(members: &mut Members) -> Option<Self> {
        let wanted: Vec<LicenseBatch> = members.items("licenses", MOST)?;
        let count: usize = wanted.iter().map(|batch| batch.count as usize).sum();
        if count > MOST {
            members.wrong("licenses", format!("must be at most {MOST} licenses together"));
        }
        Some(Self(wanted))
    }
}

/// The operation.
pub(crate) struct BulkCreateLicenses(pub(super) Licensing);

#[OpenApi]
impl BulkCreateLicenses {
    /// Make many licenses
    ///
    /// All or none: when an item is wrong, every wrong item is named and nothing is made. The answer has their keys,
    /// this once. The body has at most 4 MiB.
    #[oai(
        path = "/v1/licenses/bulk",
        method = "post",
        operation_id = "bulkCreateLicenses",
        tag = "Tag::Licenses"
    )]
    async fn create(
        &self,
        authorized: Authorized<scope::LicensesWrite>,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<BulkCreateLicensesRequest, Wanted, LIMIT>,
    ) -> Result<Reply<BulkCreatedLicenses, 201>, Problem> {
        let caller = authorized.caller;
        let render = |decision: &_| {
            caller.render(decision, |made: &Vec<MadeLicense>| {
                Reply::<BulkCreatedLicenses, 201>::render(&made.into())
            })
        };
        let idempotency = idempotency_key.of(body.identity("bulkCreateLicenses"), &render);
        let made =
            self.0.create_licenses_once(&caller.tenant, &caller.call, &body.command.0, idempotency).await;
        Ok(match made.map_err(in_body)? {
            Answer::Fresh(decision) => Reply::fresh(render(&decision)),
            Answer::Replayed(rendered) => Reply::replayed(rendered),
        })
    }
}

impl Example for BulkCreateLicenseItem {
    fn example() -> Self {
        Self {
            count: Some(50),
            policy: "cad-pro".to_owned(),
            customer: Some("0196a1c4-0a92-7d11-9c3e-5f4e3d2c1b0a".into()),
            key: None,
            seats: None,
            activation_limit: None,
            entitlements: None,
            expires_at: Some("2027-03-01T12:00:00Z".into()),
            memo: None,
            metadata: Some(crate::management::wire::metadata_example()),
        }
    }
}

impl Example for BulkCreateLicensesRequest {
    fn example() -> Self {
        Self { licenses: vec![Example::example()] }
    }
}
