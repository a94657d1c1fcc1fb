//! `GET /api/v1/licenses/first_check`

use licensing::{Licensing, Moment};
use poem::{Response, http::Method};
use poem_openapi::registry::MetaOperation;

use super::{operation, request::CHECK, validate::check, visit::Stop};
use crate::http::{described, params::Params, tenant::TenantCall};

pub(super) const PATH: &str = "/api/v1/licenses/first_check";

pub(super) fn describe() -> MetaOperation {
    let text = (
        "Check a license as the app starts",
        "As `validateLicense`; when it is valid, the first such check of a machine is kept.",
    );
    MetaOperation { params: described::in_query(&CHECK), ..operation(Method::GET, "firstCheck", text) }
}

pub(super) async fn run(licensing: Licensing, caller: TenantCall, params: Params) -> Result<Response, Stop> {
    check(licensing, caller, &params, Moment::Start).await
}
