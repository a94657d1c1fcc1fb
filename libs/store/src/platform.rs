//! Platform-wide work: the tenants themselves and the installation.

use model::{Tenant, TenantId, TenantSlug, TenantState, Timestamp};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    changed::Changes,
    error::Result,
    open::{Pools, Store},
    rate_limits::RateColumns,
    sql::At,
    tables::{limits::Room, parse::Row},
    tx::{Connection, Tx},
};

/// A unit of work on the tenants themselves. Sees no tenant's data.
pub struct Platform {
    pub(crate) connection: Connection,
}

macro_rules! tenant_columns {
    () => {
        "t.id, t.slug, t.name, t.issuer, t.state, t.refuses_mistyped_keys, t.checks_are_events, t.revision, t.created_at, \
         t.rate_address, t.rate_license_key, t.rate_api_key, t.rate_tenant, t.rate_wrong_keys_address, \
         t.rate_wrong_keys_tenant"
    };
}
pub(crate) use tenant_columns;

statements! {
    INSERT_TENANT = "INSERT INTO tenants (id, slug, name, issuer, state, refuses_mistyped_keys, created_at, \
        checks_are_events) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    TENANT_BY_SLUG = concat!("SELECT ", tenant_columns!(), " FROM tenants t WHERE t.slug = $1");
    TENANTS = concat!("SELECT ", tenant_columns!(), " FROM tenants t ORDER BY t.slug");
    MASTER_KEY_CHECK = "SELECT master_key_check FROM installation WHERE id = 1";
    CACHE_EPOCH = "SELECT cache_epoch FROM installation WHERE id = 1";
    BUMP_CACHE_EPOCH = "UPDATE installation SET cache_epoch = cache_epoch + 1 WHERE id = 1 RETURNING cache_epoch";
    INSERT_MASTER_KEY_CHECK = "INSERT INTO installation (id, master_key_check, created_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
}

impl Store {
    /// Begins a unit of platform-wide work.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn platform(&self) -> Result<Platform> {
        let connection = match &self.pools {
            Pools::Postgres(pool) => {
                Connection::Postgres(pool.begin_with("BEGIN; SET LOCAL app.platform = 'on'").await?)
            }
            Pools::Sqlite { writer, .. } => Connection::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
        };
        Ok(Platform { connection })
    }

    /// The tenant of that name.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn tenant_by_slug(&self, slug: &TenantSlug) -> Result<Option<Tenant>> {
        let mut platform = self.platform_reading().await?;
        let row: Option<TenantRow> =
            on!(platform, c => sqlx::query_as(TENANT_BY_SLUG).bind(slug.as_str()).fetch_optional(c).await)?;
        row.map(Tenant::try_from).transpose()
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let mut platform = self.platform_reading().await?;
        let rows: Vec<TenantRow> = on!(platform, c => sqlx::query_as(TENANTS).fetch_all(c).await)?;
        rows.into_iter().map(Tenant::try_from).collect()
    }

    /// How often processes were told to forget what they keep of rows. One round trip.
    ///
    /// # Errors
    /// When the database does not answer, or was never used by a server.
    pub async fn cache_epoch(&self) -> Result<i64> {
        Ok(match &self.pools {
            Pools::Postgres(pool) => sqlx::query_scalar(CACHE_EPOCH).fetch_one(pool).await?,
            Pools::Sqlite { readers, .. } => sqlx::query_scalar(CACHE_EPOCH).fetch_one(readers).await?,
        })
    }

    /// Tells all processes to forget what they keep of rows; gives the new [`Self::cache_epoch`].
    ///
    /// # Errors
    /// When the database does not answer, or was never used by a server.
    pub async fn bump_cache_epoch(&self) -> Result<i64> {
        Ok(match &self.pools {
            Pools::Postgres(pool) => sqlx::query_scalar(BUMP_CACHE_EPOCH).fetch_one(pool).await?,
            Pools::Sqlite { writer, .. } => sqlx::query_scalar(BUMP_CACHE_EPOCH).fetch_one(writer).await?,
        })
    }

    pub(crate) async fn platform_reading(&self) -> Result<Platform> {
        let connection = match &self.pools {
            Pools::Postgres(_) => return self.platform().await,
            Pools::Sqlite { readers, .. } => Connection::Sqlite(readers.begin().await?),
        };
        Ok(Platform { connection })
    }
}

impl Platform {
    /// Adds a tenant with the usual rate limits; `false` when its slug or issuer is taken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert_tenant(&mut self, tenant: &Tenant) -> Result<bool> {
        let done = on!(self, c => sqlx::query(INSERT_TENANT)
            .bind(tenant.id.uuid())
            .bind(tenant.slug.as_str())
            .bind(tenant.name.as_str())
            .bind(tenant.issuer.as_str())
            .bind(tenant.state.code())
            .bind(tenant.refuses_mistyped_keys)
            .bind(At(tenant.created_at))
            .bind(tenant.checks_are_events)
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Keeps what recognises the installation's master key, unless something is kept already; gives what is kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn master_key_check(&mut self, check: &[u8], now: Timestamp) -> Result<Vec<u8>> {
        on!(self, c => sqlx::query(INSERT_MASTER_KEY_CHECK).bind(check).bind(At(now)).execute(c).await.map(|_| ()))?;
        Ok(on!(self, c => sqlx::query_scalar(MASTER_KEY_CHECK).fetch_one(c).await)?)
    }

    /// Goes on as a tenant in the same transaction, for making a tenant with its keys.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn enter(mut self, tenant: TenantId) -> Result<Tx> {
        if let Connection::Postgres(tx) = &mut self.connection {
            sqlx::query(
                "SELECT set_config('app.tenant_id', $1, true), set_config('app.platform', 'off', true)",
            )
            .bind(tenant.uuid().to_string())
            .execute(&mut **tx)
            .await?;
        }
        Ok(Tx {
            tenant,
            connection: self.connection,
            room: Room::default(),
            changes: Changes::of_writer(),
            _span: tracing::Span::none(),
        })
    }

    /// Makes all that was done in this unit of work lasting.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn commit(self) -> Result<()> {
        match self.connection {
            Connection::Postgres(tx) => tx.commit().await?,
            Connection::Sqlite(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

#[derive(FromRow)]
pub(crate) struct TenantRow {
    pub(crate) id: Uuid,
    slug: String,
    name: String,
    issuer: String,
    state: String,
    refuses_mistyped_keys: bool,
    checks_are_events: bool,
    revision: i64,
    created_at: At,
    #[sqlx(flatten)]
    rate_limits: RateColumns,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = crate::Error;

    fn try_from(row: TenantRow) -> Result<Self> {
        let at = Row::new("tenants", row.id);
        Ok(Self {
            id: TenantId::from_uuid(row.id),
            slug: at.parse("slug", &row.slug)?,
            name: at.parse("name", &row.name)?,
            issuer: at.parse("issuer", &row.issuer)?,
            state: at.check("state", TenantState::from_code(&row.state))?,
            refuses_mistyped_keys: row.refuses_mistyped_keys,
            checks_are_events: row.checks_are_events,
            rate_limits: row.rate_limits.read(&at)?,
            revision: at.count("revision", row.revision)?,
            created_at: row.created_at.0,
        })
    }
}
