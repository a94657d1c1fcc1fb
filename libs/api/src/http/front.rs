//! The outermost layer: gives every request an identifier and a span, and turns every failure into an answer in the
//! words of the API that was called: a problem document, but for the APIs of older apps.

use std::{
    any::Any,
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use futures::FutureExt as _;
use licensing::{Clock, LimitStanding};
use opentelemetry::{
    Context, KeyValue,
    trace::{Status, TraceContextExt as _},
};
use poem::{
    Endpoint, Request, Response,
    http::{HeaderValue, Method, StatusCode, Uri, header},
};
use tracing::{Instrument as _, Level};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{
    address::{self, TrustedProxies},
    meter::Meter,
    rate_limit, request_id,
};
use crate::{
    face::Face,
    problem::{self, Fault, Problem},
};

/// What all layers know of a request. Cheap to clone; clones share everything.
#[derive(Clone)]
pub(crate) struct RequestContext(Arc<Known>);

struct Known {
    request_id: Arc<str>,
    uri: Uri,
    address: Option<IpAddr>,
    /// Kept where a panic cannot lose it, as the others that come to be known later.
    face: OnceLock<Face>,
    limits: OnceLock<Vec<LimitStanding>>,
    /// The template of the route.
    route: OnceLock<Arc<str>>,
}

impl RequestContext {
    fn new(request_id: Arc<str>, uri: Uri, address: Option<IpAddr>) -> Self {
        let (face, limits, route) = Default::default();
        Self(Arc::new(Known { request_id, uri, address, face, limits, route }))
    }

    /// What [`Front`] noted on a request.
    pub(crate) fn of(request: &Request) -> Self {
        request.data::<Self>().cloned().unwrap_or_else(|| Self::new("".into(), Uri::default(), None))
    }

    /// Identifies the request in logs, answers and the audit log.
    pub(crate) fn request_id(&self) -> &Arc<str> {
        &self.0.request_id
    }

    /// The path, without the query.
    pub(crate) fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// The address of the caller, where it has one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// Notes how the rate limits stand.
    pub(crate) fn note_limits(&self, limits: Vec<LimitStanding>) {
        // A request counts once.
        let _ = self.0.limits.set(limits);
    }

    /// Whether the request has counted for the rate limits.
    pub(crate) fn has_limits(&self) -> bool {
        self.0.limits.get().is_some()
    }

    /// Notes whose route the request took.
    pub(crate) fn set_face(&self, face: Face) {
        // A request takes one route, so the first note is the only one.
        let _ = self.0.face.set(face);
    }

    /// Whose route the request took; our own, when it took none.
    pub(crate) fn face(&self) -> Face {
        self.0.face.get().copied().unwrap_or_default()
    }
}

/// Notes which route a request took, for its span and its measurement: the template, never the path that was sent.
pub(crate) fn note_route(request: &Request, template: &Arc<str>) {
    // Noted where traces are collected: each note on a span of the log would write the whole span anew.
    Context::map_current(|trace| {
        if trace.has_active_span() {
            let span = trace.span();
            span.update_name(format!("{} {template}", known(request.method())));
            span.set_attribute(KeyValue::new("http.route", Arc::clone(template)));
        }
    });
    if let Some(context) = request.data::<RequestContext>() {
        // A request takes one route, so the first note is the only one.
        let _ = context.0.route.set(Arc::clone(template));
    }
}

/// Notes in the trace what was asked. Not on the span of the log, each of whose lines would repeat it.
fn note_method(method: &'static str) {
    Context::map_current(|trace| {
        if trace.has_active_span() {
            let span = trace.span();
            span.update_name(method);
            span.set_attribute(KeyValue::new("http.request.method", method));
            span.set_attribute(KeyValue::new("url.scheme", "http"));
        }
    });
}

/// Notes in the trace how the request ended.
fn note_status(status: StatusCode) {
    Context::map_current(|trace| {
        if !trace.has_active_span() {
            return;
        }
        let span = trace.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            span.set_status(Status::error(""));
            span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
        }
    });
}

/// Writes how the request ended to the log. What is asked millions of times and answered the same is counted and not told
/// of, and so is what a rate limit refuses: a flood would fill the log.
fn log_end(method: &'static str, route: Option<&Arc<str>>, status: StatusCode, seconds: f64) {
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(
                $level,
                http.request.method = method,
                http.route = route.map(|route| &**route),
                status = status.as_u16(),
                seconds,
                "answered"
            )
        };
    }
    if status.is_server_error() {
        line!(Level::WARN);
    } else if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
        line!(Level::INFO);
    } else {
        line!(Level::DEBUG);
    }
}

/// Wraps the routes so that every call ends in a response.
pub(crate) struct Front<E> {
    routes: E,
    clock: Clock,
    meter: Meter,
    proxies: TrustedProxies,
    make_request_id: Box<dyn Fn() -> Arc<str> + Send + Sync>,
}

impl<E: Endpoint<Output = Response>> Front<E> {
    /// Wraps `routes`, behind `proxies`; `make_request_id` makes an identifier for a request that has none.
    pub(crate) fn new(
        routes: E,
        clock: Clock,
        proxies: TrustedProxies,
        make_request_id: impl Fn() -> Arc<str> + Send + Sync + 'static,
    ) -> Self {
        Self { routes, clock, meter: Meter::new(), proxies, make_request_id: Box::new(make_request_id) }
    }

    async fn answer(&self, request: Request, context: &RequestContext) -> Response {
        let outcome = AssertUnwindSafe(self.routes.call(request)).catch_unwind().await;
        let problem = match outcome {
            Ok(Ok(response)) => return response,
            Ok(Err(error)) => problem::framework(error),
            Err(panic) => {
                tracing::error!(panic = message(panic.as_ref()), "a request panicked");
                Problem::new(Fault::Internal)
            }
        };
        context.face().respond(&problem, context, self.clock.now())
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Front<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let method = known(request.method());
        let measured = self.meter.begin(method);
        let trace = request_id::trace(request.headers());
        let request_id = request_id::sent(request.headers()).map_or_else(&self.make_request_id, Arc::from);
        let address = address::find(&request, &self.proxies);
        let context = RequestContext::new(request_id, request.uri().clone(), address);
        request.set_data(context.clone());

        let span = tracing::info_span!(
            "request",
            otel.kind = "server",
            request_id = &**context.request_id(),
            traceparent = trace.as_ref().and_then(|trace| trace.to_str().ok()),
        );
        if let Some(caller) = trace.as_ref().and_then(request_id::caller) {
            // Fails only when nothing collects traces.
            let _ = span.set_parent(caller);
        }
        let mut response = async {
            note_method(method);
            let response = self.answer(request, &context).await;
            let status = response.status();
            note_status(status);
            let (route, seconds) = (context.0.route.get(), measured.seconds());
            log_end(method, route, status, seconds);
            measured.answered(route, status, seconds);
            response
        }
        .instrument(span)
        .await;

        let headers = response.headers_mut();
        headers.reserve(12);
        if let Ok(request_id) = HeaderValue::from_str(context.request_id()) {
            headers.insert(request_id::REQUEST_ID, request_id);
        }
        if let Some(trace) = trace {
            headers.insert(request_id::TRACEPARENT, trace);
        }
        if let Some(limits) = context.0.limits.get() {
            rate_limit::tell(headers, limits);
        }
        // Answers hold leases, and the answers to one path differ by tenant, key and time: keep them nowhere, unless
        // the route says otherwise.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        // Pages that have a style say so in a policy of their own.
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ));
        Ok(response)
    }
}

/// A method's name; one word for all methods that a caller made up, so that they do not fill logs and metrics.
fn known(method: &Method) -> &'static str {
    const NAMES: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];
    NAMES.into_iter().find(|name| *name == method.as_str()).unwrap_or("_OTHER")
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use poem::endpoint::make;
    use serde_json::{Value, json};

    use super::*;

    async fn body(response: Response) -> Value {
        serde_json::from_str(&response.into_body().into_string().await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_panic_becomes_a_problem_that_tells_nothing() {
        let routes = make(|_| async { panic!("secret-key-1234") as Response });
        let front = Front::new(routes, Clock::System, TrustedProxies::default(), || "made".into());
        let response = front.call(Request::builder().uri_str("/v1/activate?key=1").finish()).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.content_type(), Some("application/problem+json"));
        assert_eq!(response.header("x-request-id"), Some("made"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        let body = body(response).await;
        assert_eq!(body["code"], "internal");
        assert_eq!(body["request_id"], "made");
        assert_eq!(body["instance"], "/v1/activate");
        assert!(!body.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn a_panic_is_told_in_the_words_of_the_api_that_was_called() {
        for (face, expected) in [
            (Face::MiniKeyServer, json!({"message": "Something went wrong on our side."})),
            (
                Face::FrameCad,
                json!({
                    "message": "Something went wrong on our side.",
                    "code": 13,
                    "now": "2026-03-01T12:00:00.250+00:00",
                }),
            ),
        ] {
            let routes = make(move |request: Request| async move {
                RequestContext::of(&request).set_face(face);
                panic!("secret-key-1234") as Response
            });
            let clock = Clock::fixed(model::Timestamp::parse("2026-03-01T12:00:00.25Z").unwrap());
            let front = Front::new(routes, clock, TrustedProxies::default(), || "made".into());
            let response = front.call(Request::default()).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(response.content_type(), Some("application/json"));
            assert_eq!(response.header("x-request-id"), Some("made"));
            assert_eq!(body(response).await, expected);
        }
    }

    #[tokio::test]
    async fn errors_of_the_framework_become_problems() {
        for (status, code) in
            [(404, "route_not_found"), (405, "method_not_allowed"), (418, "bad_request"), (502, "internal")]
        {
            let routes = make(move |_| async move {
                Err::<Response, _>(poem::Error::from_string(
                    "SELECT 1",
                    StatusCode::from_u16(status).unwrap(),
                ))
            });
            let front = Front::new(routes, Clock::System, TrustedProxies::default(), || "made".into());
            let request = Request::builder().header("x-request-id", "caller-1").finish();
            let response = front.call(request).await.unwrap();
            assert_eq!(response.header("x-request-id"), Some("caller-1"));
            let body = body(response).await;
            assert_eq!((&body["code"], &body["request_id"]), (&json!(code), &json!("caller-1")));
            assert!(!body.to_string().contains("SELECT"));
        }
    }
}
