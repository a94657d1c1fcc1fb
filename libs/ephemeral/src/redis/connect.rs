//! How Redis is reached.

use std::{fmt, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, RedisError,
    RedisFuture, RedisResult, TlsCertificates, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
};
use secrecy::{ExposeSecret, SecretString};

/// How long an answer may take. What takes longer is as good as nothing: the database answers sooner.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_millis(100);
/// How long it may take to connect.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// Which Redis, and what is ours in it.
#[derive(Clone)]
pub struct RedisConfig {
    /// Its URLs, with user and password: one, or several nodes of a cluster.
    pub urls: Vec<SecretString>,
    /// Whether it is a cluster.
    pub cluster: bool,
    /// What all keys begin with.
    pub prefix: String,
    /// The certificate authorities that are trusted instead of the system's, as PEM.
    pub ca_pem: Option<Vec<u8>>,
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig").field("cluster", &self.cluster).field("prefix", &self.prefix).finish()
    }
}

/// A configuration that can never work. Does not say what it was: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// A URL is none of Redis, or there is none.
    #[error("it is not the URL of a Redis")]
    Url,
    /// The certificate authorities cannot be read.
    #[error("the certificate authorities cannot be read as PEM")]
    Authorities,
}

impl RedisConfig {
    /// Whether it can ever work.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check(&self) -> Result<(), BadConfig> {
        Target::new(self).map(drop)
    }
}

/// Where to connect to.
pub(super) enum Target {
    Single(Box<Client>),
    Cluster(Box<ClusterClient>),
}

impl Target {
    pub(super) fn new(config: &RedisConfig) -> Result<Self, BadConfig> {
        let urls: Vec<&str> = config.urls.iter().map(ExposeSecret::expose_secret).collect();
        let mut secure = false;
        for url in &urls {
            let info = (*url).into_connection_info().map_err(|_| BadConfig::Url)?;
            secure |= matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        }
        let certificates = config
            .ca_pem
            .clone()
            .filter(|_| secure)
            .map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem) });
        if config.cluster {
            let mut builder = ClusterClientBuilder::new(urls)
                .connection_timeout(CONNECT_TIMEOUT)
                .response_timeout(RESPONSE_TIMEOUT)
                .retries(1);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            return builder.build().map(Box::new).map(Self::Cluster).map_err(|error| bad(&error));
        }
        let [url] = urls.as_slice() else { return Err(BadConfig::Url) };
        let client = match certificates {
            None => Client::open(*url),
            Some(certificates) => Client::build_with_tls(*url, certificates),
        };
        client.map(Box::new).map(Self::Single).map_err(|error| bad(&error))
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> RedisResult<Link> {
        let connecting = async {
            match self {
                Self::Single(client) => {
                    let config = AsyncConnectionConfig::new()
                        .set_connection_timeout(Some(CONNECT_TIMEOUT))
                        .set_response_timeout(Some(RESPONSE_TIMEOUT));
                    client.get_multiplexed_async_connection_with_config(&config).await.map(Link::Single)
                }
                Self::Cluster(client) => client.get_async_connection().await.map(Link::Cluster),
            }
        };
        match tokio::time::timeout(2 * CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
        }
    }
}

fn bad(error: &RedisError) -> BadConfig {
    match error.kind() {
        ErrorKind::InvalidClientConfig => BadConfig::Url,
        _ => BadConfig::Authorities,
    }
}

/// A connection, over which many requests are under way at once.
#[derive(Clone)]
pub(super) enum Link {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a redis::Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
