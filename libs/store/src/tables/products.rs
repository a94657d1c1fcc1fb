//! Products.

use model::{KeyFormat, Limited, Product, ProductCode, ProductId, ProductKey};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    error::{Result, deleted},
    page::Page,
    sql::At,
    tables::{metadata::metadata_column, parse::Row},
    tx::Tx,
};

macro_rules! product_columns {
    () => {
        "r.id AS product_id, r.code AS product_code, r.number AS product_number, r.name AS product_name, \
         r.support_message AS product_support_message, r.product_key AS product_key, r.key_format AS product_key_format, \
         r.metadata AS product_metadata, r.revision AS product_revision, r.created_at AS product_created_at, \
         r.updated_at AS product_updated_at"
    };
}
pub(crate) use product_columns;

statements! {
    INSERT = "INSERT INTO products (tenant_id, id, code, number, name, support_message, product_key, key_format, created_at, \
        updated_at, metadata) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10) ON CONFLICT DO NOTHING";
    BY_CODE = concat!("SELECT ", product_columns!(), " FROM products r WHERE r.tenant_id = $1 AND r.code = $2");
    BY_NUMBER = concat!("SELECT ", product_columns!(), " FROM products r WHERE r.tenant_id = $1 AND r.number = $2");
    BY_PRODUCT_KEY = concat!("SELECT ", product_columns!(), " FROM products r WHERE r.tenant_id = $1 AND r.product_key = $2");
    BY_ID = concat!("SELECT ", product_columns!(), " FROM products r WHERE r.tenant_id = $1 AND r.id = $2");
    LIST = concat!("SELECT ", product_columns!(), " FROM products r WHERE r.tenant_id = $1 AND r.id > $2 \
        ORDER BY r.id LIMIT $3");
    LIST_DESCENDING = concat!("SELECT ", product_columns!(), " FROM products r WHERE r.tenant_id = $1 AND r.id < $2 \
        ORDER BY r.id DESC LIMIT $3");
    UPDATE = "UPDATE products SET name = $4, support_message = $5, key_format = $6, metadata = $7, updated_at = $8, \
        revision = revision + 1 WHERE tenant_id = $1 AND id = $2 AND revision = $3";
    DELETE = "DELETE FROM products WHERE tenant_id = $1 AND id = $2 AND revision = $3 \
        AND NOT EXISTS (SELECT 1 FROM policies p WHERE p.tenant_id = $1 AND p.product_id = $2)";
}

/// Products of one tenant.
pub struct Products<'a>(pub(crate) &'a mut Tx);

impl Products<'_> {
    /// Adds a product; `false` when its code, number or key is taken.
    ///
    /// # Errors
    /// When the database does not answer, or the tenant may have no more.
    pub async fn insert(&mut self, product: &Product) -> Result<bool> {
        self.0.changes_no_check();
        self.0.limits().take(Limited::Products, 1).await?;
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(INSERT)
            .bind(tenant)
            .bind(product.id.uuid())
            .bind(product.code.as_str())
            .bind(i64::from(product.number))
            .bind(product.name.as_str())
            .bind(product.support_message.as_deref())
            .bind(product.product_key.as_str())
            .bind(product.key_format.code())
            .bind(At(product.created_at))
            .bind(metadata_column(&product.metadata))
            .execute(c).await.map(|done| done.rows_affected()))?;
        if done == 0 {
            self.0.limits().give_back(Limited::Products, 1);
        }
        Ok(done == 1)
    }

    /// A piece of the list of products.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list(&mut self, page: &Page) -> Result<Vec<Product>> {
        let tenant = self.0.tenant.uuid();
        let statement = page.pick(LIST, LIST_DESCENDING);
        let rows: Vec<ProductRow> = on!(self.0, c => sqlx::query_as(statement)
            .bind(tenant).bind(page.bound()).bind(i64::from(page.limit)).fetch_all(c).await)?;
        rows.into_iter().map(Product::try_from).collect()
    }

    /// Writes what a vendor may change of a product; `false` when its revision is not that of `product` any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update(&mut self, product: &Product) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(UPDATE)
            .bind(tenant)
            .bind(product.id.uuid())
            .bind(i64::try_from(product.revision).unwrap_or(i64::MAX))
            .bind(product.name.as_str())
            .bind(product.support_message.as_deref())
            .bind(product.key_format.code())
            .bind(metadata_column(&product.metadata))
            .bind(At(product.updated_at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Deletes a product; `false` when it has policies, or its revision is not that any more. Then the unit of work cannot
    /// go on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete(&mut self, product: &Product) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        deleted(on!(self.0, c => sqlx::query(DELETE)
            .bind(tenant)
            .bind(product.id.uuid())
            .bind(i64::try_from(product.revision).unwrap_or(i64::MAX))
            .execute(c).await.map(|done| done.rows_affected())))
    }

    /// The product of that number.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_number(&mut self, number: u32) -> Result<Option<Product>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<ProductRow> = on!(self.0, c =>
            sqlx::query_as(BY_NUMBER).bind(tenant).bind(i64::from(number)).fetch_optional(c).await)?;
        row.map(Product::try_from).transpose()
    }

    /// The product with that key.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_product_key(&mut self, key: &ProductKey) -> Result<Option<Product>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<ProductRow> = on!(self.0, c =>
            sqlx::query_as(BY_PRODUCT_KEY).bind(tenant).bind(key.as_str()).fetch_optional(c).await)?;
        row.map(Product::try_from).transpose()
    }

    /// The product of that identifier.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_id(&mut self, id: ProductId) -> Result<Option<Product>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<ProductRow> =
            on!(self.0, c => sqlx::query_as(BY_ID).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Product::try_from).transpose()
    }

    /// The product of that code.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_code(&mut self, code: &ProductCode) -> Result<Option<Product>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<ProductRow> = on!(self.0, c =>
            sqlx::query_as(BY_CODE).bind(tenant).bind(code.as_str()).fetch_optional(c).await)?;
        row.map(Product::try_from).transpose()
    }
}

#[derive(FromRow, Serialize, Deserialize)]
pub(crate) struct ProductRow {
    product_id: Uuid,
    product_code: String,
    product_number: i64,
    product_name: String,
    product_support_message: Option<String>,
    product_key: String,
    product_key_format: String,
    product_metadata: String,
    product_revision: i64,
    product_created_at: At,
    product_updated_at: At,
}

impl TryFrom<ProductRow> for Product {
    type Error = crate::Error;

    fn try_from(row: ProductRow) -> Result<Self> {
        let at = Row::new("products", row.product_id);
        Ok(Self {
            id: ProductId::from_uuid(row.product_id),
            code: at.parse("code", &row.product_code)?,
            number: at.count("number", row.product_number)?,
            name: at.parse("name", &row.product_name)?,
            support_message: row.product_support_message,
            product_key: at.parse("product_key", &row.product_key)?,
            key_format: at.check("key_format", KeyFormat::from_code(&row.product_key_format))?,
            metadata: at.metadata("metadata", &row.product_metadata)?,
            revision: at.count("revision", row.product_revision)?,
            created_at: row.product_created_at.0,
            updated_at: row.product_updated_at.0,
        })
    }
}
