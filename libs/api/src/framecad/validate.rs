//! `POST /api/v1/licenses/validate`, and what the other checks share with it.

use licensing::{Check, Licensing, Moment};
use poem::{Response, http::Method};
use poem_openapi::registry::MetaOperation;

use super::{
    code::Wish,
    operation,
    request::CHECK_SCHEMA,
    visit::{Stop, Visit},
};
use crate::http::{described, params::Params, tenant::TenantCall};

pub(super) const PATH: &str = "/api/v1/licenses/validate";

pub(super) fn describe() -> MetaOperation {
    let text = (
        "Check a license",
        "Whether the license is activated on this machine for this client, and valid. The check is counted.",
    );
    MetaOperation {
        request: Some(described::body("application/json", CHECK_SCHEMA)),
        ..operation(Method::POST, "validateLicense", text)
    }
}

pub(super) async fn run(licensing: Licensing, caller: TenantCall, params: Params) -> Result<Response, Stop> {
    check(licensing, caller, &params, Moment::Any).await
}

/// Checks a license at that moment.
pub(super) async fn check(
    licensing: Licensing,
    caller: TenantCall,
    params: &Params,
    moment: Moment,
) -> Result<Response, Stop> {
    let visit = Visit::begin(licensing, caller, params, Wish::Check).await?;
    let command = Check {
        key: visit.key.clone(),
        product: None,
        fingerprint: visit.machine.clone(),
        customer: Some(visit.client.client_key.clone()),
        moment,
    };
    let (tenant, call) = (&visit.caller.tenant, &visit.caller.call);
    let checked = visit.licensing.check(tenant, call, command).await?;
    visit.answer(checked.reasons.first().copied()).await
}
