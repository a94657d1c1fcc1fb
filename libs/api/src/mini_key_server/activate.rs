//! `POST /api/activate`

use licensing::{CountedActivation, EarlyRefusal, Licensing, Presented};
use model::{Action, Reason, Refusal};
use poem::{Response, http::Method};
use poem_openapi::{registry::MetaOperation, types::Type as _};

use super::{
    TAG,
    answer::{Activated, Failure, refusal, refused},
    request::{App, SCHEMA, Said},
};
use crate::{
    http::{described, nullable::Nullable, params::Params, reply, tenant::TenantCall},
    problem::{Problem, failed},
};

pub(super) const PATH: &str = "/api/activate";

pub(super) fn describe() -> MetaOperation {
    let text = (
        "Activate a license",
        "Uses up one of the license's activations, also on a machine that is active already. With `hwid` the license is \
         active on that machine from then on, in this API and in all others.\n\n\
         Refused with 404 when the token is unknown, for another product, suspended or revoked; with 410 when its time \
         is over or no activation or seat is left. When several apply, the first of these is told.",
    );
    MetaOperation {
        request: Some(described::body("application/x-www-form-urlencoded", SCHEMA)),
        ..described::operation(
            Method::POST,
            "activateKey",
            TAG,
            text,
            (201, Activated::schema_ref()),
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
    caller.admit(said.key.as_ref().map_or(Presented::Nothing, Presented::LicenseKey)).await?;
    let app = said.app(&licensing, &caller.tenant).await?;
    let early = match (&said.key, &app) {
        (None, _) => Some(Reason::NotFound),
        (Some(_), App::Unknown) => Some(Reason::ProductMismatch),
        (Some(_), App::Unsaid | App::Known(_)) => None,
    };
    let user = said.user.to_string();
    let decided = match (said.key, early) {
        (Some(key), None) => {
            let command = CountedActivation {
                key,
                product: match &app {
                    App::Known(product) => Some(product.code.clone()),
                    App::Unsaid | App::Unknown => None,
                },
                fingerprint: said.fingerprint,
                machine_name: said.machine,
                user,
            };
            licensing
                .activate_counted(&caller.tenant, &caller.call, command)
                .await
                .map_err(failed)?
                .map_err(|refused| refused.refusal)
        }
        (key, reason) => {
            let reason = reason.unwrap_or(Reason::NotFound);
            let attempt = EarlyRefusal {
                action: Action::MachineActivate,
                key,
                machine_name: Some(said.machine),
                user: Some(user),
                reason,
            };
            licensing.note_refusal(&caller.tenant, &caller.call, attempt).await.map_err(failed)?;
            Err(Refusal::only(reason))
        }
    };
    Ok(match decided {
        Ok(view) => reply::json(201, &Activated::of(&view)),
        Err(why) => {
            let (status, error) = refusal(&why);
            refused(status, error, Some(Nullable(app.support_message())))
        }
    })
}
