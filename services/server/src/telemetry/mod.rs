//! Logs on standard error; where it is configured, also metrics for Prometheus, and metrics, traces and logs over OTLP.

mod exposition;
mod observed;
mod otlp;
mod plain;

use std::io::IsTerminal as _;

pub(crate) use exposition::Exposition;
use licensing::{Clock, Entropy};
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use otlp::Senders;
use plain::Plain;
use prometheus::Registry;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry as Spans, fmt};

use crate::config::{LogFormat, Logging, Telemetry as Settings};
use crate::fault::{Fault, Result};
use crate::installation::Installation;

/// Begins to log, for a command that sends no telemetry.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn start(logging: &Logging) -> Result<()> {
    // A second start in one process keeps the first logger.
    let _started = Spans::default().with(filter(logging)?).with(lines(logging)).try_init();
    Ok(())
}

/// What a server tells of itself.
pub(crate) struct Telemetry {
    registry: Option<Registry>,
    meters: Option<SdkMeterProvider>,
    senders: Option<Senders>,
}

impl Telemetry {
    /// Begins to log, to measure and to trace. Before the server is made: it takes its instruments from the process.
    ///
    /// # Errors
    /// When the filter of the logs cannot be read, or an exporter cannot be made.
    pub(crate) fn start(logging: &Logging, settings: &Settings) -> Result<Self> {
        let resource = resource();
        let senders = settings
            .otlp_endpoint
            .as_deref()
            .map(|endpoint| Senders::start(endpoint, &resource))
            .transpose()?;
        let registry = settings.metrics_listen.map(|_| Registry::new());
        let mut meters = SdkMeterProvider::builder().with_resource(resource);
        if let Some(registry) = &registry {
            let exporter = opentelemetry_prometheus::exporter()
                .with_registry(registry.clone())
                .scope_info_enabled(false)
                .build()
                .map_err(|error| Fault::failed(format_args!("metrics cannot be shown: {error}")))?;
            meters = meters.with_reader(exporter);
        }
        if let Some(endpoint) = &settings.otlp_endpoint {
            meters = meters.with_periodic_exporter(otlp::metrics(endpoint)?);
        }
        let measures = registry.is_some() || senders.is_some();
        let meters = measures.then(|| meters.build());
        if let Some(meters) = &meters {
            opentelemetry::global::set_meter_provider(meters.clone());
        }
        match &senders {
            None => start(logging)?,
            Some(senders) => {
                let (filter, of_lines) = (filter(logging)?, filter(logging)?);
                let _started = Spans::default()
                    .with(lines(logging).with_filter(otlp::but_exporters(of_lines)))
                    .with(senders.traces())
                    .with(senders.logs(filter))
                    .try_init();
            }
        }
        Ok(Self { registry, meters, senders })
    }

    /// Measures the process and what an installation uses.
    pub(crate) fn observe(&self, installation: &Installation) {
        if self.meters.is_some() {
            observed::process();
            observed::installation(installation);
        }
    }

    /// What Prometheus reads.
    pub(crate) fn exposition(&self) -> Option<Exposition> {
        self.registry.clone().map(Exposition::new)
    }

    /// Sends what is left, for a few seconds at most. Waits: not to be called by a task.
    pub(crate) fn stop(self) {
        if let Some(senders) = self.senders {
            senders.stop(self.meters);
        }
    }
}

/// The lines on standard error.
fn lines<S>(logging: &Logging) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let layer = fmt::layer().with_writer(std::io::stderr);
    match logging.format {
        LogFormat::Text if std::io::stderr().is_terminal() => layer.boxed(),
        LogFormat::Text => layer.with_ansi(false).fmt_fields(Plain).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).boxed(),
    }
}

fn filter(logging: &Logging) -> Result<EnvFilter> {
    EnvFilter::builder().parse(&logging.filter).map_err(|_| {
        Fault::usage(format_args!(
            "{} is not a log filter, such as info or warn,leasehold=debug",
            logging.filter_source
        ))
    })
}

/// What this process is. The standard variables, which the library reads, count before ours.
fn resource() -> Resource {
    let set = Resource::builder().build();
    let ours = |key: &'static str, value: String| {
        let of_operator = set.get(&Key::from_static_str(key)).map(|value| value.to_string());
        let of_operator = of_operator.filter(|value| !value.starts_with("unknown_service"));
        KeyValue::new(key, of_operator.unwrap_or(value))
    };
    let id = Entropy::System.uuid(Clock::System.now()).to_string();
    Resource::builder()
        .with_attributes([
            ours("service.name", "leasehold".to_owned()),
            ours("service.version", env!("CARGO_PKG_VERSION").to_owned()),
            ours("service.instance.id", id),
        ])
        .build()
}
