//! `GET /api/v1/licenses/last_check`

use licensing::{Licensing, Moment};
use poem::{Response, http::Method};
use poem_openapi::registry::MetaOperation;

use super::{operation, request::CHECK, validate::check, visit::Stop};
use crate::http::{described, params::Params, tenant::TenantCall};

pub(super) const PATH: &str = "/api/v1/licenses/last_check";

pub(super) fn describe() -> MetaOperation {
    let text = (
        "Check a license as the app ends",
        "As `validateLicense`; when it is valid, the last such check of a machine is kept.",
    );
    MetaOperation { params: described::in_query(&CHECK), ..operation(Method::GET, "lastCheck", text) }
}

pub(super) async fn run(licensing: Licensing, caller: TenantCall, params: Params) -> Result<Response, Stop> {
    check(licensing, caller, &params, Moment::End).await
}
