//! Policies as vendors see them: with the code of their product.

use model::{Policy, PolicyCode, ProductCode, ProductId};
use sqlx::FromRow;

use crate::{
    error::Result,
    page::Page,
    tables::{
        parse::Row,
        policies::{PolicyRow, policy_columns},
    },
    tx::Tx,
};

/// A policy with the code of its product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRecord {
    /// The policy.
    pub policy: Policy,
    /// The code of the product whose licenses it is for.
    pub product: ProductCode,
}

macro_rules! select {
    () => {
        concat!(
            "SELECT ",
            policy_columns!(),
            ", r.code AS product_code FROM policies p \
             JOIN products r ON r.tenant_id = $1 AND r.id = p.product_id WHERE p.tenant_id = $1"
        )
    };
}

statements! {
    BY_CODE = concat!(select!(), " AND p.code = $2");
    LIST = concat!(select!(), " AND p.id > $2 ORDER BY p.id LIMIT $3");
    LIST_DESCENDING = concat!(select!(), " AND p.id < $2 ORDER BY p.id DESC LIMIT $3");
    LIST_OF_PRODUCT = concat!(select!(), " AND p.id > $2 AND p.product_id = $4 ORDER BY p.id LIMIT $3");
    LIST_OF_PRODUCT_DESCENDING =
        concat!(select!(), " AND p.id < $2 AND p.product_id = $4 ORDER BY p.id DESC LIMIT $3");
}

/// Policies of one tenant, as vendors see them.
pub struct PolicyRecords<'a>(pub(crate) &'a mut Tx);

impl PolicyRecords<'_> {
    /// The policy of that code.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_code(&mut self, code: &PolicyCode) -> Result<Option<PolicyRecord>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<RecordRow> = on!(self.0, c =>
            sqlx::query_as(BY_CODE).bind(tenant).bind(code.as_str()).fetch_optional(c).await)?;
        row.map(PolicyRecord::try_from).transpose()
    }

    /// A piece of the list of policies.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list(&mut self, page: &Page) -> Result<Vec<PolicyRecord>> {
        let tenant = self.0.tenant.uuid();
        let statement = page.pick(LIST, LIST_DESCENDING);
        let rows: Vec<RecordRow> = on!(self.0, c => sqlx::query_as(statement)
            .bind(tenant).bind(page.bound()).bind(i64::from(page.limit)).fetch_all(c).await)?;
        rows.into_iter().map(PolicyRecord::try_from).collect()
    }

    /// A piece of the list of policies of a product.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list_of_product(&mut self, product: ProductId, page: &Page) -> Result<Vec<PolicyRecord>> {
        let tenant = self.0.tenant.uuid();
        let statement = page.pick(LIST_OF_PRODUCT, LIST_OF_PRODUCT_DESCENDING);
        let rows: Vec<RecordRow> = on!(self.0, c => sqlx::query_as(statement)
            .bind(tenant)
            .bind(page.bound())
            .bind(i64::from(page.limit))
            .bind(product.uuid())
            .fetch_all(c).await)?;
        rows.into_iter().map(PolicyRecord::try_from).collect()
    }
}

#[derive(FromRow)]
struct RecordRow {
    #[sqlx(flatten)]
    policy: PolicyRow,
    product_code: String,
}

impl TryFrom<RecordRow> for PolicyRecord {
    type Error = crate::Error;

    fn try_from(row: RecordRow) -> Result<Self> {
        let policy = Policy::try_from(row.policy)?;
        let product = Row::new("products", policy.product_id.uuid()).parse("code", &row.product_code)?;
        Ok(Self { policy, product })
    }
}
