//! Answers that show one thing: with its entity tag, and its address when it is new.

use licensing::{Answer, Decision, Rendered};
use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;
use serde_json::Value;

use super::{
    reply::{self, Reply, request_id_header, text_header},
    tenant::TenantCall,
};

/// A thing that has an address of its own: the wire shape of something that vendors manage.
pub(crate) trait Resource: Type + Serialize {
    /// The member that ends its address.
    const NAME: &'static str;
    /// The place of its revision: a JSON Pointer (RFC 6901).
    const REVISION: &'static str = "/revision";
}

/// An answer with status 200 that shows a thing with its entity tag, from its revision; given again as it was for
/// an idempotency key that was used before.
pub(crate) struct Shown<T>(Reply<T, 200>, Option<HeaderValue>);

impl<T: Resource> Shown<T> {
    /// Renders a thing.
    pub(crate) fn render(shape: &T) -> Rendered {
        reply::render(200, shape)
    }

    /// Shows it.
    pub(crate) fn new(shape: &T) -> Self {
        let rendered = Self::render(shape);
        let tag = tag::<T>(&members(&rendered));
        Self(Reply::fresh(rendered), tag)
    }

    /// The answer to a request that changed a thing.
    pub(crate) fn of<D>(answer: Answer<D>, render: impl FnOnce(&Decision<D>) -> Rendered) -> Self {
        let (rendered, replayed) = made(answer, render);
        let tag = tag::<T>(&members(&rendered));
        Self(if replayed { Reply::replayed(rendered) } else { Reply::fresh(rendered) }, tag)
    }
}

/// An answer with status 201 that shows a new thing with its entity tag and its address; given again as it was for an
/// idempotency key that was used before.
pub(crate) struct Created<T> {
    reply: Reply<T, 201>,
    location: Option<HeaderValue>,
    tag: Option<HeaderValue>,
}

impl<T: Resource> Created<T> {
    /// Renders a new thing.
    pub(crate) fn render(shape: &T) -> Rendered {
        reply::render(201, shape)
    }

    /// The answer to a request that adds something to the list that its path names.
    pub(crate) fn of<D>(
        answer: Answer<D>,
        render: impl FnOnce(&Decision<D>) -> Rendered,
        caller: &TenantCall,
    ) -> Self {
        let (rendered, replayed) = made(answer, render);
        let body = members(&rendered);
        let name = body.get(T::NAME).and_then(Value::as_str);
        let location = name.and_then(|name| HeaderValue::try_from(format!("{}/{name}", caller.path())).ok());
        let tag = tag::<T>(&body);
        let reply = if replayed { Reply::replayed(rendered) } else { Reply::fresh(rendered) };
        Self { reply, location, tag }
    }
}

/// The answer as it is sent, and whether it was sent before.
fn made<D>(answer: Answer<D>, render: impl FnOnce(&Decision<D>) -> Rendered) -> (Rendered, bool) {
    match answer {
        Answer::Fresh(decision) => (render(&decision), false),
        Answer::Replayed(rendered) => (rendered, true),
    }
}

/// An answer with status 201 that shows what was made, in an API that keeps no answers for idempotency keys.
pub(crate) struct NewThing<T> {
    reply: Reply<T, 201>,
    location: Option<HeaderValue>,
}

impl<T: Type + Serialize> NewThing<T> {
    /// Shows it, and says at which path it is found from now on.
    pub(crate) fn new(shape: &T, location: &str) -> Self {
        Self {
            reply: Reply::fresh(reply::render(201, shape)),
            location: HeaderValue::try_from(location).ok(),
        }
    }
}

impl<T: Type + Serialize> IntoResponse for NewThing<T> {
    fn into_response(self) -> Response {
        let mut response = self.reply.into_response();
        if let Some(location) = self.location {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

impl<T: Type + Serialize> ApiResponse for NewThing<T> {
    fn meta() -> MetaResponses {
        let mut meta = Reply::<T, 201>::meta();
        for response in &mut meta.responses {
            response.description = "It is made.";
            response.headers.push(location_header());
        }
        meta
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

fn location_header() -> poem_openapi::registry::MetaHeader {
    text_header("Location", "Where it is found from now on: an absolute path.")
}

fn members(rendered: &Rendered) -> Value {
    serde_json::from_str(&rendered.body).unwrap_or_default()
}

fn tag<T: Resource>(body: &Value) -> Option<HeaderValue> {
    let revision = body.pointer(T::REVISION)?.as_u64()?;
    HeaderValue::try_from(format!("\"{revision}\"")).ok()
}

impl<T: Resource> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        if let Some(tag) = self.1 {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

impl<T: Resource> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = self.reply.into_response();
        let headers = [(header::LOCATION, self.location), (header::ETAG, self.tag)];
        for (name, value) in headers {
            if let Some(value) = value {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl<T: Resource> ApiResponse for Shown<T> {
    fn meta() -> MetaResponses {
        let mut meta = Reply::<T, 200>::meta();
        for response in &mut meta.responses {
            response.headers.push(etag_header());
        }
        meta
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Resource> ApiResponse for Created<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "It is made.",
                status: Some(201),
                status_range: None,
                content: vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }],
                headers: vec![request_id_header(), location_header(), etag_header()],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

fn etag_header() -> poem_openapi::registry::MetaHeader {
    text_header("ETag", "Names this revision, for `If-Match`.")
}

/// An answer with status 204 and no body.
pub(crate) struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl ApiResponse for NoContent {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "It is done.",
                status: Some(204),
                status_range: None,
                content: Vec::new(),
                headers: vec![request_id_header()],
            }],
        }
    }

    fn register(_registry: &mut Registry) {}
}
