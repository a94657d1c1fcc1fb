//! Sending traces, metrics and logs over OTLP: in batches, from threads of their own, with queues that have an end. A
//! receiver that is away costs what would have been sent to it, and nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, SdkLoggerProvider};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use reqwest::blocking::Client;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::Filter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use crate::fault::{Fault, Result};

/// How long an export may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the end of the process waits for what is left to be sent.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What sends traces and logs.
pub(super) struct Senders {
    tracers: SdkTracerProvider,
    loggers: SdkLoggerProvider,
}

impl Senders {
    /// Begins to send to an endpoint.
    ///
    /// # Errors
    /// When there are no certificates for TLS, or the endpoint cannot be used.
    pub(super) fn start(endpoint: &str, resource: &Resource) -> Result<Self> {
        let spans = SpanExporter::builder()
            .with_http()
            .with_http_client(client(endpoint)?)
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .build()
            .map_err(cannot)?;
        let logs = LogExporter::builder()
            .with_http()
            .with_http_client(client(endpoint)?)
            .with_endpoint(format!("{endpoint}/v1/logs"))
            .build()
            .map_err(cannot)?;
        Ok(Self {
            tracers: SdkTracerProvider::builder()
                .with_batch_exporter(Watched::new(spans, "traces"))
                .with_resource(resource.clone())
                .build(),
            loggers: SdkLoggerProvider::builder()
                .with_batch_exporter(Watched::new(logs, "logs"))
                .with_resource(resource.clone())
                .build(),
        })
    }

    /// Makes traces of our spans.
    pub(super) fn traces<S>(&self) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let ours = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target().starts_with("leasehold");
        tracing_opentelemetry::layer()
            .with_tracer(self.tracers.tracer("leasehold"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(ours).with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Sends the logs that `filter` lets through, but those of sending them.
    pub(super) fn logs<S>(&self, filter: EnvFilter) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let senders = ["opentelemetry", "hyper", "reqwest", "rustls", "h2"];
        let other = move |metadata: &Metadata<'_>| {
            !senders.iter().any(|sender| metadata.target().starts_with(sender))
        };
        OpenTelemetryTracingBridge::new(&self.loggers).with_filter(filter.and(filter_fn(other)))
    }

    /// Sends what is left; gives up when it takes too long.
    pub(super) fn stop(self, meters: Option<SdkMeterProvider>) {
        let until = Instant::now() + LAST_WORDS;
        let (done, all) = mpsc::channel();
        let mut ends: Vec<Box<dyn FnOnce() + Send>> = vec![
            Box::new(move || drop(self.tracers.shutdown_with_timeout(LAST_WORDS))),
            Box::new(move || drop(self.loggers.shutdown_with_timeout(LAST_WORDS))),
        ];
        if let Some(meters) = meters {
            ends.push(Box::new(move || drop(meters.shutdown_with_timeout(LAST_WORDS))));
        }
        for end in ends {
            let done = done.clone();
            // A thread that waits too long is left behind: the process ends.
            std::thread::spawn(move || {
                end();
                drop(done);
            });
        }
        drop(done);
        // Nothing is ever said: it is over when nobody is left who could.
        let left = until.saturating_duration_since(Instant::now());
        if all.recv_timeout(left) == Err::<(), _>(mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the last telemetry was not sent in time");
        }
    }
}

/// Sends metrics to an endpoint.
///
/// # Errors
/// As [`Senders::start`].
pub(super) fn metrics(endpoint: &str) -> Result<impl PushMetricExporter + use<>> {
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(client(endpoint)?)
        .with_endpoint(format!("{endpoint}/v1/metrics"))
        .build()
        .map_err(cannot)?;
    Ok(Watched::new(exporter, "metrics"))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` wants")]
fn cannot(error: ExporterBuildError) -> Fault {
    Fault::usage(format_args!("telemetry cannot be sent: {error}"))
}

/// A client of its own for each signal, so that they do not wait for each other.
fn client(endpoint: &str) -> Result<Client> {
    let mut builder = Client::builder().timeout(PATIENCE);
    if endpoint.starts_with("http:") {
        // Without TLS, a machine without certificates is good enough.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let source =
            std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        Fault::failed(format_args!("telemetry cannot be sent: no HTTP client can be made{source}"))
    })
}

/// Leaves out what the exporters say of each failure, since [`Watched`] says it once; keeps what they say of losses.
pub(super) fn but_exporters<S>(filter: EnvFilter) -> impl Filter<S> {
    filter.and(filter_fn(|metadata| {
        !metadata.target().starts_with("opentelemetry")
            || metadata.name().ends_with("DroppingStarted")
            || metadata.name().ends_with("Dropped")
    }))
}

/// An exporter of which the log says when it begins to fail, and when it works again.
#[derive(Debug)]
struct Watched<E> {
    exporter: E,
    signal: &'static str,
    fails: AtomicBool,
}

impl<E> Watched<E> {
    const fn new(exporter: E, signal: &'static str) -> Self {
        Self { exporter, signal, fails: AtomicBool::new(false) }
    }

    fn note(&self, result: OTelSdkResult) -> OTelSdkResult {
        let signal = self.signal;
        match &result {
            Err(error) if !self.fails.swap(true, Ordering::Relaxed) => {
                tracing::warn!(signal, %error, "telemetry cannot be sent, and is lost until it can");
            }
            Ok(()) if self.fails.swap(false, Ordering::Relaxed) => {
                tracing::info!(signal, "telemetry is sent again");
            }
            _ => {}
        }
        result
    }
}

impl<E: opentelemetry_sdk::trace::SpanExporter> opentelemetry_sdk::trace::SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.note(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: opentelemetry_sdk::logs::LogExporter> opentelemetry_sdk::logs::LogExporter for Watched<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.note(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Watched<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.note(self.exporter.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
