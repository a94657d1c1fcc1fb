//! How much a tenant may have, and has.

use model::Limited;
use sqlx::FromRow;

use crate::{
    error::{Error, Result},
    tables::parse::Row,
    tx::Tx,
};

statements! {
    LIMITS = "SELECT max_licenses, max_products, max_customers, max_api_keys FROM tenants WHERE id = $1";
    LOCK = "INSERT INTO numbers (tenant_id, kind, next) VALUES ($1, $2, 1) \
        ON CONFLICT (tenant_id, kind) DO UPDATE SET next = numbers.next WHERE numbers.tenant_id = $1";
    LICENSES = "SELECT count(*) FROM licenses WHERE tenant_id = $1";
    PRODUCTS = "SELECT count(*) FROM products WHERE tenant_id = $1";
    CUSTOMERS = "SELECT count(*) FROM customers WHERE tenant_id = $1";
    API_KEYS = "SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL";
}

/// What is known of the limits in a unit of work.
#[derive(Default)]
pub(crate) struct Room {
    /// How many more there may be, by kind: not looked up yet, any number, or so many.
    left: [Option<Option<u64>>; Limited::ALL.len()],
}

/// Limits of one tenant.
pub struct Limits<'a>(pub(crate) &'a mut Tx);

impl Limits<'_> {
    /// Takes room for `count` more. Where there is a limit, others who make such a thing wait until this unit of work
    /// ends, so that the count is exact.
    ///
    /// # Errors
    /// [`Error::LimitReached`], or when the database does not answer.
    pub async fn take(&mut self, kind: Limited, count: u64) -> Result<()> {
        let left = match self.known(kind) {
            Some(left) => left,
            None => self.look_up(kind).await?,
        };
        let after = match left {
            None => None,
            Some(left) => Some(left.checked_sub(count).ok_or(Error::LimitReached(kind))?),
        };
        self.note(kind, after);
        Ok(())
    }

    /// Gives back room that was taken for things that were not made after all.
    pub(crate) fn give_back(&mut self, kind: Limited, count: u64) {
        if let Some(Some(left)) = self.known(kind) {
            self.note(kind, Some(left.saturating_add(count)));
        }
    }

    fn known(&self, kind: Limited) -> Option<Option<u64>> {
        self.0.room.left.get(kind as usize).copied().flatten()
    }

    fn note(&mut self, kind: Limited, left: Option<u64>) {
        if let Some(place) = self.0.room.left.get_mut(kind as usize) {
            *place = Some(left);
        }
    }

    async fn look_up(&mut self, kind: Limited) -> Result<Option<u64>> {
        if self.limit(kind).await?.is_none() {
            self.note(kind, None);
            return Ok(None);
        }
        let tenant = self.0.tenant.uuid();
        // The row of numbers that things of this kind are given, so that they wait for it once.
        let (lock, count) = match kind {
            Limited::Licenses => ("license", LICENSES),
            Limited::Products => ("product", PRODUCTS),
            Limited::Customers => ("customer", CUSTOMERS),
            Limited::ApiKeys => ("api_key", API_KEYS),
        };
        on!(self.0, c => sqlx::query(LOCK).bind(tenant).bind(lock).execute(c).await.map(|_| ()))?;
        // Once more: it may have been changed while this waited.
        let limit = self.limit(kind).await?;
        let statement: &'static str = count;
        let there: i64 = on!(self.0, c => sqlx::query_scalar(statement).bind(tenant).fetch_one(c).await)?;
        let there = u64::try_from(there).unwrap_or(u64::MAX);
        Ok(limit.map(|limit| u64::from(limit).saturating_sub(there)))
    }

    async fn limit(&mut self, kind: Limited) -> Result<Option<u32>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<LimitsRow> =
            on!(self.0, c => sqlx::query_as(LIMITS).bind(tenant).fetch_optional(c).await)?;
        let Some(row) = row else { return Ok(None) };
        let (column, value) = match kind {
            Limited::Licenses => ("max_licenses", row.max_licenses),
            Limited::Products => ("max_products", row.max_products),
            Limited::Customers => ("max_customers", row.max_customers),
            Limited::ApiKeys => ("max_api_keys", row.max_api_keys),
        };
        value.map(|value| Row::new("tenants", tenant).count(column, value)).transpose()
    }
}

#[derive(FromRow)]
struct LimitsRow {
    max_licenses: Option<i64>,
    max_products: Option<i64>,
    max_customers: Option<i64>,
    max_api_keys: Option<i64>,
}
