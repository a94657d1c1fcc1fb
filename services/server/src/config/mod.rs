//! The configuration: flags over environment over file over defaults, read once and checked.

mod flags;
mod layers;
mod logging;
mod master_key;
mod platform_token;
mod redis;
mod telemetry;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use api::TrustedProxies;
use ephemeral::RedisConfig;
use model::TenantSlug;
use secrecy::SecretString;
use url::Url;

pub(crate) use flags::{DatabaseFlags, ServeFlags};
use layers::{Layers, Setting};
pub(crate) use logging::{LogFormat, Logging};
pub(crate) use master_key::{MasterKeySource, read as read_master_key};
pub(crate) use platform_token::PlatformToken;
pub(crate) use telemetry::Telemetry;

use crate::fault::{Fault, Result};

/// Where the server listens when nothing else is said.
pub(crate) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_DATA: &str = "leasehold-data";

/// Everything that can be configured.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where the data is.
    pub(crate) database: Database,
    /// Where the server listens.
    pub(crate) listen: SocketAddr,
    /// The URL under which clients reach the server, without a slash at its end, when it was set.
    pub(crate) public_url: Option<String>,
    /// The tenant that is served at the root, and that commands work on when none is named.
    pub(crate) default_tenant: Option<TenantSlug>,
    /// The proxies that are believed when they say from which address a request comes.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Whether requests to tenants are limited in number.
    pub(crate) rate_limits: bool,
    /// What operators present to the platform API of a server; without one, there is no such API.
    pub(crate) platform_token: Option<PlatformToken>,
    /// The Redis that servers share, when there is one.
    pub(crate) redis: Option<RedisConfig>,
    /// What is logged.
    pub(crate) logging: Logging,
    /// Where measurements and traces of a server go.
    pub(crate) telemetry: Telemetry,
    /// Environment variables that begin like ours and are not: probably typing errors.
    pub(crate) unknown_variables: Vec<String>,
}

/// Where the data is, with the master key that opens it.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// SQLite in a data folder.
    Embedded {
        /// The data folder.
        folder: PathBuf,
        /// The master key, when it is not the one in the folder.
        master_key: Option<MasterKeySource>,
    },
    /// A PostgreSQL server.
    Postgres {
        /// Its URL, which may hold a password.
        url: SecretString,
        /// The master key; there must be one for all that uses keys.
        master_key: Option<MasterKeySource>,
    },
}

impl Config {
    /// Reads the configuration of a command that works on the database.
    ///
    /// # Errors
    /// A sentence that names the setting and where it was set.
    pub(crate) fn of_command(flags: &DatabaseFlags) -> Result<Self> {
        let layers = Layers::read(flags.config.as_deref())?;
        Self::merge(&layers, flags, &ServeFlags::default(), Logging::of_command())
    }

    /// Reads the configuration of a server.
    ///
    /// # Errors
    /// A sentence that names the setting and where it was set.
    pub(crate) fn of_server(flags: &DatabaseFlags, serve: &ServeFlags) -> Result<Self> {
        let layers = Layers::read(flags.config.as_deref())?;
        let mut config = Self::merge(&layers, flags, serve, Logging::of_server())?;
        config.platform_token = PlatformToken::choose(
            layers.environment("platform_token"),
            layers.pick("platform_token_file", None),
        )?;
        config.redis = redis::read(&layers, &config.database)?;
        config.telemetry = Telemetry::choose(&layers, serve)?;
        Ok(config)
    }

    /// Reads the configuration of a demonstration, which has a database of its own.
    ///
    /// # Errors
    /// A sentence that names the setting and where it was set.
    pub(crate) fn of_demo(serve: &ServeFlags) -> Result<Self> {
        let layers = Layers::read(None)?.without(&["data", "database_url", "master_key", "master_key_file"]);
        Self::merge(&layers, &DatabaseFlags::default(), serve, Logging::of_command())
    }

    fn merge(layers: &Layers, flags: &DatabaseFlags, serve: &ServeFlags, logging: Logging) -> Result<Self> {
        let listen =
            layers.pick("listen", serve.listen.as_deref()).map_or(Ok(DEFAULT_LISTEN), |setting| {
                setting.parse("an address with a port, such as 127.0.0.1:8080", |text| text.parse().ok())
            })?;
        let public_url = layers
            .pick("public_url", serve.public_url.as_deref())
            .map(|setting| setting.parse(PUBLIC_URL_RULE, public_url))
            .transpose()?;
        let default_tenant = layers
            .pick("default_tenant", serve.default_tenant.as_deref())
            .map(|setting| setting.parse(TenantSlug::RULE, |text| TenantSlug::parse(text).ok()))
            .transpose()?;
        let trusted_proxies = layers
            .pick("trusted_proxies", serve.trusted_proxies.as_deref())
            .map(|setting| setting.parse(TrustedProxies::RULE, |text| text.parse().ok()))
            .transpose()?
            .unwrap_or_default();
        let rate_limits = layers.pick("rate_limits", None).map_or(Ok(true), |setting| {
            setting.parse("on or off", |text| match text {
                "on" => Some(true),
                "off" => Some(false),
                _ => None,
            })
        })?;
        Ok(Self {
            database: database(layers, flags)?,
            listen,
            public_url,
            default_tenant,
            trusted_proxies,
            rate_limits,
            platform_token: None,
            redis: None,
            logging: logging.overridden(layers.pick("log", None), layers.pick("log_format", None))?,
            telemetry: Telemetry::default(),
            unknown_variables: layers.unknown_variables(),
        })
    }

    /// The URL under which clients reach the server; when none was set, that of the address it listens on.
    ///
    /// # Errors
    /// When none was set and the server listens on all addresses: nothing says by which one clients come.
    pub(crate) fn public_url(&self) -> Result<String> {
        match &self.public_url {
            Some(url) => Ok(url.clone()),
            None if self.listen.ip().is_unspecified() => Err(Fault::usage(
                "the server listens on all addresses, so nothing says which URL clients use: set LEASEHOLD_PUBLIC_URL",
            )),
            None => Ok(format!("http://{}", self.listen)),
        }
    }
}

fn database(layers: &Layers, flags: &DatabaseFlags) -> Result<Database> {
    let master_key =
        MasterKeySource::choose(layers.environment("master_key"), layers.pick("master_key_file", None))?;
    let Some(url) = layers.pick("database_url", flags.database_url.as_deref()) else {
        let folder = layers
            .pick("data", flags.data.as_deref())
            .map_or_else(|| DEFAULT_DATA.into(), |s| s.value.into());
        return Ok(Database::Embedded { folder, master_key });
    };
    if flags.data.is_some() {
        return Err(Fault::usage(format_args!(
            "--data asks for the embedded database, but {} names a PostgreSQL server: give only one of them",
            url.source
        )));
    }
    let url = postgres_url(&url)?;
    Ok(Database::Postgres { url, master_key })
}

/// The value may hold a password, so that no message shows it.
fn postgres_url(setting: &Setting) -> Result<SecretString> {
    let good = Url::parse(&setting.value)
        .is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql") && !url.cannot_be_a_base());
    if good {
        Ok(SecretString::from(setting.value.clone()))
    } else {
        Err(Fault::usage(format_args!(
            "{} must be a PostgreSQL URL, such as postgres://leasehold:PASSWORD@db.example.com/leasehold",
            setting.source
        )))
    }
}

const PUBLIC_URL_RULE: &str =
    "an http or https URL without query and fragment, such as https://licenses.example.com";

fn public_url(text: &str) -> Option<String> {
    base_url(text).map(|_| text.trim_end_matches('/').to_owned())
}

/// Reads an http or https URL to which paths are added: without query and fragment, user and password.
fn base_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let good = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    good.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_loses_its_last_slash() {
        assert_eq!(public_url("https://a.example/").as_deref(), Some("https://a.example"));
        assert_eq!(public_url("http://a.example:80/x").as_deref(), Some("http://a.example:80/x"));
        for bad in [
            "a.example",
            "ftp://a.example",
            "https://u@a.example",
            "https://a.example/?q",
            "https://a.example/#f",
        ] {
            assert_eq!(public_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_public_url_follows_the_address_unless_that_says_nothing() {
        let mut config = Config {
            database: Database::Embedded { folder: "x".into(), master_key: None },
            listen: DEFAULT_LISTEN,
            public_url: None,
            default_tenant: None,
            trusted_proxies: TrustedProxies::default(),
            rate_limits: true,
            platform_token: None,
            redis: None,
            logging: Logging::of_server(),
            telemetry: Telemetry::default(),
            unknown_variables: vec![],
        };
        assert_eq!(config.public_url().unwrap(), "http://127.0.0.1:8080");
        config.listen = "0.0.0.0:80".parse().unwrap();
        assert!(config.public_url().is_err());
        config.public_url = Some("https://a.example".to_owned());
        assert_eq!(config.public_url().unwrap(), "https://a.example");
    }
}
