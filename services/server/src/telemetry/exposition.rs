//! What Prometheus reads: `GET /metrics`, and nothing else.

use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, Request, Response};
use prometheus::{Encoder as _, Registry, TEXT_FORMAT, TextEncoder};

/// An endpoint that shows the metrics of the process.
pub(crate) struct Exposition {
    registry: Registry,
}

impl Exposition {
    pub(super) const fn new(registry: Registry) -> Self {
        Self { registry }
    }

    fn text(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

impl Endpoint for Exposition {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let asked =
            request.uri().path() == "/metrics" && [Method::GET, Method::HEAD].contains(request.method());
        let response = match asked.then(|| self.text()) {
            None => StatusCode::NOT_FOUND.into(),
            Some(Ok(text)) => Response::builder().header(header::CONTENT_TYPE, TEXT_FORMAT).body(text),
            Some(Err(error)) => {
                tracing::warn!(%error, "the metrics cannot be shown");
                StatusCode::INTERNAL_SERVER_ERROR.into()
            }
        };
        Ok(response)
    }
}
