//! The flags that stand for settings.

use clap::Args;

/// Where the data is.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DatabaseFlags {
    /// Read settings from this TOML file [environment: `LEASEHOLD_CONFIG`].
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub(crate) config: Option<String>,
    /// Keep an embedded database and its master key in this folder [environment: `LEASEHOLD_DATA`; default:
    /// leasehold-data].
    #[arg(long, value_name = "FOLDER", help_heading = "Configuration")]
    pub(crate) data: Option<String>,
    /// Use this PostgreSQL database; better set in the environment, because others can see command lines
    /// [environment: `LEASEHOLD_DATABASE_URL`].
    #[arg(long, value_name = "URL", help_heading = "Configuration")]
    pub(crate) database_url: Option<String>,
}

/// How the server is reached.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServeFlags {
    /// Listen on this address and port; port 0 takes a free one [environment: `LEASEHOLD_LISTEN`; default:
    /// 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// The URL under which clients reach this server [environment: `LEASEHOLD_PUBLIC_URL`; default: that of the
    /// address].
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Serve this tenant also at the root, without /t/TENANT [environment: `LEASEHOLD_DEFAULT_TENANT`].
    #[arg(long, value_name = "TENANT")]
    pub(crate) default_tenant: Option<String>,
    /// Show metrics to Prometheus at /metrics on this address and port, apart from everything else [environment:
    /// `LEASEHOLD_METRICS_LISTEN`; default: not at all].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<String>,
    /// Send traces, metrics and logs to this OTLP receiver, over HTTP [environment: `LEASEHOLD_OTLP_ENDPOINT`, else
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`; default: not at all].
    #[arg(long, value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Believe these proxies when they say from which address a request comes: IP addresses and networks, with commas
    /// between them [environment: `LEASEHOLD_TRUSTED_PROXIES`; default: none].
    #[arg(long, value_name = "NETWORKS")]
    pub(crate) trusted_proxies: Option<String>,
}
