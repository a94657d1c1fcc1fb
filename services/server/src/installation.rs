//! Opening an installation: its data folder or database server, its tables, its keys.

use ephemeral::Ephemeral;
use licensing::{Clock, Entropy, Licensing, MasterKey, Servers, Surroundings};
use model::RateLimits;
use secrecy::ExposeSecret as _;
use store::{Location, Store};

use crate::config::{Config, Database, MasterKeySource};
use crate::data_folder::{DataFolder, Lock};
use crate::fault::{Fault, Result};

const NO_MASTER_KEY: &str = "with PostgreSQL the master key must be configured: set LEASEHOLD_MASTER_KEY_FILE or \
    LEASEHOLD_MASTER_KEY (make one with: openssl rand -hex 32)";

/// What may be made when it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// An embedded database is made; tables are brought up to this version.
    Make,
    /// An embedded database is made; tables that exist are left alone.
    MakeDatabase,
    /// Nothing is made.
    Refuse,
}

/// An installation that is open.
pub(crate) struct Installation {
    /// The use cases.
    pub(crate) licensing: Licensing,
    store: Store,
    _lock: Option<Lock>,
}

impl Installation {
    /// Opens the installation for a command.
    ///
    /// # Errors
    /// One sentence on what is wrong: folder, database, tables or master key.
    pub(crate) async fn open(database: &Database, missing: Missing) -> Result<Self> {
        Self::open_as(database, missing, None).await
    }

    /// Opens the installation for the server, the only one on an embedded database.
    ///
    /// # Errors
    /// As [`Self::open`], and when another server has the data folder.
    pub(crate) async fn open_for_server(
        database: &Database,
        missing: Missing,
        server: ServerSetup,
    ) -> Result<Self> {
        Self::open_as(database, missing, Some(server)).await
    }

    async fn open_as(database: &Database, missing: Missing, server: Option<ServerSetup>) -> Result<Self> {
        let place = Place::find(database, missing, server.is_some())?;
        let surroundings = match server {
            None => Surroundings::of_command(),
            Some(server) => server.surroundings(database),
        };
        let store = Store::open(&place.location).await?;
        let opened = Self::prepare(&store, missing, &place, surroundings).await;
        match opened {
            Ok(licensing) => Ok(Self { licensing, store, _lock: place.lock }),
            Err(fault) => {
                store.close().await;
                Err(fault)
            }
        }
    }

    async fn prepare(
        store: &Store,
        missing: Missing,
        place: &Place,
        surroundings: Surroundings,
    ) -> Result<Licensing> {
        let makes_tables = match missing {
            Missing::Make => true,
            Missing::MakeDatabase => place.is_new,
            Missing::Refuse => false,
        };
        if makes_tables {
            let applied = store.migrate().await?;
            if applied > 0 {
                tracing::info!(applied, "the tables are up to date");
            }
        } else {
            store.check_migrations().await?;
        }
        Ok(Licensing::open(store.clone(), &place.master_key, Clock::System, Entropy::System, surroundings)
            .await?)
    }

    /// The database.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Makes ready what the first requests would have to wait for. Without it they only take longer.
    pub(crate) async fn warm_up(&self) {
        if let Err(error) = self.store.warm_up().await {
            tracing::warn!(%error, "connections to the database could not be made in advance");
        }
    }

    /// Writes what is buffered, and closes the database.
    ///
    /// # Errors
    /// When the counts of the last checks cannot be written.
    pub(crate) async fn close(self) -> Result<()> {
        let flushed = self.licensing.flush_checks().await;
        self.store.close().await;
        Ok(flushed?)
    }
}

/// What a server has beside its database.
pub(crate) struct ServerSetup {
    /// What it shares with others over Redis.
    pub(crate) shared: Option<Ephemeral>,
    /// Whether the rate limits are kept.
    pub(crate) rate_limits: bool,
}

impl ServerSetup {
    /// A server that shares nothing, with rate limits.
    pub(crate) const fn of_its_own() -> Self {
        Self { shared: None, rate_limits: true }
    }

    fn surroundings(self, database: &Database) -> Surroundings {
        let servers = match (database, self.shared) {
            (Database::Embedded { .. }, _) => Servers::Alone,
            (Database::Postgres { .. }, Some(shared)) => Servers::Sharing(shared),
            (Database::Postgres { .. }, None) => Servers::Apart,
        };
        Surroundings { servers, rate_limits: self.rate_limits.then_some(RateLimits::DEFAULT) }
    }
}

/// Where the data is, with the key that opens it.
struct Place {
    location: Location,
    master_key: MasterKey,
    is_new: bool,
    lock: Option<Lock>,
}

impl Place {
    fn find(database: &Database, missing: Missing, lock: bool) -> Result<Self> {
        match database {
            Database::Embedded { folder, master_key } => {
                let folder = match missing {
                    Missing::Refuse => DataFolder::existing(folder)?,
                    Missing::Make | Missing::MakeDatabase => DataFolder::make(folder)?,
                };
                // Before the key and the database, so that two servers do not make them at once.
                let lock = lock.then(|| folder.lock()).transpose()?;
                let is_new = !folder.has_database();
                let master_key =
                    master_key.as_ref().map_or_else(|| folder.master_key(), MasterKeySource::load)?;
                Ok(Self { location: Location::Sqlite(folder.database()), master_key, is_new, lock })
            }
            Database::Postgres { url, master_key } => {
                let master_key = master_key.as_ref().ok_or_else(|| Fault::usage(NO_MASTER_KEY))?.load()?;
                let location = Location::Postgres(url.expose_secret().to_owned());
                Ok(Self { location, master_key, is_new: false, lock: None })
            }
        }
    }
}

/// Brings the tables up to this version, and gives the number of migrations applied.
///
/// # Errors
/// One sentence on what is wrong with folder, database or tables.
pub(crate) async fn migrate(database: &Database) -> Result<u32> {
    let location = match database {
        Database::Embedded { .. } => Place::find(database, Missing::Make, false)?.location,
        Database::Postgres { url, .. } => Location::Postgres(url.expose_secret().to_owned()),
    };
    let store = Store::open(&location).await?;
    let applied = store.migrate().await;
    store.close().await;
    Ok(applied?)
}

/// Where an installation that exists is, and the key that opens it.
///
/// # Errors
/// When there is none, or its master key cannot be read.
pub(crate) fn place(database: &Database) -> Result<(Location, MasterKey)> {
    let place = Place::find(database, Missing::Refuse, false)?;
    Ok((place.location, place.master_key))
}

/// Runs a command's work on an installation, and closes it afterwards.
///
/// # Errors
/// Those of opening and of the work.
pub(crate) async fn with_installation<T>(
    config: &Config,
    missing: Missing,
    work: impl AsyncFnOnce(&Licensing) -> Result<T>,
) -> Result<T> {
    let installation = Installation::open(&config.database, missing).await?;
    let done = work(&installation.licensing).await;
    let closed = installation.close().await;
    let value = done?;
    closed?;
    Ok(value)
}
