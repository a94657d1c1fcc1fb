//! Where measurements and traces go.

use std::net::SocketAddr;

use super::layers::Layers;
use super::{ServeFlags, Setting, base_url};
use crate::fault::Result;

/// Where measurements and traces go, beside the logs on standard error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Telemetry {
    /// Where Prometheus reads metrics; nowhere when not set.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The OTLP receiver, without a slash at its end; when not set, nothing is sent.
    pub(crate) otlp_endpoint: Option<String>,
}

const OTLP_RULE: &str = "an http or https URL without user, query and fragment, such as http://localhost:4318 (credentials go in \
     OTEL_EXPORTER_OTLP_HEADERS)";

impl Telemetry {
    pub(super) fn choose(layers: &Layers, flags: &ServeFlags) -> Result<Self> {
        let metrics_listen = layers
            .pick("metrics_listen", flags.metrics_listen.as_deref())
            .map(|setting| {
                setting.parse("an address with a port, such as 127.0.0.1:9464", |text| text.parse().ok())
            })
            .transpose()?;
        let otlp_endpoint = layers
            .pick("otlp_endpoint", flags.otlp_endpoint.as_deref())
            .or_else(|| layers.otlp_endpoint())
            .map(|setting: Setting| setting.parse(OTLP_RULE, otlp_endpoint))
            .transpose()?;
        Ok(Self { metrics_listen, otlp_endpoint })
    }
}

fn otlp_endpoint(text: &str) -> Option<String> {
    base_url(text).map(|url| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_without_secrets() {
        assert_eq!(otlp_endpoint("http://localhost:4318/").as_deref(), Some("http://localhost:4318"));
        assert_eq!(otlp_endpoint("https://o.example/otlp").as_deref(), Some("https://o.example/otlp"));
        assert_eq!(otlp_endpoint("HTTPS://O.example").as_deref(), Some("https://o.example"));
        for bad in
            ["localhost:4318", "grpc://a", "http://user:secret@a", "http://a/?key=secret", "http://a#b"]
        {
            assert_eq!(otlp_endpoint(bad), None, "{bad}");
        }
    }
}
