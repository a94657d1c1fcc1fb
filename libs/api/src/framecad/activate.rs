//! `POST /api/v1/licenses/activate`

use licensing::{Activate, Answer, Licensing};
use poem::{Response, http::Method};
use poem_openapi::registry::MetaOperation;

use super::{
    code::Wish,
    operation,
    request::BIND_SCHEMA,
    visit::{Stop, Visit, impossible},
};
use crate::http::{described, params::Params, tenant::TenantCall};

pub(super) const PATH: &str = "/api/v1/licenses/activate";

pub(super) fn describe() -> MetaOperation {
    let text = (
        "Activate a license on a machine",
        "Binds license, client and machine to each other, and begins the license's term if it has not begun. On a \
         machine that is active already, and for the same client, nothing changes and the code is 0 again.",
    );
    MetaOperation {
        request: Some(described::body("application/json", BIND_SCHEMA)),
        ..operation(Method::POST, "activateLicense", text)
    }
}

pub(super) async fn run(licensing: Licensing, caller: TenantCall, params: Params) -> Result<Response, Stop> {
    let visit = Visit::begin(licensing, caller, &params, Wish::Activate).await?;
    let product = match visit.product().await? {
        Ok(product) => product,
        Err(response) => return Ok(response),
    };
    let command = Activate {
        key: visit.key.clone(),
        product,
        fingerprint: visit.machine.clone(),
        machine_name: None,
        customer: Some(visit.client.client_key.clone()),
        binding: None,
    };
    let (tenant, call) = (&visit.caller.tenant, &visit.caller.call);
    match visit.licensing.activate(tenant, call, command, None).await? {
        Answer::Fresh(decision) => {
            let refused = decision.err().map(|refused| refused.refusal.primary());
            visit.answer(refused).await
        }
        Answer::Replayed(_) => Err(impossible()),
    }
}
