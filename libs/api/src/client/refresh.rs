//! `POST /v1/leases/refresh`

use licensing::{Answer, Idempotency, Licensing, Presented, Refresh, Refreshed};
use model::{ClientKey, Fingerprint, LicenseKey, ProductCode};
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

/// What an app says when it wants a new lease.
#[derive(Object)]
#[oai(rename = "RefreshRequest", example, skip_serializing_if_is_none)]
pub(crate) struct RefreshRequest {
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
    /// The `lease_id` of the lease that the app holds. Lets the vendor notice copied machines.
    lease_id: Option<Id>,
    /// Made up by the app for this request; comes back in the lease, or in a signed refusal.
    #[oai(validator(min_length = 8, max_length = 128, pattern = r"^[A-Za-z0-9._~+/=-]*$"))]
    nonce: Option<String>,
}

impl Command for Refresh {
    fn read(members: &mut Members) -> Option<Self> {
        let key = members.required("key", |text| LicenseKey::parse(&text));
        let product = members.required("product", ProductCode::parse);
        let fingerprint = members.required("fingerprint", Fingerprint::parse);
        let customer = members.optional("customer", ClientKey::parse);
        let lease_id = members.optional("lease_id", |text| text.parse());
        let binding = members.binding();
        Some(Self {
            key: key?,
            product: product?,
            fingerprint: fingerprint?,
            customer: customer?,
            lease_id: lease_id?,
            binding: binding?,
        })
    }
}

/// A machine has a new lease.
#[derive(Object, Serialize)]
#[oai(rename = "Refreshment", example)]
pub(crate) struct Refreshment {
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
}

impl From<&Refreshed> for Refreshment {
    fn from(refreshed: &Refreshed) -> Self {
        let LeaseParts { lease, lease_id, lease_expires_at, refresh_at, grace_until } =
            (&refreshed.lease).into();
        Self {
            license: (&refreshed.license).into(),
            machine: (&refreshed.machine).into(),
            lease,
            lease_id,
            lease_expires_at,
            refresh_at,
            grace_until,
        }
    }
}

type RefreshReply = Reply<Refreshment, 200>;

/// The operation.
pub(crate) struct RefreshLease(pub(super) Licensing);

#[OpenApi]
impl RefreshLease {
    /// Give an active machine a new lease
    ///
    /// The new lease names the last one as its parent.
    #[oai(path = "/v1/leases/refresh", method = "post", operation_id = "refreshLease", tag = "Tag::Machines")]
    async fn refresh(
        &self,
        mut caller: TenantCall,
        /// Makes the request safe to repeat: the same key and body are given the same answer, for a day. An
        /// answer that is given again has the header `Idempotency-Replayed: true`.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
        body: Body<RefreshRequest, Refresh>,
    ) -> Result<RefreshReply, Problem> {
        caller.admit(Presented::LicenseKey(&body.command.key)).await?;
        let render =
            |decision: &_| caller.render(decision, |done: &Refreshed| RefreshReply::render(&done.into()));
        let request = body.identity("refreshLease");
        let idempotency = idempotency_key.0.map(|key| Idempotency { key, request, render: &render });
        let answer =
            self.0.refresh(&caller.tenant, &caller.call, body.command, idempotency).await.map_err(failed)?;
        Ok(match answer {
            Answer::Fresh(decision) => Reply::fresh(render(&decision)),
            Answer::Replayed(rendered) => Reply::replayed(rendered),
        })
    }
}

impl Example for RefreshRequest {
    fn example() -> Self {
        Self {
            key: examples::KEY.to_owned(),
            product: "cad".to_owned(),
            fingerprint: examples::FINGERPRINT.to_owned(),
            customer: None,
            lease_id: Some(examples::LEASE_ID.into()),
            nonce: Some(examples::NONCE.to_owned()),
        }
    }
}

impl Example for Refreshment {
    fn example() -> Self {
        Self {
            license: Example::example(),
            machine: Example::example(),
            lease: examples::TOKEN.to_owned(),
            lease_id: examples::LEASE_ID.into(),
            lease_expires_at: "2026-03-15T12:00:00Z".into(),
            refresh_at: "2026-03-02T11:18:25Z".into(),
            grace_until: "2026-03-18T12:00:00Z".into(),
        }
    }
}
