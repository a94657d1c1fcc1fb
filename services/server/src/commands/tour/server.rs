//! The tour's own server: an embedded database in a temporary folder, stopped and started again on the way.

use std::net::SocketAddr;

use api::Settings;
use licensing::Licensing;
use tempfile::TempDir;

use crate::config::Database;
use crate::fault::{Fault, Result};
use crate::http::Limits;
use crate::installation::{Installation, Missing, ServerSetup};
use crate::running::{Running, listen_on};

/// A server that may be stopped.
pub(super) struct Server {
    folder: TempDir,
    address: SocketAddr,
    running: Option<Running>,
}

impl Server {
    /// Starts on a free port with new data.
    pub(super) async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("leasehold-tour-")
            .tempdir()
            .map_err(|error| Fault::failed(format_args!("cannot make a temporary folder: {error}")))?;
        let mut server = Self { folder, address: SocketAddr::from(([127, 0, 0, 1], 0)), running: None };
        server.resume().await?;
        Ok(server)
    }

    /// Starts again, on the same data and the same port.
    pub(super) async fn resume(&mut self) -> Result<()> {
        let (listener, address) = listen_on(self.address).await?;
        let database = Database::Embedded { folder: self.folder.path().join("data"), master_key: None };
        let installation =
            Installation::open_for_server(&database, Missing::Make, ServerSetup::of_its_own()).await?;
        self.address = address;
        self.running = Some(Running::start(installation, listener, Settings::default(), Limits::default()));
        Ok(())
    }

    /// Stops, if it runs.
    pub(super) async fn stop(&mut self) -> Result<()> {
        match self.running.take() {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }

    /// Where it listens, as a URL.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the vendor's commands work with.
    pub(super) fn licensing(&self) -> Result<&Licensing> {
        let running = self.running.as_ref().ok_or_else(|| Fault::failed("the server does not run"))?;
        Ok(running.licensing())
    }
}
