//! `GET /api/check`

use licensing::{Check, Licensing, Moment, Presented};
use poem::{Response, http::Method};
use poem_openapi::{registry::MetaOperation, types::Type as _};

use super::{
    TAG,
    answer::{Checked, Failure, refused},
    request::{App, PARAMETERS, Said},
};
use crate::{
    http::{described, nullable::Nullable, params::Params, reply, tenant::TenantCall},
    problem::{Problem, failed},
};

pub(super) const PATH: &str = "/api/check";

pub(super) fn describe() -> MetaOperation {
    let text = (
        "Check a license",
        "201 when the license is usable and active on the machine that `hwid` identifies; 404 in all other cases.",
    );
    MetaOperation {
        params: described::in_query(&PARAMETERS),
        ..described::operation(
            Method::GET,
            "checkKey",
            TAG,
            text,
            (201, Checked::schema_ref()),
            &Failure::schema_ref(),
        )
    }
}

pub(super) async fn run(
    licensing: Licensing,
    mut caller: TenantCall,
    params: Params,
) -> Result<Response, Problem> {
    let said = Said::read(&params)?;
    let presented = said.key.as_ref().map_or(Presented::Nothing, |key| Presented::Check {
        key,
        fingerprint: said.fingerprint.as_ref(),
        customer: None,
    });
    caller.admit(presented).await?;
    let app = said.app(&licensing, &caller.tenant).await?;
    let is_valid = match (said.key, said.fingerprint, &app) {
        (Some(key), Some(fingerprint), App::Unsaid | App::Known(_)) => {
            let command = Check {
                key,
                product: match &app {
                    App::Known(product) => Some(product.code.clone()),
                    App::Unsaid | App::Unknown => None,
                },
                fingerprint,
                customer: None,
                moment: Moment::Any,
            };
            let checked = licensing.check(&caller.tenant, &caller.call, command).await;
            checked.map_err(failed)?.reasons.is_empty()
        }
        (Some(key), _, _) => {
            licensing.count_check(&caller.tenant, &caller.call, &key).await.map_err(failed)?;
            false
        }
        (None, _, _) => false,
    };
    Ok(if is_valid {
        reply::json(201, &Checked::ok())
    } else {
        let support_message = app.support_message().map(|text| Nullable(Some(text)));
        refused(404, "invalid key", support_message)
    })
}
