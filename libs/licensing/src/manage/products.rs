//! Make a product.

use model::{Action, Invalid, KeyFormat, Name, Product, ProductCode, ProductId, ProductKey, Subject, Tenant};
use serde_json::json;
use store::NumberKind;

use crate::{Call, Error, Licensing, audit::Entry, manage::numbers::number};

/// A product to make.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// Its name in requests and tokens.
    pub code: ProductCode,
    /// Its name for people.
    pub name: Name,
    /// Its number for old clients; the next free one when absent.
    pub number: Option<u32>,
    /// What people are told when something is refused: at most 500 characters.
    pub support_message: Option<String>,
    /// Its key for old clients; made up when absent.
    pub product_key: Option<ProductKey>,
    /// How keys of its licenses are made.
    pub key_format: KeyFormat,
}

impl Licensing {
    /// Makes a product.
    ///
    /// # Errors
    /// [`Error::Conflict`] when code, number or key is taken; [`Error::Invalid`] when the support message is too
    /// long; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn create_product(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewProduct,
    ) -> Result<Product, Error> {
        if new.support_message.as_ref().is_some_and(|text| text.is_empty() || text.chars().count() > 500) {
            return Err(Error::Invalid {
                field: "support message",
                invalid: Invalid::new("1 to 500 characters"),
            });
        }
        let now = self.inner.clock.now();
        let product_key = new.product_key.map_or_else(|| self.made_up(ProductKey::parse), Ok)?;
        let mut tx = self.inner.store.write(tenant.id).await?;
        let product = Product {
            id: ProductId::from_uuid(self.inner.entropy.uuid(now)),
            code: new.code,
            number: number(&mut tx, NumberKind::Product, new.number).await?,
            name: new.name,
            support_message: new.support_message,
            product_key,
            key_format: new.key_format,
            created_at: now,
        };
        if !tx.products().insert(&product).await? {
            return Err(Error::Conflict(
                "a product with this code, number or product key exists already".into(),
            ));
        }
        let details = json!({ "code": product.code.as_str(), "number": product.number });
        let subject = Subject::Product(product.id);
        self.audit(&mut tx, call, now, Entry::done(Action::ProductCreate, subject, details)).await?;
        tx.commit().await?;
        Ok(product)
    }

    /// The product of that code.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn product(&self, tenant: &Tenant, code: &ProductCode) -> Result<Product, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let product = tx.products().by_code(code).await?;
        tx.commit().await?;
        product.ok_or(Error::NotFound("product"))
    }
}
