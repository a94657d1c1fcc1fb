//! Problem documents (RFC 9457): the one form in which all errors are sent.

mod catalogue;
mod convert;
pub(crate) mod pages;

use std::{borrow::Cow, fmt};

use licensing::{Refused, Rendered, Throttled};
use model::Reason;
use poem::{
    Response,
    error::ResponseError,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{Example, Type},
};
use serde::Serialize;

pub(crate) use self::{
    catalogue::{Code, Fault},
    convert::{failed, framework, in_body, managed},
};
use crate::http::{reply, request_id};

/// The media type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The registered type of the problem that a rate limit was reached (draft-ietf-httpapi-ratelimit-headers).
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// An error on its way to the client. Holds nothing that the client may not see.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    detail: Option<Cow<'static, str>>,
    errors: Vec<Violation>,
    refused: Option<Refused>,
    violated: Vec<&'static str>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// One member of a request that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Object, Serialize)]
#[oai(rename = "ProblemError", example)]
pub(crate) struct Violation {
    /// Where: a JSON Pointer (RFC 6901) into the body.
    pub(crate) pointer: String,
    /// What is wrong with it.
    pub(crate) detail: String,
}

/// An error (RFC 9457). `code` says which one; the catalogue is served at `type`.
#[derive(Object, Serialize)]
#[oai(rename = "Problem", example, skip_serializing_if_is_none)]
struct Document {
    /// The page about this kind of problem, relative to the origin of the server.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// What is wrong, in a sentence; the same for all problems of one code.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The stable code of this kind of problem. When a license is refused, it is the primary reason. New codes may come.
    code: String,
    /// More about this problem, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// Identifies the request in the server's log.
    request_id: String,
    /// The members that are not acceptable, when the request was understood but is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<Violation>>,
    /// The names of the rate limits that do not allow the request now, as `RateLimit-Policy` has them.
    #[oai(rename = "violated-policies")]
    #[serde(rename = "violated-policies", skip_serializing_if = "Option::is_none")]
    violated: Option<Vec<String>>,
    /// All the reasons for which a license is refused, in order. New ones may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<Vec<String>>,
    /// Names the decision by which a license is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_id: Option<String>,
    /// The signed refusal, a compact JWS, when the request carried a nonce.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
    /// What the vendor wants people to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    support_message: Option<String>,
}

impl Problem {
    fn of(code: Code) -> Self {
        Self(Box::new(Parts {
            code,
            detail: None,
            errors: Vec::new(),
            refused: None,
            violated: Vec::new(),
            header: None,
        }))
    }

    /// A fault, explained by its row in the catalogue.
    pub(crate) fn new(fault: Fault) -> Self {
        Self::of(Code::Fault(fault))
    }

    /// A refused license.
    pub(crate) fn refused(refused: &Refused) -> Self {
        let mut problem = Self::of(Code::Refused(refused.refusal.primary()));
        problem.0.refused = Some(refused.clone());
        problem
    }

    /// A request that rate limits do not allow now.
    pub(crate) fn throttled(throttled: &Throttled) -> Self {
        let mut problem = Self::new(Fault::QuotaExceeded)
            .header(header::RETRY_AFTER, HeaderValue::from(throttled.retry_after));
        let refusing = throttled.limits.iter().filter(|limit| limit.retry_after.is_some());
        problem.0.violated = refusing.map(|limit| limit.name).collect();
        problem
    }

    /// A request that was understood but is not valid.
    pub(crate) fn invalid(errors: Vec<Violation>) -> Self {
        let mut problem = Self::new(Fault::ValidationFailed);
        problem.0.errors = errors;
        problem
    }

    /// Says more than the catalogue does. Never anything of ours: no SQL, no type names, no values.
    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// Which fault it is; `None` for a refused license.
    pub(crate) const fn fault(&self) -> Option<Fault> {
        match self.0.code {
            Code::Fault(fault) => Some(fault),
            Code::Refused(_) => None,
        }
    }

    /// The HTTP status.
    pub(crate) fn status_number(&self) -> u16 {
        self.0.code.entry().status
    }

    /// What is wrong, in a sentence or two, for answers that are no problem documents.
    pub(crate) fn sentence(&self) -> String {
        let title = self.0.code.entry().title;
        match &self.0.detail {
            Some(detail) => format!("{title} {detail}"),
            None => title.to_owned(),
        }
    }

    /// The members that are not acceptable.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.0.errors
    }

    /// The header that was added to the answer.
    pub(crate) const fn extra_header(&self) -> Option<&(HeaderName, HeaderValue)> {
        self.0.header.as_ref()
    }

    /// The status and the document, for a request.
    pub(crate) fn render(&self, request_id: &str, path: &str) -> Rendered {
        let Parts { code, detail, errors, refused, violated, .. } = &*self.0;
        let entry = code.entry();
        let refused = refused.as_ref();
        reply::render(
            entry.status,
            &Document {
                kind: match code {
                    Code::Fault(Fault::QuotaExceeded) => QUOTA_EXCEEDED.to_owned(),
                    _ => pages::path(entry.code),
                },
                title: entry.title.to_owned(),
                status: entry.status,
                code: entry.code.to_owned(),
                detail: Some(detail.as_deref().unwrap_or(entry.advice).to_owned()),
                instance: request_id::is_plain_path(path).then(|| path.to_owned()),
                request_id: request_id.to_owned(),
                errors: (!errors.is_empty()).then(|| errors.clone()),
                violated: (!violated.is_empty())
                    .then(|| violated.iter().map(|&name| name.to_owned()).collect()),
                codes: refused.map(|refused| codes(refused.refusal.reasons())),
                decision_id: refused.map(|refused| refused.decision_id.to_string()),
                verdict: refused.and_then(|refused| refused.verdict.clone()),
                support_message: refused.and_then(|refused| refused.support_message.clone()),
            },
        )
    }

    /// The answer to a request.
    pub(crate) fn respond(&self, request_id: &str, path: &str) -> Response {
        let rendered = self.render(request_id, path);
        let mut response = Response::builder()
            .status(self.status())
            .header(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))
            .body(rendered.body);
        if let Some((name, value)) = &self.0.header {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

/// The codes of reasons.
pub(crate) fn codes(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(|reason| reason.code().to_owned()).collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.entry().code)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.entry().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        let range = |range: &str, description| MetaResponse {
            description,
            status: None,
            status_range: Some(range.to_owned()),
            content: vec![MetaMediaType { content_type: MEDIA_TYPE, schema: Document::schema_ref() }],
            headers: vec![reply::request_id_header()],
        };
        MetaResponses {
            responses: vec![
                range("4XX", "The request failed, or the license is refused; `code` says why."),
                range("5XX", "The server failed. Nothing was changed."),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        Document::register(registry);
    }
}

impl Example for Violation {
    fn example() -> Self {
        Self {
            pointer: "/fingerprint".to_owned(),
            detail: "must be 1 to 512 bytes of text without control characters".to_owned(),
        }
    }
}

impl Example for Document {
    fn example() -> Self {
        let entry = Code::Refused(Reason::SeatsExhausted).entry();
        Self {
            kind: pages::path(entry.code),
            title: entry.title.to_owned(),
            status: entry.status,
            code: entry.code.to_owned(),
            detail: Some(entry.advice.to_owned()),
            instance: Some("/t/demo/v1/activate".to_owned()),
            request_id: "0196a1c4-7c3e-7d52-9a55-1f0a3b6c2d41".to_owned(),
            errors: None,
            violated: None,
            codes: Some(vec![entry.code.to_owned()]),
            decision_id: Some("0196a1c4-7c40-7f11-8b2e-5d7c9e0f1a23".to_owned()),
            verdict: None,
            support_message: Some("Write to support@example.com.".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use licensing::Error;
    use model::{DecisionId, Refusal};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_refusal_tells_all_its_reasons_and_no_more() {
        let refused = Refused {
            refusal: Refusal::unless_none(vec![Reason::SeatsExhausted, Reason::Expired]).unwrap_err(),
            decision_id: DecisionId::from_uuid("0196a1c4-7c40-7f11-8b2e-5d7c9e0f1a23".parse().unwrap()),
            verdict: None,
            support_message: None,
        };
        let rendered = Problem::refused(&refused).render("r-1", "/v1/activate");
        assert_eq!(rendered.status, 403);
        assert_eq!(
            serde_json::from_str::<Value>(&rendered.body).unwrap(),
            json!({
                "type": "/problems/expired",
                "title": "The license has expired.",
                "status": 403,
                "code": "expired",
                "detail": "Offer to renew, then check again.",
                "instance": "/v1/activate",
                "request_id": "r-1",
                "codes": ["expired", "seats_exhausted"],
                "decision_id": "0196a1c4-7c40-7f11-8b2e-5d7c9e0f1a23",
            })
        );
    }

    #[test]
    fn sources_of_errors_are_not_sent() {
        let cause = || "SELECT secret FROM licenses".into();
        for (error, status) in [
            (Error::Unavailable(cause()), 503),
            (Error::Internal("a row is damaged", Some(cause())), 500),
            (Error::Conflict("licenses_pkey".to_owned()), 500),
            (Error::NotFound("customer_row"), 500),
            (Error::IdempotencyKeyInUse, 409),
            (Error::IdempotencyKeyReused, 422),
        ] {
            let problem = failed(error);
            let response = problem.respond("r-1", "/v1/activate");
            assert_eq!(response.status(), status);
            assert_eq!(response.headers().contains_key("retry-after"), matches!(status, 503 | 409));
            let body = problem.render("r-1", "/v1/activate").body;
            for secret in ["SELECT", "damaged", "pkey", "customer_row", "null"] {
                assert!(!body.contains(secret), "{body}");
            }
        }
    }
}
