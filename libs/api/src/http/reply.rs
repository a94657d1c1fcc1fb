//! Answers that are kept for idempotency keys: made once as text, sent as that text each time.

use std::marker::PhantomData;

use licensing::Rendered;
use poem::{
    IntoResponse, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Serialize;

use crate::problem;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An answer documented as `T` with the status `STATUS`; or, when the license was refused, a problem document.
pub(crate) struct Reply<T, const STATUS: u16> {
    rendered: Rendered,
    replayed: bool,
    shape: PhantomData<fn() -> T>,
}

impl<T: Serialize, const STATUS: u16> Reply<T, STATUS> {
    /// Makes the answer in the form in which it is sent and kept.
    pub(crate) fn render(answer: &T) -> Rendered {
        render(STATUS, answer)
    }

    /// An answer that was just made.
    pub(crate) const fn fresh(rendered: Rendered) -> Self {
        Self { rendered, replayed: false, shape: PhantomData }
    }

    /// The answer that the first request with this idempotency key was given.
    pub(crate) const fn replayed(rendered: Rendered) -> Self {
        Self { rendered, replayed: true, shape: PhantomData }
    }
}

/// An answer in the form in which it is sent and kept.
pub(crate) fn render(status: u16, answer: &impl Serialize) -> Rendered {
    #[expect(
        clippy::expect_used,
        reason = "wire shapes have only texts as names and nothing that fails to serialise"
    )]
    let body = {
        // Most answers fit.
        let mut body = Vec::with_capacity(1_024);
        serde_json::to_writer(&mut body, answer).expect("wire shapes serialise");
        String::from_utf8(body).expect("JSON is UTF-8")
    };
    Rendered { status, body }
}

/// An answer that is kept nowhere.
pub(crate) fn json(status: u16, answer: &impl Serialize) -> Response {
    respond(render(status, answer), "application/json")
}

fn respond(rendered: Rendered, media_type: &'static str) -> Response {
    let status = StatusCode::from_u16(rendered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::builder().status(status).body(rendered.body);
    let headers = response.headers_mut();
    // With room for those that the front adds.
    headers.reserve(14);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

impl<T: Send, const STATUS: u16> IntoResponse for Reply<T, STATUS> {
    fn into_response(self) -> Response {
        let media_type =
            if (200..300).contains(&self.rendered.status) { "application/json" } else { problem::MEDIA_TYPE };
        let mut response = respond(self.rendered, media_type);
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

impl<T: Type, const STATUS: u16> ApiResponse for Reply<T, STATUS> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: if STATUS == 201 { "It is done." } else { "The answer." },
                status: Some(STATUS),
                status_range: None,
                content: vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }],
                headers: vec![request_id_header()],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// How the request's identifier is documented in answers.
pub(crate) fn request_id_header() -> MetaHeader {
    text_header(
        "X-Request-Id",
        "Identifies the request in the server's log: the caller's identifier, or one that was made.",
    )
}

/// How a header of an answer is documented.
pub(crate) fn text_header(name: &str, description: &str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: false,
        schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
    }
}
