//! `POST /v1/deactivate`

use licensing::{Answer, Deactivate, Deactivated, Idempotency, Licensing, Presented};
use model::{ClientKey, Fingerprint, LicenseKey, ProductCode};
use poem_openapi::{Object, OpenApi, types::Example};
use serde::Serialize;

use super::{
    Tag,
    shapes::{LicenseShape, MachineShape, examples},
};
use crate::{
    http::{
        body::Body,
        idempotency::IdempotencyHeader,
        members::{Command, Members},
        reply::Reply,
        tenant::TenantCall,
    },
    problem::{Problem, failed},
};

/// What an app says when it gives a license back.
#[derive(Object)]
#[oai(rename = "DeactivateRequest", example, skip_serializing_if_is_none)]
pub(crate) struct DeactivateRequest {
    /// The license key.
    #[oai(validator(min_length = 4, max_length = 255))]
    key: String,
    /// The code of the product that the app is.
    #[oai(validator(min_length = 1, max_length = 64, pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    product: String,
    /// What identifies the machine.
    #[oai(validator(min_length = 1, max_length = 512))]
    fingerprint: String,
    /// The customer's key, where the license wants one.
    #[oai(validator(min_length = 4, max_length = 64, pattern = r"^[A-Za-z0-9._-]*$"))]
    customer: Option<String>,
    /// Made up by the app for this request; comes back in a signed refusal.
    #[oai(validator(min_length = 8, max_length = 128, pattern = r"^[A-Za-z0-9._~+/=-]*$"))]
    nonce: Option<String>,
}

impl Command for Deactivate {
    fn read(members: &mut Members) -> Option<Self> {
        let key = members.required("key", |text| LicenseKey::parse(&text));
        let product = members.required("product", ProductCode::parse);
        let fingerprint = members.required("fingerprint", Fingerprint::parse);
        let customer = members.optional("customer", ClientKey::parse);
        let binding = members.binding();
        Some(Self {
            key: key?,
            product: product?,
            fingerprint: fingerprint?,
            customer: customer?,
            binding: binding?,
        })
    }
}

/// A license is not active on a machine any more.
#[derive(Object, Serialize)]
#[oai(rename = "Deactivation", example)]
pub(crate) struct Deactivation {
    /// The license.
    license: LicenseShape,
    /// The machine.
    machine: MachineShape,
}

impl From<&Deactivated> for Deactivation {
    fn from(deactivated: &Deactivated) -> Self {
        Self { license: (&deactivated.license).into(), machine: (&deactivated.machine).into() }
    }
}

type DeactivationReply = Reply<Deactivation, 200>;

/// The operation.
pub(crate) struct DeactivateLicense(pub(super) Licensing);

#[OpenApi]
impl DeactivateLicense {
    /// Deactivate a license on a machine
    ///
    /// Frees the seat. On a machine that is deactivated already it changes nothing.
    #[oai(
        path = "/v1/deactivate",
        method = "post",
        operation_id = "deactivateLicense",
        tag = "Tag::Machines"
    )]
    async fn deactivate(
        &self,
        mut caller: TenantCall,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day. An
        /// answer that is given again has the header `Idempotency-Replayed: true`.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<DeactivateRequest, Deactivate>,
    ) -> Result<DeactivationReply, Problem> {
        caller.admit(Presented::LicenseKey(&body.command.key)).await?;
        let render = |decision: &_| {
            caller.render(decision, |done: &Deactivated| DeactivationReply::render(&done.into()))
        };
        let request = body.identity("deactivateLicense");
        let idempotency = idempotency_key.0.map(|key| Idempotency { key, request, render: &render });
        let answer = self
            .0
            .deactivate(&caller.tenant, &caller.call, body.command, idempotency)
            .await
            .map_err(failed)?;
        Ok(match answer {
            Answer::Fresh(decision) => Reply::fresh(render(&decision)),
            Answer::Replayed(rendered) => Reply::replayed(rendered),
        })
    }
}

impl Example for DeactivateRequest {
    fn example() -> Self {
        Self {
            key: examples::KEY.to_owned(),
            product: "cad".to_owned(),
            fingerprint: examples::FINGERPRINT.to_owned(),
            customer: None,
            nonce: None,
        }
    }
}

impl Example for Deactivation {
    fn example() -> Self {
        Self { license: Example::example(), machine: MachineShape::deactivated_example() }
    }
}
