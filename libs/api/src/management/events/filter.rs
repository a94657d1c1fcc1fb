//! What events are listed by.

use model::{Action, Actor, Invalid, Subject};
use poem_openapi::registry::MetaSchema;
use serde_json::json;
use uuid::Uuid;

use crate::http::query::QueryValue;

/// A type of event.
#[derive(Clone, Copy)]
pub(super) struct Type(pub(super) Action);

impl QueryValue for Type {
    fn read(text: &str) -> Result<Self, Invalid> {
        Action::from_code(text).map(Self).map_err(|_| Invalid::new("the type of an event"))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(64),
            example: Some(json!("machine.activate")),
            ..MetaSchema::new("string")
        }
    }
}

/// A kind of thing that events are about.
pub(super) struct SubjectKind(pub(super) String);

impl QueryValue for SubjectKind {
    fn read(text: &str) -> Result<Self, Invalid> {
        known(text, &Subject::KINDS)
            .map(Self)
            .ok_or(Invalid::new("tenant, product, policy, customer, license, machine, key or api_key"))
    }

    fn schema() -> MetaSchema {
        kinds(&Subject::KINDS, "machine")
    }
}

/// A kind of who does something.
pub(super) struct ActorKind(pub(super) String);

impl QueryValue for ActorKind {
    fn read(text: &str) -> Result<Self, Invalid> {
        known(text, &Actor::KINDS).map(Self).ok_or(Invalid::new("app, api_key, operator or system"))
    }

    fn schema() -> MetaSchema {
        kinds(&Actor::KINDS, "api_key")
    }
}

/// The identifier of a thing that events are about: a UUID, or the `kid` of a signing key.
pub(super) struct SubjectId(pub(super) String);

impl QueryValue for SubjectId {
    fn read(text: &str) -> Result<Self, Invalid> {
        if let Ok(uuid) = Uuid::try_parse(text) {
            return Ok(Self(uuid.to_string()));
        }
        model::KeyId::parse(text)
            .map(|key| Self(key.to_string()))
            .map_err(|_| Invalid::new("a UUID or the kid of a signing key"))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            pattern: Some("^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9_-]{43})$".to_owned()),
            example: Some(json!("0196a1c4-0d10-7f3a-8b44-5a6b7c8d9e0f")),
            ..MetaSchema::new("string")
        }
    }
}

/// The order of events.
#[derive(Clone, Copy)]
pub(super) struct ByTime {
    /// Whether the newest come first.
    pub(super) descending: bool,
}

impl QueryValue for ByTime {
    fn read(text: &str) -> Result<Self, Invalid> {
        match text {
            "at" => Ok(Self { descending: false }),
            "-at" => Ok(Self { descending: true }),
            _ => Err(Invalid::new("at or -at")),
        }
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: vec![json!("at"), json!("-at")],
            default: Some(json!("-at")),
            example: Some(json!("-at")),
            ..MetaSchema::new("string")
        }
    }
}

fn known(text: &str, kinds: &[&str]) -> Option<String> {
    kinds.contains(&text).then(|| text.to_owned())
}

fn kinds(kinds: &[&str], example: &str) -> MetaSchema {
    MetaSchema {
        enum_items: kinds.iter().map(|kind| json!(kind)).collect(),
        example: Some(json!(example)),
        ..MetaSchema::new("string")
    }
}
