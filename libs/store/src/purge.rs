//! Deleting a tenant for good: all its rows, table by table, and then the tenant.

use model::{TenantId, Timestamp};
use uuid::Uuid;

use crate::{error::Result, open::Store, platform::Platform, sql::At, tx::Tx};

statements! {
    DUE = "SELECT id FROM tenants WHERE delete_after <= $1 AND state = 'suspended' ORDER BY delete_after";
    BEGIN = "UPDATE tenants SET purged_since = COALESCE(purged_since, $2) WHERE id = $1 AND delete_after <= $2 \
        AND state = 'suspended'";
    DOMAINS = "DELETE FROM domains WHERE owner = $1";
    TENANT = "DELETE FROM tenants WHERE id = $1 AND purged_since IS NOT NULL";
    OUTBOX = "DELETE FROM outbox WHERE tenant_id = $1 AND event_id IN (SELECT o.event_id FROM outbox o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    EVENTS = "DELETE FROM events WHERE tenant_id = $1 AND id IN (SELECT o.id FROM events o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    IDEMPOTENCY_KEYS = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND key IN (SELECT o.key FROM idempotency_keys o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    MACHINES = "DELETE FROM machines WHERE tenant_id = $1 AND id IN (SELECT o.id FROM machines o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    LICENSE_CHECKS = "DELETE FROM license_checks WHERE tenant_id = $1 AND license_id IN (SELECT o.license_id FROM license_checks o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    LICENSE_METADATA = "DELETE FROM license_metadata WHERE tenant_id = $1 AND (license_id, name) IN (SELECT o.license_id, o.name FROM license_metadata o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    LICENSES = "DELETE FROM licenses WHERE tenant_id = $1 AND id IN (SELECT o.id FROM licenses o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    CUSTOMERS = "DELETE FROM customers WHERE tenant_id = $1 AND id IN (SELECT o.id FROM customers o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    POLICIES = "DELETE FROM policies WHERE tenant_id = $1 AND id IN (SELECT o.id FROM policies o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    PRODUCTS = "DELETE FROM products WHERE tenant_id = $1 AND id IN (SELECT o.id FROM products o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    API_KEYS = "DELETE FROM api_keys WHERE tenant_id = $1 AND id IN (SELECT o.id FROM api_keys o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    MEMBERS = "DELETE FROM members WHERE tenant_id = $1 AND id IN (SELECT o.id FROM members o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    SIGNING_KEYS = "DELETE FROM signing_keys WHERE tenant_id = $1 AND id IN (SELECT o.id FROM signing_keys o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    USAGE_DAYS = "DELETE FROM usage_days WHERE tenant_id = $1 AND (day, kind) IN (SELECT o.day, o.kind FROM usage_days o \
        WHERE o.tenant_id = $1 LIMIT $2)";
    NUMBERS = "DELETE FROM numbers WHERE tenant_id = $1 AND kind IN (SELECT o.kind FROM numbers o \
        WHERE o.tenant_id = $1 LIMIT $2)";
}

/// Every table of a tenant with the statement that deletes some of its rows, each before those that it refers to.
pub const PURGED_TABLES: &[(&str, &str)] = &[
    ("outbox", OUTBOX),
    ("events", EVENTS),
    ("idempotency_keys", IDEMPOTENCY_KEYS),
    ("machines", MACHINES),
    ("license_checks", LICENSE_CHECKS),
    ("license_metadata", LICENSE_METADATA),
    ("licenses", LICENSES),
    ("customers", CUSTOMERS),
    ("policies", POLICIES),
    ("products", PRODUCTS),
    ("api_keys", API_KEYS),
    ("members", MEMBERS),
    ("signing_keys", SIGNING_KEYS),
    ("usage_days", USAGE_DAYS),
    ("numbers", NUMBERS),
];

impl Store {
    /// The tenants whose time has come at `now`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tenants_to_purge(&self, now: Timestamp) -> Result<Vec<TenantId>> {
        let mut platform = self.platform_reading().await?;
        let ids: Vec<Uuid> = on!(platform, c => sqlx::query_scalar(DUE).bind(At(now)).fetch_all(c).await)?;
        Ok(ids.into_iter().map(TenantId::from_uuid).collect())
    }
}

impl Platform {
    /// Begins to delete a tenant whose time has come: from now on nothing brings it back. `false` when it is to be kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_purge(&mut self, id: TenantId, now: Timestamp) -> Result<bool> {
        let done = on!(self, c => sqlx::query(BEGIN)
            .bind(id.uuid()).bind(At(now)).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Deletes a tenant that has nothing any more, and its domains.
    ///
    /// # Errors
    /// When the database does not answer, or something is left of it.
    pub async fn end_purge(&mut self, id: TenantId) -> Result<()> {
        for statement in [DOMAINS, TENANT] {
            let statement: &'static str = statement;
            on!(self, c => sqlx::query(statement).bind(id.uuid()).execute(c).await.map(|_| ()))?;
        }
        Ok(())
    }
}

impl Tx {
    /// Deletes at most `most` rows of the tenant from one of [`PURGED_TABLES`]; gives how many.
    ///
    /// # Errors
    /// When the database does not answer, or another table still refers to these.
    pub async fn purge(&mut self, (_, statement): (&'static str, &'static str), most: u32) -> Result<u64> {
        let tenant = self.tenant.uuid();
        let done = on!(self, c => sqlx::query(statement)
            .bind(tenant).bind(i64::from(most)).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done)
    }
}
