//! Signing keys.

use model::{Invalid, KeyId, KeyState, SigningKeyRecord, Timestamp};
use sqlx::FromRow;

use crate::{error::Result, sql::At, tables::parse::Row, tx::Tx};

statements! {
    INSERT = "INSERT INTO signing_keys (tenant_id, id, state, public_key, sealed_private, created_at, activated_at, \
        retired_at, leases_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ALL = "SELECT id, state, public_key, sealed_private, created_at, activated_at, retired_at, leases_until \
        FROM signing_keys WHERE tenant_id = $1 ORDER BY created_at DESC, id";
    ACTIVE = "SELECT id, state, public_key, sealed_private, created_at, activated_at, retired_at, leases_until \
        FROM signing_keys WHERE tenant_id = $1 AND state = 'active'";
    PUBLISHED = "SELECT id, state, public_key, sealed_private, created_at, activated_at, retired_at, leases_until \
        FROM signing_keys WHERE tenant_id = $1 AND (state IN ('next', 'active') OR state = 'retired' AND \
        (retired_at > $3 AND activated_at IS NOT NULL OR leases_until > $2)) ORDER BY created_at DESC, id";
    RETIRE_ACTIVE = "UPDATE signing_keys SET state = 'retired', retired_at = $2 WHERE tenant_id = $1 AND state = 'active'";
    INSERT_NEXT = "INSERT INTO signing_keys (tenant_id, id, state, public_key, sealed_private, created_at) \
        VALUES ($1, $2, 'next', $3, $4, $5) ON CONFLICT DO NOTHING";
    BY_ID = "SELECT id, state, public_key, sealed_private, created_at, activated_at, retired_at, leases_until \
        FROM signing_keys WHERE tenant_id = $1 AND id = $2";
    ACTIVATE = "UPDATE signing_keys SET state = 'active', activated_at = $3 WHERE tenant_id = $1 AND id = $2 AND state = 'next'";
    RETIRE = "UPDATE signing_keys SET state = 'retired', retired_at = $4 WHERE tenant_id = $1 AND id = $2 AND state = $3";
    REVOKE = "UPDATE signing_keys SET state = 'revoked', retired_at = COALESCE(retired_at, $4) \
        WHERE tenant_id = $1 AND id = $2 AND state = $3";
    ACTIVATE_NEXT = "UPDATE signing_keys SET state = 'active', activated_at = $2 WHERE tenant_id = $1 AND state = 'next'";
    EXTEND = "UPDATE signing_keys SET leases_until = $3 WHERE tenant_id = $1 AND id = $2 \
        AND (leases_until IS NULL OR leases_until < $3)";
}

/// Signing keys of one tenant.
pub struct SigningKeys<'a>(pub(crate) &'a mut Tx);

impl SigningKeys<'_> {
    /// Adds a key.
    ///
    /// # Errors
    /// When the database does not answer, or there is a key in that single state already.
    pub async fn insert(&mut self, key: &SigningKeyRecord) -> Result<()> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(INSERT)
            .bind(tenant)
            .bind(key.id.as_str())
            .bind(key.state.code())
            .bind(key.public.as_slice())
            .bind(key.sealed_private.as_slice())
            .bind(At(key.created_at))
            .bind(key.activated_at.map(At))
            .bind(key.retired_at.map(At))
            .bind(key.leases_until.map(At))
            .execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// All keys, newest first.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn all(&mut self) -> Result<Vec<SigningKeyRecord>> {
        let tenant = self.0.tenant.uuid();
        let rows: Vec<KeyRow> = on!(self.0, c => sqlx::query_as(ALL).bind(tenant).fetch_all(c).await)?;
        rows.into_iter().map(SigningKeyRecord::try_from).collect()
    }

    /// The keys that are published at `now`, newest first: those that sign or will, and retired ones while a lease of theirs
    /// is alive or in grace, or that signed after `signed_since`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn published(
        &mut self,
        now: Timestamp,
        signed_since: Timestamp,
    ) -> Result<Vec<SigningKeyRecord>> {
        let tenant = self.0.tenant.uuid();
        let rows: Vec<KeyRow> = on!(self.0, c =>
            sqlx::query_as(PUBLISHED).bind(tenant).bind(At(now)).bind(At(signed_since)).fetch_all(c).await)?;
        rows.into_iter().map(SigningKeyRecord::try_from).collect()
    }

    /// Notes that a lease which the key signs is not over before `until`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn extend(&mut self, id: &KeyId, until: Timestamp) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(EXTEND)
            .bind(tenant).bind(id.as_str()).bind(At(until)).execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// The key that signs.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn active(&mut self) -> Result<Option<SigningKeyRecord>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<KeyRow> =
            on!(self.0, c => sqlx::query_as(ACTIVE).bind(tenant).fetch_optional(c).await)?;
        row.map(SigningKeyRecord::try_from).transpose()
    }

    /// Adds a key that is to sign next; `false` when there is one already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert_next(&mut self, key: &SigningKeyRecord) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(INSERT_NEXT)
            .bind(tenant)
            .bind(key.id.as_str())
            .bind(key.public.as_slice())
            .bind(key.sealed_private.as_slice())
            .bind(At(key.created_at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// The key of that identifier.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_id(&mut self, id: &KeyId) -> Result<Option<SigningKeyRecord>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<KeyRow> =
            on!(self.0, c => sqlx::query_as(BY_ID).bind(tenant).bind(id.as_str()).fetch_optional(c).await)?;
        row.map(SigningKeyRecord::try_from).transpose()
    }

    /// Lets the next key sign; `false` when it is not the next one any more.
    ///
    /// # Errors
    /// When the database does not answer, or another key signs.
    pub async fn activate(&mut self, id: &KeyId, at: Timestamp) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(ACTIVATE)
            .bind(tenant).bind(id.as_str()).bind(At(at)).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Takes a key out of use; `false` when it is not in the state `before` any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retire(&mut self, id: &KeyId, before: KeyState, at: Timestamp) -> Result<bool> {
        self.0.changes_tenant();
        self.end(RETIRE, id, before, at).await
    }

    /// Revokes a key; `false` when it is not in the state `before` any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoke(&mut self, id: &KeyId, before: KeyState, at: Timestamp) -> Result<bool> {
        self.0.changes_tenant();
        self.end(REVOKE, id, before, at).await
    }

    async fn end(
        &mut self,
        statement: &'static str,
        id: &KeyId,
        before: KeyState,
        at: Timestamp,
    ) -> Result<bool> {
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(statement)
            .bind(tenant)
            .bind(id.as_str())
            .bind(before.code())
            .bind(At(at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Retires the key that signs and lets the next one sign; `false` when there is not one of each.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn advance(&mut self, at: Timestamp) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        let retired = on!(self.0, c => sqlx::query(RETIRE_ACTIVE)
            .bind(tenant).bind(At(at)).execute(c).await.map(|done| done.rows_affected()))?;
        if retired == 0 {
            // None signs, or another unit of work has just retired it: then it has let the next one sign.
            return Ok(false);
        }
        let activated = on!(self.0, c => sqlx::query(ACTIVATE_NEXT)
            .bind(tenant).bind(At(at)).execute(c).await.map(|done| done.rows_affected()))?;
        Ok((retired, activated) == (1, 1))
    }
}

#[derive(FromRow)]
struct KeyRow {
    id: String,
    state: String,
    public_key: Vec<u8>,
    sealed_private: Vec<u8>,
    created_at: At,
    activated_at: Option<At>,
    retired_at: Option<At>,
    leases_until: Option<At>,
}

impl TryFrom<KeyRow> for SigningKeyRecord {
    type Error = crate::Error;

    fn try_from(row: KeyRow) -> Result<Self> {
        let at = Row::new("signing_keys", &row.id);
        Ok(Self {
            state: at.check("state", KeyState::from_code(&row.state))?,
            public: at
                .check("public_key", row.public_key.try_into().map_err(|_| Invalid::new("32 bytes")))?,
            id: at.check("id", KeyId::parse(row.id))?,
            sealed_private: row.sealed_private,
            created_at: row.created_at.0,
            activated_at: row.activated_at.map(|at| at.0),
            retired_at: row.retired_at.map(|at| at.0),
            leases_until: row.leases_until.map(|at| at.0),
        })
    }
}
