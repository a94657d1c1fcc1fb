//! The shape of an event.

use model::{Event, Outcome, Reason, Subject};
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use super::details::Details;
use crate::{
    client::wire::{Id, Instant},
    http::list::list_of,
};

/// One entry of the audit log: who did what to what, and what came of it.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Event", example, skip_serializing_if_is_none)]
pub(crate) struct EventShape {
    /// Its identifier.
    id: Id,
    /// When it happened.
    at: Instant,
    /// What was done, such as `license.suspend`. New types may come.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// Who did it.
    actor: EventActor,
    /// What it was done to; absent when the request named nothing that exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<EventSubject>,
    /// The identifier of the license that the subject is, or belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<Id>,
    /// `done` or `refused`.
    outcome: String,
    /// The primary reason, where it was refused. New ones may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_for: Option<String>,
    /// The caller's network address, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The identifier of the request, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Facts about it.
    details: Details,
}

/// Who did something.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "EventActor", example, skip_serializing_if_is_none)]
pub(crate) struct EventActor {
    /// `app`, `api_key`, `operator` or `system`. New kinds may come.
    kind: String,
    /// Which one, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
}

/// What something was done to.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "EventSubject", example)]
pub(crate) struct EventSubject {
    /// `tenant`, `product`, `policy`, `customer`, `license`, `machine`, `key` (a signing key) or `api_key`. New kinds may
    /// come.
    kind: String,
    /// Its identifier: a UUID, or the `kid` of a signing key.
    id: String,
}

impl From<&Event> for EventShape {
    fn from(event: &Event) -> Self {
        let refused_for = match event.outcome {
            Outcome::Done => None,
            Outcome::Refused(reason) => Some(reason.code().to_owned()),
        };
        let subject = event.subject.as_ref();
        Self {
            id: event.id.into(),
            at: event.at.into(),
            kind: event.action.code().to_owned(),
            actor: EventActor { kind: event.actor.code().to_owned(), id: event.actor.id().map(Id::from) },
            subject: subject
                .map(|subject| EventSubject { kind: subject.kind().to_owned(), id: subject.id() }),
            license: subject.and_then(Subject::license).map(Id::from),
            outcome: if refused_for.is_some() { "refused" } else { "done" }.to_owned(),
            refused_for,
            address: event.address.clone(),
            request_id: event.request_id.clone(),
            details: Details::of(&event.details),
        }
    }
}

list_of! {
    /// A piece of the list of events.
    EventList, "EventList", EventShape
}

impl Example for EventShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0e00-7000-a3b4-c5d6e7f80912".into(),
            at: "2026-03-01T12:00:00Z".into(),
            kind: "machine.activate".to_owned(),
            actor: EventActor::example(),
            subject: Some(EventSubject::example()),
            license: Some("0196a1c4-0b52-7c7e-9d6a-1c2f3e4a5b60".into()),
            outcome: "refused".to_owned(),
            refused_for: Some(Reason::SeatsExhausted.code().to_owned()),
            address: Some("192.0.2.17".to_owned()),
            request_id: Some("0196a1c4-7c3e-7d52-9a55-1f0a3b6c2d41".to_owned()),
            details: Details::example(),
        }
    }
}

impl Example for EventActor {
    fn example() -> Self {
        Self { kind: "app".to_owned(), id: None }
    }
}

impl Example for EventSubject {
    fn example() -> Self {
        Self { kind: "machine".to_owned(), id: "0196a1c4-0d10-7f3a-8b44-5a6b7c8d9e0f".to_owned() }
    }
}
