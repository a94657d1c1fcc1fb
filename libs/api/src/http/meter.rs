//! What is measured of each request, in the words of OpenTelemetry's conventions for HTTP. Never anything that a caller
//! made up, nor a tenant: each combination of attributes is kept in memory for as long as the server runs.

use std::{sync::Arc, time::Instant};

use opentelemetry::{
    KeyValue, global,
    metrics::{Histogram, UpDownCounter},
};
use poem::http::StatusCode;

/// The limits of the conventions, from 5 milliseconds on, with two more below: a check is answered faster than that.
const SECONDS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

const METHOD: &str = "http.request.method";
const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";
const ERROR: &str = "error.type";

/// What requests are counted with.
pub(crate) struct Meter {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
}

impl Meter {
    /// Measures into what the process has installed by now, which may be nothing.
    pub(crate) fn new() -> Self {
        let meter = global::meter("leasehold");
        Self {
            duration: meter
                .f64_histogram("http.server.request.duration")
                .with_description("Duration of HTTP requests.")
                .with_unit("s")
                .with_boundaries(SECONDS.to_vec())
                .build(),
            active: meter
                .i64_up_down_counter("http.server.active_requests")
                .with_description("Requests that are being answered.")
                .with_unit("{request}")
                .build(),
        }
    }

    /// A request begins.
    pub(crate) fn begin(&self, method: &'static str) -> Measured<'_> {
        self.active.add(1, &[KeyValue::new(METHOD, method), scheme()]);
        Measured { meter: self, method, begun: Instant::now(), answered: false }
    }
}

/// This server speaks no TLS; a proxy before it may.
fn scheme() -> KeyValue {
    KeyValue::new("url.scheme", "http")
}

/// A request that is measured. Dropped without an answer, it was cut off.
pub(crate) struct Measured<'m> {
    meter: &'m Meter,
    method: &'static str,
    begun: Instant,
    answered: bool,
}

impl Measured<'_> {
    /// Seconds since its beginning.
    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// It is answered, after so many seconds.
    pub(crate) fn answered(mut self, route: Option<&Arc<str>>, status: StatusCode, seconds: f64) {
        self.answered = true;
        let method = KeyValue::new(METHOD, self.method);
        let code = KeyValue::new(STATUS, i64::from(status.as_u16()));
        match route {
            Some(route) if !status.is_server_error() => {
                let route = KeyValue::new(ROUTE, Arc::clone(route));
                self.meter.duration.record(seconds, &[method, scheme(), route, code]);
            }
            route => {
                let mut attributes = vec![method, scheme(), code];
                attributes.extend(route.map(|route| KeyValue::new(ROUTE, Arc::clone(route))));
                if status.is_server_error() {
                    attributes.push(KeyValue::new(ERROR, status.as_str().to_owned()));
                }
                self.meter.duration.record(seconds, &attributes);
            }
        }
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        let method = KeyValue::new(METHOD, self.method);
        if !self.answered {
            let attributes = [method.clone(), scheme(), KeyValue::new(ERROR, "cut_off")];
            self.meter.duration.record(self.seconds(), &attributes);
        }
        self.meter.active.add(-1, &[method, scheme()]);
    }
}
