//! Idempotency keys.

use model::Timestamp;
use sqlx::FromRow;

use crate::{
    error::{Error, Result},
    sql::At,
    tx::Tx,
};

statements! {
    FORGET_EXPIRED = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND key = $2 AND expires_at <= $3";
    CLAIM = "INSERT INTO idempotency_keys (tenant_id, key, request, expires_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tenant_id, key) DO NOTHING";
    FIND = "SELECT request, status, sealed_body FROM idempotency_keys WHERE tenant_id = $1 AND key = $2";
    ANSWER = "UPDATE idempotency_keys SET status = $3, sealed_body = $4 WHERE tenant_id = $1 AND key = $2";
    SWEEP = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND expires_at <= $2";
}

/// Idempotency keys of one tenant.
pub struct IdempotencyKeys<'a>(pub(crate) &'a mut Tx);

/// What came of claiming a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It was free: this unit of work answers the request.
    Free,
    /// It was used for another request.
    ByAnotherRequest,
    /// It was used for the same request, which was answered.
    Answered(StoredAnswer),
}

/// An answer that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, sealed.
    pub sealed_body: Vec<u8>,
}

impl IdempotencyKeys<'_> {
    /// Claims a key for a request. Waits while another unit of work that claimed it has not ended.
    ///
    /// # Errors
    /// [`Error::Busy`] when that takes too long; when the database does not answer.
    pub async fn claim(
        &mut self,
        key: &str,
        request: &[u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Claimed> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(FORGET_EXPIRED)
            .bind(tenant).bind(key).bind(At(now)).execute(c).await.map(|_| ()))?;
        let claimed = on!(self.0, c => sqlx::query(CLAIM)
            .bind(tenant).bind(key).bind(request.as_slice()).bind(At(expires_at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        if claimed == 1 {
            return Ok(Claimed::Free);
        }
        let found: Option<KeyRow> =
            on!(self.0, c => sqlx::query_as(FIND).bind(tenant).bind(key).fetch_optional(c).await)?;
        match found {
            Some(row) if row.request != request => Ok(Claimed::ByAnotherRequest),
            Some(KeyRow { status: Some(status), sealed_body: Some(sealed_body), .. }) => {
                let status = u16::try_from(status).unwrap_or(500);
                Ok(Claimed::Answered(StoredAnswer { status, sealed_body }))
            }
            // Claimed and never answered, or swept in between: the caller may try again.
            _ => Err(Error::Busy),
        }
    }

    /// Keeps the answer to the request that claimed a key in this unit of work.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn answer(&mut self, key: &str, answer: &StoredAnswer) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(ANSWER)
            .bind(tenant).bind(key).bind(i64::from(answer.status)).bind(answer.sealed_body.as_slice())
            .execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// Deletes keys that have expired; gives their number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&mut self, now: Timestamp) -> Result<u64> {
        let tenant = self.0.tenant.uuid();
        Ok(on!(self.0, c => sqlx::query(SWEEP)
            .bind(tenant).bind(At(now)).execute(c).await.map(|done| done.rows_affected()))?)
    }
}

#[derive(FromRow)]
struct KeyRow {
    request: Vec<u8>,
    status: Option<i64>,
    sealed_body: Option<Vec<u8>>,
}
