//! `DELETE /api/v1/license/deactivate`

use licensing::{Deactivate, Licensing};
use poem::{Response, http::Method};
use poem_openapi::registry::MetaOperation;

use super::{
    code::Wish,
    operation,
    request::BIND_SCHEMA,
    visit::{Stop, Visit},
};
use crate::http::{described, params::Params, tenant::TenantCall};

pub(super) const PATH: &str = "/api/v1/license/deactivate";
/// The spelling of all other paths.
pub(super) const OTHER_PATH: &str = "/api/v1/licenses/deactivate";

pub(super) fn describe() -> MetaOperation {
    describe_as("deactivateLicense")
}

pub(super) fn describe_other() -> MetaOperation {
    describe_as("deactivateLicenses")
}

fn describe_as(id: &'static str) -> MetaOperation {
    let text = (
        "Deactivate a license on a machine",
        "Frees the machine and, when the license is active on no other, the client. The code of success is 9. The term \
         of the license goes on: activating again does not begin a new one. Both spellings of the path are the same.",
    );
    MetaOperation {
        request: Some(described::body("application/json", BIND_SCHEMA)),
        ..operation(Method::DELETE, id, text)
    }
}

pub(super) async fn run(licensing: Licensing, caller: TenantCall, params: Params) -> Result<Response, Stop> {
    let visit = Visit::begin(licensing, caller, &params, Wish::Deactivate).await?;
    let product = match visit.product().await? {
        Ok(product) => product,
        Err(response) => return Ok(response),
    };
    let command = Deactivate {
        key: visit.key.clone(),
        product,
        fingerprint: visit.machine.clone(),
        customer: Some(visit.client.client_key.clone()),
        binding: None,
    };
    let (tenant, call) = (&visit.caller.tenant, &visit.caller.call);
    let decision = visit.licensing.release(tenant, call, command).await?;
    let refused = decision.err().map(|refused| refused.refusal.primary());
    visit.answer(refused).await
}
