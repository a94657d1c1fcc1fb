//! The one answer of this API.

use licensing::LicenseCard;
use model::Timestamp;
use poem::Response;
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use super::{
    code::{Code, Wish},
    license::{LicenseShape, Viewer, clock_time},
};
use crate::{
    client::wire::Instant,
    http::reply,
    problem::{Fault, Problem},
};

/// What came of a request.
#[derive(Object, Serialize)]
#[oai(example, skip_serializing_if_is_none)]
pub(super) struct Answer {
    /// What happened, for people.
    message: String,
    /// What happened, for the app: 0 to 13.
    code: u8,
    /// The time on the server.
    now: Instant,
    /// The license, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<LicenseShape>,
}

/// The answer about a license, as `viewer` may see it.
pub(super) fn decided(
    code: Code,
    wish: Wish,
    client_key: &str,
    card: &LicenseCard,
    viewer: Viewer<'_>,
) -> Response {
    let answer = Answer {
        message: code.message(wish, card.key.reveal(), client_key),
        code: code.number(),
        now: clock_time(viewer.now),
        license: Some(LicenseShape::of(card, viewer)),
    };
    reply::json(code.status(wish), &answer)
}

/// The answer where no license is known.
pub(super) fn stopped(code: Code, now: Timestamp) -> Response {
    plain(code.status(Wish::Check), code, code.plain().to_owned(), now)
}

/// The answer when something went wrong on the way to a decision.
pub(crate) fn failure(problem: &Problem, now: Timestamp) -> Response {
    let (status, code) = match problem.fault() {
        Some(
            Fault::BadRequest
            | Fault::BadHeader
            | Fault::MalformedJson
            | Fault::DuplicateMember
            | Fault::BodyTooLarge
            | Fault::UnsupportedMediaType
            | Fault::ValidationFailed,
        ) => (422, Code::Invalid),
        _ => (problem.status_number(), Code::Unknown),
    };
    let message = match problem.violations() {
        [] => problem.sentence(),
        violations => {
            let each = violations
                .iter()
                .map(|wrong| format!("{} {}", wrong.pointer.trim_start_matches('/'), wrong.detail));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    plain(status, code, message, now)
}

fn plain(status: u16, code: Code, message: String, now: Timestamp) -> Response {
    let answer = Answer { message, code: code.number(), now: clock_time(now), license: None };
    reply::json(status, &answer)
}

impl Example for Answer {
    fn example() -> Self {
        Self {
            message: "License key HIOZ-W7RA-JNET-X039 is activated and valid".to_owned(),
            code: 0,
            now: "2016-06-11T20:15:31.237+00:00".into(),
            license: Some(Example::example()),
        }
    }
}
