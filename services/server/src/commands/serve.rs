//! `leasehold serve`.

use std::time::Duration;

use api::Settings;
use clap::Args;
use ephemeral::{Ephemeral, RedisConfig};
use licensing::Entropy;

use super::block_on_threads;
use crate::config::{Config, DatabaseFlags, PlatformToken, ServeFlags};
use crate::fault::{Fault, Result};
use crate::http::Limits;
use crate::installation::{Installation, Missing, ServerSetup};
use crate::output::say;
use crate::running::{Running, Signals, listen_for, listen_on};
use crate::telemetry::Telemetry;

const EXAMPLES: &str = "\
Examples:
  leasehold serve                                  an embedded database in ./leasehold-data
  leasehold serve --data /var/lib/leasehold --listen 0.0.0.0:8080
  LEASEHOLD_DATABASE_URL=postgres://… LEASEHOLD_MASTER_KEY_FILE=/run/secrets/master.key leasehold serve

Prints one line on standard output when it is ready; logs go to standard error. SIGTERM and SIGINT end it in order: \
what has arrived is answered first, for at most 10 seconds. A second signal ends it at once.";

/// Run the server.
///
/// Without a database URL, an SQLite database and its master key live in the data folder; they are made at the
/// first start. The tables are brought up to this version before the server answers.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    #[command(flatten)]
    serve: ServeFlags,
    /// Refuse to start when the tables are not those of this version, instead of changing them.
    #[arg(long)]
    no_migrate: bool,
    /// Close a connection that has not sent a whole header after this many milliseconds.
    #[arg(long, hide = true, value_name = "MILLISECONDS", default_value = "10000")]
    header_timeout: u64,
    #[command(flatten)]
    database: DatabaseFlags,
}

impl Serve {
    pub(super) fn run(self) -> Result<()> {
        let mut config = Config::of_server(&self.database, &self.serve)?;
        let telemetry = Telemetry::start(&config.logging, &config.telemetry)?;
        for variable in &config.unknown_variables {
            tracing::warn!(variable, "this environment variable means nothing");
        }
        let missing = if self.no_migrate { Missing::Refuse } else { Missing::Make };
        let limits = Limits { header_read: Duration::from_millis(self.header_timeout), ..Limits::default() };
        let ended = block_on_threads(async {
            let server = ServerSetup { shared: share(config.redis.take())?, rate_limits: config.rate_limits };
            let installation = Installation::open_for_server(&config.database, missing, server).await?;
            let signals = Signals::install()?;
            let (listener, address) = match listen_on(config.listen).await {
                Ok(listening) => listening,
                Err(fault) => return installation.close().await.and(Err(fault)),
            };
            let metrics = match config.telemetry.metrics_listen {
                Some(address) => match listen_for(address, "--metrics-listen").await {
                    Ok((listener, address)) => Some((listener, address)),
                    Err(fault) => return installation.close().await.and(Err(fault)),
                },
                None => None,
            };
            config.listen = address;
            let settings = Settings {
                public_url: config.public_url().ok(),
                default_tenant: config.default_tenant,
                platform_token_hash: config.platform_token.as_ref().map(PlatformToken::hash),
                trusted_proxies: config.trusted_proxies,
            };
            telemetry.observe(&installation);
            installation.warm_up().await;
            let mut running = Running::start(installation, listener, settings, limits);
            if let Some(((listener, address), exposition)) = metrics.zip(telemetry.exposition()) {
                running.show_metrics(listener, exposition);
                tracing::info!(%address, "metrics are shown");
            }
            tracing::info!(%address, "ready");
            say(&format!("Leasehold is ready at http://{address}"))?;
            running.until(signals).await
        });
        telemetry.stop();
        ended
    }
}

/// What this server shares with others over Redis. Whether Redis answers does not matter now.
fn share(config: Option<RedisConfig>) -> Result<Option<Ephemeral>> {
    let Some(config) = config else { return Ok(None) };
    let instance = u64::from_be_bytes(Entropy::System.bytes());
    let shared = Ephemeral::redis(&config, instance);
    shared.map(Some).map_err(|error| Fault::usage(format_args!("LEASEHOLD_REDIS_URL: {error}")))
}
