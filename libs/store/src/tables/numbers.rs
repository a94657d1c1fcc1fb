//! Small numbers for old clients, counted per tenant and kind.

use crate::{error::Result, tx::Tx};

/// What is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// Products.
    Product,
    /// Customers.
    Customer,
    /// Licenses.
    License,
}

impl NumberKind {
    const fn code(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Customer => "customer",
            Self::License => "license",
        }
    }
}

statements! {
    TAKE = "INSERT INTO numbers (tenant_id, kind, next) VALUES ($1, $2, 1 + $3) \
        ON CONFLICT (tenant_id, kind) DO UPDATE SET next = numbers.next + $3 WHERE numbers.tenant_id = $1 RETURNING next";
    SKIP = "INSERT INTO numbers (tenant_id, kind, next) VALUES ($1, $2, $3) \
        ON CONFLICT (tenant_id, kind) DO UPDATE SET next = CASE WHEN numbers.next < $3 THEN $3 ELSE numbers.next END \
        WHERE numbers.tenant_id = $1";
}

/// Numbers of one tenant.
pub struct Numbers<'a>(pub(crate) &'a mut Tx);

impl Numbers<'_> {
    /// Takes `count` numbers that follow one another and gives the first. Others wait until this unit of work ends.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take(&mut self, kind: NumberKind, count: u32) -> Result<i64> {
        let tenant = self.0.tenant.uuid();
        let next: i64 = on!(self.0, c => sqlx::query_scalar(TAKE)
            .bind(tenant).bind(kind.code()).bind(i64::from(count)).fetch_one(c).await)?;
        Ok(next - i64::from(count))
    }

    /// Makes sure that numbers up to `used` are not taken later.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn skip(&mut self, kind: NumberKind, used: u32) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(SKIP)
            .bind(tenant).bind(kind.code()).bind(i64::from(used) + 1).execute(c).await.map(|_| ()))?;
        Ok(())
    }
}
