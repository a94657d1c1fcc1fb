//! From the errors of licensing and of the HTTP framework to problems.

use std::error::Error as _;

use licensing::{Error, ItemFault};
use poem::http::{HeaderValue, StatusCode, header};

use super::{Fault, Problem, Violation};

/// The problem that an error of licensing is to the client. Logs what the client may not see: call it once.
pub(crate) fn failed(error: Error) -> Problem {
    match error {
        Error::IdempotencyKeyReused => Problem::new(Fault::IdempotencyKeyReused),
        Error::Throttled(throttled) => Problem::throttled(&throttled),
        Error::IdempotencyKeyInUse => retry_after(Problem::new(Fault::IdempotencyKeyInUse), "1"),
        Error::Unavailable(_) => {
            log(&error);
            retry_after(Problem::new(Fault::Unavailable), "2")
        }
        // No verb of the client API gives the others: what they name was not asked for by the client.
        Error::Internal(..)
        | Error::NotFound(_)
        | Error::Conflict(_)
        | Error::LimitReached(_)
        | Error::Items(_)
        | Error::PreconditionFailed
        | Error::Invalid { .. } => {
            log(&error);
            Problem::new(Fault::Internal)
        }
    }
}

/// The problem that an error of licensing is to a vendor's program, which named things in the path and gave values.
pub(crate) fn managed(error: Error) -> Problem {
    match error {
        Error::NotFound(what) => {
            Problem::new(Fault::ResourceNotFound).detail(format!("There is no such {what}."))
        }
        Error::Conflict(detail) => Problem::new(Fault::Conflict).detail(sentence(&detail)),
        Error::LimitReached(what) => {
            Problem::new(Fault::LimitReached).detail(format!("The tenant may have no more {what}."))
        }
        Error::PreconditionFailed => Problem::new(Fault::PreconditionFailed),
        Error::Invalid { field, invalid } => {
            Problem::invalid(vec![Violation { pointer: format!("/{field}"), detail: invalid.to_string() }])
        }
        Error::Items(faults) => items("licenses", &faults),
        other => failed(other),
    }
}

/// What is wrong with items of the list that is the member `list` of the body.
fn items(list: &str, faults: &[ItemFault]) -> Problem {
    let violation = |fault: &ItemFault| Violation {
        pointer: format!("/{list}/{}/{}", fault.item, fault.member),
        detail: fault.detail.to_owned(),
    };
    Problem::invalid(faults.iter().map(violation).collect())
}

/// Like [`managed`], where what does not exist was named by the member of the body that is called like it.
pub(crate) fn in_body(error: Error) -> Problem {
    match error {
        Error::NotFound(what) => Problem::invalid(vec![Violation {
            pointer: format!("/{what}"),
            detail: "names nothing that exists".to_owned(),
        }]),
        other => managed(other),
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// The problem that an error from within a route is to the client.
pub(crate) fn framework(error: poem::Error) -> Problem {
    let status = error.status();
    match error.downcast::<Problem>() {
        Ok(problem) => problem,
        Err(error) => {
            if status.is_server_error() {
                tracing::error!(error = %error, "the framework failed");
            }
            Problem::new(fault_of(status))
        }
    }
}

const fn fault_of(status: StatusCode) -> Fault {
    match status {
        StatusCode::NOT_FOUND => Fault::RouteNotFound,
        StatusCode::METHOD_NOT_ALLOWED => Fault::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Fault::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Fault::UnsupportedMediaType,
        status if status.as_u16() < 500 => Fault::BadRequest,
        _ => Fault::Internal,
    }
}

fn retry_after(problem: Problem, seconds: &'static str) -> Problem {
    problem.header(header::RETRY_AFTER, HeaderValue::from_static(seconds))
}

/// Logs an error with the chain of its sources.
fn log(error: &Error) {
    let mut chain = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        if !chain.is_empty() {
            chain.push_str(": ");
        }
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = %error, cause = chain, "a request failed");
}
