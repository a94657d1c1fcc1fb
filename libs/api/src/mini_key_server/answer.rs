//! What apps are told.

use std::{borrow::Cow, collections::BTreeMap};

use licensing::LicenseView;
use model::{Reason, Refusal};
use poem::Response;
use poem_openapi::{
    Object,
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{Example, ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    http::{nullable::Nullable, reply},
    problem::{Fault, Problem},
};

/// The license was activated.
#[derive(Object, Serialize)]
#[oai(example)]
pub(super) struct Activated {
    /// `ok`.
    result: String,
    /// How many activations are left, in digits; `-1` when there is no limit.
    #[oai(rename = "remainingActivations")]
    #[serde(rename = "remainingActivations")]
    remaining_activations: String,
}

impl Activated {
    /// What is left after an activation.
    pub(super) fn of(view: &LicenseView) -> Self {
        let left = view.license.activation_limit(&view.policy).remaining(view.license.activations_used);
        Self {
            result: "ok".to_owned(),
            remaining_activations: left.map_or("-1".to_owned(), |left| left.to_string()),
        }
    }
}

/// The license is usable on this machine.
#[derive(Object, Serialize)]
#[oai(example)]
pub(super) struct Checked {
    /// `ok`.
    result: String,
}

impl Checked {
    pub(super) fn ok() -> Self {
        Self { result: "ok".to_owned() }
    }
}

/// It is not as the app wants it. A refused token has `result` and `error`, everything else has `message`.
#[derive(Object, Serialize, Default)]
#[oai(example, skip_serializing_if_is_none)]
pub(super) struct Failure {
    /// `failure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// Why the token was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What the vendor of the product with this `app_id` wants people to be told; null when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    support_message: Option<Nullable<String>>,
    /// What is wrong with the request or the server: a text, or an object that says it of each parameter by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

/// Why an activation is refused: status and words.
///
/// When several reasons apply, the first in the order of [`Reason`] is told: that the token is no good at all (it is
/// unknown, for another product, wants a customer whom this API cannot name, revoked or suspended) comes before that
/// its time is over, and that before that it is used up. Who cannot use a token is so told nothing more about it.
pub(super) fn refusal(refusal: &Refusal) -> (u16, &'static str) {
    match refusal.primary() {
        Reason::Expired => (410, "key is no longer valid"),
        Reason::ActivationsExhausted | Reason::SeatsExhausted => (410, "key is out of activations"),
        Reason::NotFound
        | Reason::ProductMismatch
        | Reason::CustomerMismatch
        | Reason::CustomerRequired
        | Reason::Revoked
        | Reason::Suspended
        // No activation is refused for these.
        | Reason::NotActivated
        | Reason::MachineMismatch
        | Reason::MachineDeactivated
        | Reason::SeatLapsed
        | Reason::EntitlementMissing
        | Reason::DeactivationsExhausted => (404, "invalid activation token"),
    }
}

/// A token was refused.
pub(super) fn refused(status: u16, error: &str, support_message: Option<Nullable<String>>) -> Response {
    let failure = Failure {
        result: Some("failure".to_owned()),
        error: Some(error.to_owned()),
        support_message,
        message: None,
    };
    reply::json(status, &failure)
}

/// Something went wrong on the way to a decision.
pub(crate) fn failure(problem: &Problem) -> Response {
    let text = |text: String| Message(Value::String(text));
    let (status, message) = match problem.fault() {
        Some(Fault::ValidationFailed) => (400, Message::of(problem)),
        Some(Fault::MethodNotAllowed) => {
            let words = "The method is not allowed for the requested URL.";
            (405, text(words.to_owned()))
        }
        _ => (problem.status_number(), text(problem.sentence())),
    };
    let failure = Failure { message: Some(message), ..Failure::default() };
    reply::json(status, &failure)
}

/// A text, or texts by the names of parameters.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
struct Message(Value);

impl Message {
    /// What is wrong with each parameter.
    fn of(problem: &Problem) -> Self {
        let parameters: BTreeMap<&str, &str> = problem
            .violations()
            .iter()
            .map(|violation| (violation.pointer.trim_start_matches('/'), violation.detail.as_str()))
            .collect();
        Self(json!(parameters))
    }
}

impl Type for Message {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "Message".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference(Self::name().into_owned())
    }

    fn register(registry: &mut Registry) {
        // Without a type: a union of a text and an object has no discriminator, and generated clients fail on those.
        registry.create_schema::<Self, _>(Self::name().into_owned(), |_| MetaSchema {
            description: Some("A text, or an object that says of each parameter what is wrong with it."),
            example: Some(json!({"user": "is required"})),
            ..MetaSchema::ANY
        });
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for Message {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        value.map(Self).ok_or_else(ParseError::expected_input)
    }
}

impl ToJSON for Message {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.clone())
    }
}

impl Example for Activated {
    fn example() -> Self {
        Self { result: "ok".to_owned(), remaining_activations: "9".to_owned() }
    }
}

impl Example for Checked {
    fn example() -> Self {
        Self::ok()
    }
}

impl Example for Failure {
    fn example() -> Self {
        Self {
            result: Some("failure".to_owned()),
            error: Some("key is out of activations".to_owned()),
            support_message: Some(Nullable(Some("call 555-555-5555 for support".to_owned()))),
            message: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_is_told() {
        use Reason::{
            ActivationsExhausted, Expired, NotFound, ProductMismatch, Revoked, SeatsExhausted, Suspended,
        };
        const UNKNOWN: &str = "invalid activation token";
        const OVER: &str = "key is no longer valid";
        const OUT: &str = "key is out of activations";
        for (reasons, expected) in [
            (vec![NotFound], (404, UNKNOWN)),
            (vec![ProductMismatch, Expired], (404, UNKNOWN)),
            (vec![Revoked, Expired], (404, UNKNOWN)),
            (vec![Suspended, ActivationsExhausted], (404, UNKNOWN)),
            (vec![ActivationsExhausted, Expired], (410, OVER)),
            (vec![SeatsExhausted, ActivationsExhausted], (410, OUT)),
            (vec![SeatsExhausted], (410, OUT)),
        ] {
            let refused = Refusal::unless_none(reasons.clone()).unwrap_err();
            assert_eq!(refusal(&refused), expected, "{reasons:?}");
        }
    }
}
