//! API keys.

use model::{ApiKey, ApiKeyId, Invalid, Limited, Timestamp};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{error::Result, page::Page, sql::At, tables::parse::Row, tx::Tx};

macro_rules! api_key_columns {
    () => {
        "k.id, k.public_id, k.name, k.secret_hash, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at"
    };
}

statements! {
    INSERT = "INSERT INTO api_keys (tenant_id, id, public_id, name, secret_hash, scopes, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    BY_PUBLIC_ID = concat!("SELECT ", api_key_columns!(), " FROM api_keys k WHERE k.tenant_id = $1 AND k.public_id = $2");
    BY_ID = concat!("SELECT ", api_key_columns!(), " FROM api_keys k WHERE k.tenant_id = $1 AND k.id = $2");
    LIST = concat!("SELECT ", api_key_columns!(), " FROM api_keys k WHERE k.tenant_id = $1 AND k.id > $2 \
        ORDER BY k.id LIMIT $3");
    LIST_DESCENDING = concat!("SELECT ", api_key_columns!(), " FROM api_keys k WHERE k.tenant_id = $1 AND k.id < $2 \
        ORDER BY k.id DESC LIMIT $3");
    REVOKE = "UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL";
    TOUCH = "UPDATE api_keys SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2 \
        AND (last_used_at IS NULL OR last_used_at < $3)";
}

/// An API key with what its secret is compared to.
#[derive(Clone, Debug)]
pub struct PresentedKey {
    /// The key.
    pub key: ApiKey,
    /// SHA-256 of the whole key.
    pub secret_hash: [u8; 32],
}

/// API keys of one tenant.
pub struct ApiKeys<'a>(pub(crate) &'a mut Tx);

impl ApiKeys<'_> {
    /// Adds an API key; `false` when there is one with its identifiers.
    ///
    /// # Errors
    /// When the database does not answer, or the tenant may have no more.
    pub async fn insert(&mut self, key: &ApiKey, secret_hash: &[u8; 32]) -> Result<bool> {
        self.0.changes_no_check();
        self.0.limits().take(Limited::ApiKeys, 1).await?;
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(INSERT)
            .bind(tenant)
            .bind(key.id.uuid())
            .bind(key.public_id.as_str())
            .bind(key.name.as_str())
            .bind(secret_hash.as_slice())
            .bind(key.scopes.to_string())
            .bind(At(key.created_at))
            .bind(key.expires_at.map(At))
            .execute(c).await.map(|done| done.rows_affected()))?;
        if done == 0 {
            self.0.limits().give_back(Limited::ApiKeys, 1);
        }
        Ok(done == 1)
    }

    /// The key that is named so when it is presented, whether it counts or not.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_public_id(&mut self, public_id: &str) -> Result<Option<PresentedKey>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<ApiKeyRow> = on!(self.0, c => sqlx::query_as(BY_PUBLIC_ID).bind(tenant).bind(public_id).fetch_optional(c).await)?;
        row.map(PresentedKey::try_from).transpose()
    }

    /// The key of that identifier.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_id(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<ApiKeyRow> =
            on!(self.0, c => sqlx::query_as(BY_ID).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        Ok(row.map(PresentedKey::try_from).transpose()?.map(|presented| presented.key))
    }

    /// A piece of the list of keys.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list(&mut self, page: &Page) -> Result<Vec<ApiKey>> {
        let tenant = self.0.tenant.uuid();
        let statement = page.pick(LIST, LIST_DESCENDING);
        let rows: Vec<ApiKeyRow> = on!(self.0, c => sqlx::query_as(statement)
            .bind(tenant).bind(page.bound()).bind(i64::from(page.limit)).fetch_all(c).await)?;
        rows.into_iter().map(|row| PresentedKey::try_from(row).map(|presented| presented.key)).collect()
    }

    /// Revokes a key; `false` when it is revoked already, or there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoke(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool> {
        self.0.changes_no_check();
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(REVOKE)
            .bind(tenant).bind(id.uuid()).bind(At(at)).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Notes that a key was used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn touch(&mut self, id: ApiKeyId, at: Timestamp) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(TOUCH)
            .bind(tenant).bind(id.uuid()).bind(At(at)).execute(c).await.map(|_| ()))?;
        Ok(())
    }
}

#[derive(FromRow)]
struct ApiKeyRow {
    id: Uuid,
    public_id: String,
    name: String,
    secret_hash: Vec<u8>,
    scopes: String,
    created_at: At,
    expires_at: Option<At>,
    revoked_at: Option<At>,
    last_used_at: Option<At>,
}

impl TryFrom<ApiKeyRow> for PresentedKey {
    type Error = crate::Error;

    fn try_from(row: ApiKeyRow) -> Result<Self> {
        let at = Row::new("api_keys", row.id);
        let hash = row.secret_hash.try_into().map_err(|_| Invalid::new("32 bytes"));
        Ok(Self {
            secret_hash: at.check("secret_hash", hash)?,
            key: ApiKey {
                id: ApiKeyId::from_uuid(row.id),
                public_id: row.public_id,
                name: at.parse("name", &row.name)?,
                scopes: at.parse("scopes", &row.scopes)?,
                created_at: row.created_at.0,
                expires_at: row.expires_at.map(|at| at.0),
                revoked_at: row.revoked_at.map(|at| at.0),
                last_used_at: row.last_used_at.map(|at| at.0),
            },
        })
    }
}
