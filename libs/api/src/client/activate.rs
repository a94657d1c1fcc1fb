//! `POST /v1/activate`

use licensing::{Activate, Activated, Answer, Idempotency, Licensing, Presented};
use model::{ClientKey, Fingerprint, LicenseKey, MachineName, ProductCode};
use poem_openapi::{Object, OpenApi, types::Example};
use serde::Serialize;

use super::{
    Tag,
    shapes::{LeaseParts, LicenseShape, MachineShape, examples},
    wire::{Id, Instant},
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

/// What an app says when it activates.
#[derive(Object)]
#[oai(rename = "ActivateRequest", example, skip_serializing_if_is_none)]
pub(crate) struct ActivateRequest {
    /// The license key, as its holder typed it. Case, hyphens and spaces do not matter.
    #[oai(validator(min_length = 4, max_length = 255))]
    key: String,
    /// The code of the product that the app is.
    #[oai(validator(min_length = 1, max_length = 64, pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    product: String,
    /// What identifies the machine: the same on every start, another on every other machine. At most 512 bytes of UTF-8.
    #[oai(validator(min_length = 1, max_length = 512))]
    fingerprint: String,
    /// What the machine calls itself, for people.
    #[oai(validator(min_length = 1, max_length = 200))]
    machine_name: Option<String>,
    /// The customer's key, where the license wants one.
    #[oai(validator(min_length = 4, max_length = 64, pattern = r"^[A-Za-z0-9._-]*$"))]
    customer: Option<String>,
    /// Made up by the app for this request; comes back in the lease, or in a signed refusal.
    #[oai(validator(min_length = 8, max_length = 128, pattern = r"^[A-Za-z0-9._~+/=-]*$"))]
    nonce: Option<String>,
}

impl Command for Activate {
    fn read(members: &mut Members) -> Option<Self> {
        let key = members.required("key", |text| LicenseKey::parse(&text));
        let product = members.required("product", ProductCode::parse);
        let fingerprint = members.required("fingerprint", Fingerprint::parse);
        let machine_name = members.optional("machine_name", MachineName::parse);
        let customer = members.optional("customer", ClientKey::parse);
        let binding = members.binding();
        Some(Self {
            key: key?,
            product: product?,
            fingerprint: fingerprint?,
            machine_name: machine_name?,
            customer: customer?,
            binding: binding?,
        })
    }
}

/// A license is active on a machine.
#[derive(Object, Serialize)]
#[oai(rename = "Activation", example)]
pub(crate) struct Activation {
    /// The license.
    license: LicenseShape,
    /// The machine.
    machine: MachineShape,
    /// The lease: a compact JWS that the app verifies offline.
    lease: String,
    /// The lease's `jti`.
    lease_id: Id,
    /// When the lease ends.
    lease_expires_at: Instant,
    /// When the app should refresh it.
    refresh_at: Instant,
    /// Until when the app tolerates the lease after its end, with a warning.
    grace_until: Instant,
    /// Whether this activation goes beyond the seats, within the overage that the vendor tolerates.
    over_seats: bool,
}

impl From<&Activated> for Activation {
    fn from(activated: &Activated) -> Self {
        let LeaseParts { lease, lease_id, lease_expires_at, refresh_at, grace_until } =
            (&activated.lease).into();
        Self {
            license: (&activated.license).into(),
            machine: (&activated.machine).into(),
            lease,
            lease_id,
            lease_expires_at,
            refresh_at,
            grace_until,
            over_seats: activated.over_seats,
        }
    }
}

type ActivationReply = Reply<Activation, 201>;

/// The operation.
pub(crate) struct ActivateLicense(pub(super) Licensing);

#[OpenApi]
impl ActivateLicense {
    /// Activate a license on a machine
    ///
    /// Takes a seat and signs a lease. On a machine that is active already it takes nothing and signs a new lease.
    /// An activation that was answered is durable.
    #[oai(path = "/v1/activate", method = "post", operation_id = "activateLicense", tag = "Tag::Machines")]
    async fn activate(
        &self,
        mut caller: TenantCall,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day. An
        /// answer that is given again has the header `Idempotency-Replayed: true`.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<ActivateRequest, Activate>,
    ) -> Result<ActivationReply, Problem> {
        caller.admit(Presented::LicenseKey(&body.command.key)).await?;
        let render =
            |decision: &_| caller.render(decision, |done: &Activated| ActivationReply::render(&done.into()));
        let request = body.identity("activateLicense");
        let idempotency = idempotency_key.0.map(|key| Idempotency { key, request, render: &render });
        let answer =
            self.0.activate(&caller.tenant, &caller.call, body.command, idempotency).await.map_err(failed)?;
        Ok(match answer {
            Answer::Fresh(decision) => Reply::fresh(render(&decision)),
            Answer::Replayed(rendered) => Reply::replayed(rendered),
        })
    }
}

impl Example for ActivateRequest {
    fn example() -> Self {
        Self {
            key: examples::KEY.to_owned(),
            product: "cad".to_owned(),
            fingerprint: examples::FINGERPRINT.to_owned(),
            machine_name: Some("studio-3".to_owned()),
            customer: None,
            nonce: Some(examples::NONCE.to_owned()),
        }
    }
}

impl Example for Activation {
    fn example() -> Self {
        Self {
            license: Example::example(),
            machine: Example::example(),
            lease: examples::TOKEN.to_owned(),
            lease_id: examples::LEASE_ID.into(),
            lease_expires_at: "2026-03-15T12:00:00Z".into(),
            refresh_at: "2026-03-02T11:18:25Z".into(),
            grace_until: "2026-03-18T12:00:00Z".into(),
            over_seats: false,
        }
    }
}
