//! Where Redis is.

use std::{fmt, time::Duration};

use redis::{
    Client as SingleClient, ConnectionAddr, IntoConnectionInfo as _, TlsCertificates,
    cluster::ClusterClientBuilder,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretString};

use super::connect::{CONNECTING, Client, PATIENCE, RESPONDING};
use crate::Clock;

/// Where Redis is, and how to get in.
#[derive(Clone)]
pub struct RedisConfig {
    /// Its address, `redis://user:password@host:port/database`, or `rediss://` for TLS. Several nodes of a cluster may
    /// be named, so that one of them may be away when the server starts.
    pub urls: Vec<SecretString>,
    /// Whether it is a cluster.
    pub cluster: bool,
    /// What all keys begin with. It may not contain braces.
    pub prefix: String,
    /// With TLS: the certificates that are trusted, instead of those that the system trusts.
    pub ca_pem: Option<Vec<u8>>,
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { urls, cluster, prefix, ca_pem } = self;
        f.debug_struct("RedisConfig")
            .field("urls", &urls.len())
            .field("cluster", cluster)
            .field("prefix", prefix)
            .field("ca_pem", &ca_pem.is_some())
            .finish()
    }
}

/// What servers never change.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// What limits follow instead of the clock of Redis.
    pub clock: Option<Clock>,
    /// How long whoever asks waits for the answer.
    pub patience: Duration,
    /// How long an answer may take until the connection is given up.
    pub responding: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { clock: None, patience: PATIENCE, responding: RESPONDING }
    }
}

/// Why a configuration can never work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisConfigError {
    /// No address, or several without a cluster.
    #[error("one address of Redis must be given, or some of a cluster")]
    HowMany,
    /// An address is not one. It may hold a password, so it is not repeated here.
    #[error("an address of Redis must be like redis://user:password@host:port/0, or rediss:// for TLS")]
    Url,
    /// Certificates were given for an address without TLS.
    #[error("certificates are of use only with addresses of Redis that begin with rediss://")]
    NoTls,
    /// The certificates cannot be read.
    #[error("the certificates for Redis must be in PEM")]
    Certificates,
    /// The addresses are not those of one cluster.
    #[error("the nodes of a cluster of Redis must have the same user, password and kind of TLS")]
    Cluster,
    /// The prefix is not one.
    #[error("the prefix of keys in Redis must be 1 to 64 characters without braces or spaces")]
    Prefix,
}

impl RedisConfig {
    pub(super) fn client(&self, responding: Duration) -> Result<Client, RedisConfigError> {
        let fits = |c: char| c.is_ascii_graphic() && c != '{' && c != '}';
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.chars().all(fits) {
            return Err(RedisConfigError::Prefix);
        }
        if self.urls.is_empty() || (self.urls.len() > 1 && !self.cluster) {
            return Err(RedisConfigError::HowMany);
        }
        let mut infos = Vec::new();
        for url in &self.urls {
            let info = url.expose_secret().into_connection_info().map_err(|_| RedisConfigError::Url)?;
            if self.ca_pem.is_some() && !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
                return Err(RedisConfigError::NoTls);
            }
            infos.push(info);
        }
        // Has no effect when the process has one already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        if let Some(pem) = &self.ca_pem {
            let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            if all.is_ok_and(|all| all.is_empty()) {
                return Err(RedisConfigError::Certificates);
            }
        }
        let certificates = self
            .ca_pem
            .as_ref()
            .map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) });
        if self.cluster {
            let mut builder = ClusterClientBuilder::new(infos)
                .connection_timeout(CONNECTING)
                .response_timeout(responding)
                .retries(3)
                .min_retry_wait(1)
                .max_retry_wait(20);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            let built = builder.build().map_err(|_| RedisConfigError::Cluster)?;
            return Ok(Client::Cluster(Box::new(built)));
        }
        let info = infos.pop().ok_or(RedisConfigError::HowMany)?;
        let built = match certificates {
            Some(certificates) => SingleClient::build_with_tls(info, certificates)
                .map_err(|_| RedisConfigError::Certificates)?,
            None => SingleClient::open(info).map_err(|_| RedisConfigError::Url)?,
        };
        Ok(Client::Single(Box::new(built), responding))
    }
}
