//! Units of work: one tenant, one transaction.

use model::TenantId;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};
use tracing::{Level, Span};

use crate::{
    changed::{Changed, Changes},
    error::Result,
    open::{Pools, Store},
    tables::{
        api_keys::ApiKeys,
        checks::Checks,
        customers::Customers,
        dossiers::Dossiers,
        event_lists::EventLists,
        events::Events,
        idempotency::IdempotencyKeys,
        license_lists::LicenseLists,
        license_records::LicenseRecords,
        licenses::Licenses,
        limits::{Limits, Room},
        machine_records::MachineRecords,
        machines::Machines,
        members::Members,
        numbers::Numbers,
        policies::Policies,
        policy_records::PolicyRecords,
        products::Products,
        settings::Settings,
        signing_keys::SigningKeys,
        transfers::Transfers,
        usage::Usage,
    },
};

/// One unit of work for one tenant. Rolled back when dropped without [`Tx::commit`].
pub struct Tx {
    pub(crate) tenant: TenantId,
    pub(crate) connection: Connection,
    pub(crate) room: Room,
    pub(crate) changes: Changes,
    /// Lasts as long as the unit of work, for those who collect traces.
    pub(crate) _span: Span,
}

pub(crate) enum Connection {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

/// A span for a unit of work within a request. It has the lowest level but one: logs do not want it, traces do.
fn span(pools: &Pools, kind: &'static str) -> Span {
    if !tracing::span_enabled!(Level::DEBUG) || Span::current().is_none() {
        return Span::none();
    }
    let system = match pools {
        Pools::Postgres(_) => "postgresql",
        Pools::Sqlite { .. } => "sqlite",
    };
    tracing::debug_span!(
        "transaction",
        otel.name = kind,
        otel.kind = "client",
        db.system.name = system,
        db.operation.name = kind,
    )
}

impl Store {
    /// Begins a unit of work that reads.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(&self, tenant: TenantId) -> Result<Tx> {
        let span = span(&self.pools, "read");
        let connection = match &self.pools {
            Pools::Postgres(pool) => Connection::Postgres(pool.begin_with(begin_as(tenant)).await?),
            Pools::Sqlite { readers, .. } => Connection::Sqlite(readers.begin().await?),
        };
        Ok(Tx { tenant, connection, room: Room::default(), changes: Changes::default(), _span: span })
    }

    /// Begins a unit of work that reads, and to which everything stays as it is now, whatever others write.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn snapshot(&self, tenant: TenantId) -> Result<Tx> {
        let span = span(&self.pools, "snapshot");
        let connection = match &self.pools {
            Pools::Postgres(pool) => Connection::Postgres(pool.begin_with(begin_snapshot_as(tenant)).await?),
            Pools::Sqlite { readers, .. } => Connection::Sqlite(readers.begin().await?),
        };
        Ok(Tx { tenant, connection, room: Room::default(), changes: Changes::default(), _span: span })
    }

    /// Begins a unit of work that writes. On SQLite it waits for the one writer before it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn write(&self, tenant: TenantId) -> Result<Tx> {
        let span = span(&self.pools, "write");
        let connection = match &self.pools {
            Pools::Postgres(pool) => Connection::Postgres(pool.begin_with(begin_as(tenant)).await?),
            Pools::Sqlite { writer, .. } => Connection::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
        };
        Ok(Tx { tenant, connection, room: Room::default(), changes: Changes::of_writer(), _span: span })
    }
}

/// Begins and names the tenant in one round trip; a UUID cannot break out of the quotes.
fn begin_as(tenant: TenantId) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("BEGIN; SET LOCAL app.tenant_id = '{}'", tenant.uuid()))
}

/// Like [`begin_as`], for reading from one snapshot.
fn begin_snapshot_as(tenant: TenantId) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL app.tenant_id = '{}'",
        tenant.uuid()
    ))
}

impl Tx {
    /// Makes all that was done in this unit of work lasting, and seen by others; gives what it has changed.
    ///
    /// # Errors
    /// When the database does not answer: then it is not known whether the work was kept.
    pub async fn commit(self) -> Result<Changed> {
        match self.connection {
            Connection::Postgres(tx) => tx.commit().await?,
            Connection::Sqlite(tx) => tx.commit().await?,
        }
        Ok(self.changes.end())
    }

    /// Ends a unit of work that has only read; whatever it has written is undone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end(self) -> Result<()> {
        match self.connection {
            Connection::Postgres(tx) => tx.rollback().await?,
            Connection::Sqlite(tx) => tx.rollback().await?,
        }
        Ok(())
    }

    /// The tenant that this unit of work belongs to.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Licenses with all that a decision on them needs.
    pub fn dossiers(&mut self) -> Dossiers<'_> {
        Dossiers(self)
    }

    /// Products.
    pub fn products(&mut self) -> Products<'_> {
        Products(self)
    }

    /// Policies.
    pub fn policies(&mut self) -> Policies<'_> {
        Policies(self)
    }

    /// Policies as vendors see them.
    pub fn policy_records(&mut self) -> PolicyRecords<'_> {
        PolicyRecords(self)
    }

    /// Customers.
    pub fn customers(&mut self) -> Customers<'_> {
        Customers(self)
    }

    /// Licenses.
    pub fn licenses(&mut self) -> Licenses<'_> {
        Licenses(self)
    }

    /// Lists of licenses.
    pub fn license_lists(&mut self) -> LicenseLists<'_> {
        LicenseLists(self)
    }

    /// Records of licenses, as vendors see them.
    pub fn license_records(&mut self) -> LicenseRecords<'_> {
        LicenseRecords(self)
    }

    /// Machines.
    pub fn machines(&mut self) -> Machines<'_> {
        Machines(self)
    }

    /// The audit log and the outbox.
    pub fn events(&mut self) -> Events<'_> {
        Events(self)
    }

    /// The settings of the tenant itself.
    pub fn settings(&mut self) -> Settings<'_> {
        Settings(self)
    }

    /// Signing keys.
    pub fn signing_keys(&mut self) -> SigningKeys<'_> {
        SigningKeys(self)
    }

    /// Idempotency keys.
    pub fn idempotency_keys(&mut self) -> IdempotencyKeys<'_> {
        IdempotencyKeys(self)
    }

    /// Numbers for old clients.
    pub fn numbers(&mut self) -> Numbers<'_> {
        Numbers(self)
    }

    /// API keys.
    pub fn api_keys(&mut self) -> ApiKeys<'_> {
        ApiKeys(self)
    }

    /// How much the tenant may have.
    pub fn limits(&mut self) -> Limits<'_> {
        Limits(self)
    }

    /// Exports and imports.
    pub fn transfers(&mut self) -> Transfers<'_> {
        Transfers(self)
    }

    /// The audit log, to be looked through.
    pub fn event_lists(&mut self) -> EventLists<'_> {
        EventLists(self)
    }

    /// Machines with all that a vendor is shown of them.
    pub fn machine_records(&mut self) -> MachineRecords<'_> {
        MachineRecords(self)
    }

    /// What was used on each day.
    pub fn usage(&mut self) -> Usage<'_> {
        Usage(self)
    }

    /// Members.
    pub fn members(&mut self) -> Members<'_> {
        Members(self)
    }

    /// Counts of checks.
    pub fn checks(&mut self) -> Checks<'_> {
        Checks(self)
    }
}
