//! `POST /v1/validate`

use licensing::{Licensing, Presented, Rendered, Validate, Validated};
use model::{ClientKey, EntitlementCode, Fingerprint, LicenseKey, ProductCode, Reason};
use poem_openapi::{Object, OpenApi, types::Example};
use serde::Serialize;

use super::{
    Tag,
    shapes::{LicenseShape, MachineShape, examples},
    wire::{Id, Instant},
};
use crate::{
    http::{
        body::Body,
        members::{Command, Members},
        reply::{self, Reply},
        tenant::TenantCall,
    },
    problem::{self, Problem, failed},
};

/// The most entitlements that one request asks for.
const MOST_ENTITLEMENTS: usize = 64;

/// What an app says when it validates.
#[derive(Object)]
#[oai(rename = "ValidateRequest", example, skip_serializing_if_is_none)]
pub(crate) struct ValidateRequest {
    /// The license key, as its holder typed it. Case, hyphens and spaces do not matter.
    #[oai(validator(min_length = 4, max_length = 255))]
    key: String,
    /// The code of the product that the app is.
    #[oai(validator(min_length = 1, max_length = 64, pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    product: String,
    /// What identifies the machine. When it is absent, machines do not matter.
    #[oai(validator(min_length = 1, max_length = 512))]
    fingerprint: Option<String>,
    /// The customer's key, where the license wants one.
    #[oai(validator(min_length = 4, max_length = 64, pattern = r"^[A-Za-z0-9._-]*$"))]
    customer: Option<String>,
    /// Codes of entitlements that the license must have.
    #[oai(validator(max_items = 64))]
    entitlements: Option<Vec<String>>,
    /// Made up by the app for this request; asks for a signed verdict, in which it comes back.
    #[oai(validator(min_length = 8, max_length = 128, pattern = r"^[A-Za-z0-9._~+/=-]*$"))]
    nonce: Option<String>,
}

impl Command for Validate {
    fn read(members: &mut Members) -> Option<Self> {
        let key = members.required("key", |text| LicenseKey::parse(&text));
        let product = members.required("product", ProductCode::parse);
        let fingerprint = members.optional("fingerprint", Fingerprint::parse);
        let customer = members.optional("customer", ClientKey::parse);
        let entitlements = members.list("entitlements", MOST_ENTITLEMENTS, EntitlementCode::parse);
        let binding = members.binding();
        Some(Self {
            key: key?,
            product: product?,
            fingerprint: fingerprint?,
            customer: customer?,
            entitlements: entitlements?,
            binding: binding?,
        })
    }
}

/// Whether a license may be used, and why not.
#[derive(Object, Serialize)]
#[oai(rename = "Validation", example, skip_serializing_if_is_none)]
pub(crate) struct Validation {
    /// Whether the license may be used.
    valid: bool,
    /// `valid`, or the first of `codes`. New codes may come.
    code: String,
    /// All the reasons against the license, in order; empty when it is valid. New ones may come.
    codes: Vec<String>,
    /// Names this decision.
    decision_id: Id,
    /// When it was decided.
    checked_at: Instant,
    /// The license; absent when there is none, or when product or customer do not match it.
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<LicenseShape>,
    /// The machine, when the license is or was activated on one with this fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<MachineShape>,
    /// What the vendor wants people to be told, when the license is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    support_message: Option<String>,
    /// The signed verdict, a compact JWS, when the request carried a nonce.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
}

/// The members of an answer that show the license.
#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<LicenseShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<MachineShape>,
}

impl Shown {
    /// These members as they stand in the answer, last, with the brace that ends it.
    fn render(validated: &Validated) -> String {
        let license = validated.license().as_ref().map(LicenseShape::from);
        let machine = validated.machine().map(MachineShape::from);
        reply::render(200, &Self { license, machine }).body.split_off(1)
    }
}

impl Validation {
    /// The answer as it is sent. What it shows of the license was mostly written for an answer before.
    fn render(validated: &Validated) -> Rendered {
        let of_this_answer = Self {
            valid: validated.reasons.is_empty(),
            code: validated.reasons.first().map_or(Reason::VALID, |reason| reason.code()).to_owned(),
            codes: problem::codes(&validated.reasons),
            decision_id: validated.decision_id.into(),
            checked_at: validated.checked_at.into(),
            license: None,
            machine: None,
            support_message: validated.support_message.clone(),
            verdict: validated.verdict.clone(),
        };
        let mut rendered = ValidationReply::render(&of_this_answer);
        if validated.shows_license() {
            let keepsake = validated.keepsake();
            let kept = keepsake.and_then(|keepsake| keepsake.get_or_make(|| Shown::render(validated)));
            rendered.body.pop();
            rendered.body.push(',');
            match kept {
                Some(shown) => rendered.body.push_str(shown),
                None => rendered.body.push_str(&Shown::render(validated)),
            }
        }
        rendered
    }
}

type ValidationReply = Reply<Validation, 200>;

/// The operation.
pub(crate) struct ValidateLicense(pub(super) Licensing);

#[OpenApi]
impl ValidateLicense {
    /// Check a license
    ///
    /// Changes nothing that is decided on. A license that may not be used is an answer and not an error: `valid` is
    /// false, and `codes` has all the reasons.
    #[oai(path = "/v1/validate", method = "post", operation_id = "validateLicense", tag = "Tag::Licenses")]
    async fn validate(
        &self,
        mut caller: TenantCall,
        body: Body<ValidateRequest, Validate>,
    ) -> Result<ValidationReply, Problem> {
        let Validate { key, fingerprint, customer, .. } = &body.command;
        let presented =
            Presented::Check { key, fingerprint: fingerprint.as_ref(), customer: customer.as_ref() };
        caller.admit(presented).await?;
        let validated = self.0.validate(&caller.tenant, &caller.call, body.command).await.map_err(failed)?;
        Ok(Reply::fresh(Validation::render(&validated)))
    }
}

impl Example for ValidateRequest {
    fn example() -> Self {
        Self {
            key: examples::KEY.to_owned(),
            product: "cad".to_owned(),
            fingerprint: Some(examples::FINGERPRINT.to_owned()),
            customer: None,
            entitlements: Some(vec!["layers".to_owned()]),
            nonce: Some(examples::NONCE.to_owned()),
        }
    }
}

impl Example for Validation {
    fn example() -> Self {
        Self {
            valid: true,
            code: Reason::VALID.to_owned(),
            codes: Vec::new(),
            decision_id: examples::DECISION_ID.into(),
            checked_at: "2026-03-01T12:00:00Z".into(),
            license: Some(Example::example()),
            machine: Some(Example::example()),
            support_message: None,
            verdict: Some(examples::TOKEN.to_owned()),
        }
    }
}
