//! Make, show, change and delete products.

use model::{
    Action, Invalid, KeyFormat, Metadata, Name, Product, ProductCode, ProductId, ProductKey, Subject, Tenant,
    Timestamp,
};
use serde_json::json;
use store::{NumberKind, Page, Tx};

use crate::{
    Answer, Call, Error, Idempotency, Licensing, Precondition, audit::Entry, manage::numbers::number,
};

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
    /// What the vendor keeps with it.
    pub metadata: Metadata,
}

/// What is changed of a product; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ProductChange {
    /// Its name for people.
    pub name: Option<Name>,
    /// What people are told when something is refused; the inner absence takes it away.
    pub support_message: Option<Option<String>>,
    /// How keys of its licenses are made from now on.
    pub key_format: Option<KeyFormat>,
    /// What the vendor keeps with it, in place of what was there.
    pub metadata: Option<Metadata>,
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
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let product = self.make_product(&mut tx, call, new, now).await?;
        self.commit(tx).await?;
        Ok(product)
    }

    /// Makes a product, once for an idempotency key.
    ///
    /// # Errors
    /// Those of [`Self::create_product`], and of idempotency keys.
    pub async fn create_product_once(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewProduct,
        idempotency: Option<Idempotency<'_, Product>>,
    ) -> Result<Answer<Product>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let product = self.make_product(&mut tx, call, new, now).await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(product)).await
    }

    async fn make_product(
        &self,
        tx: &mut Tx,
        call: &Call,
        new: NewProduct,
        now: Timestamp,
    ) -> Result<Product, Error> {
        let product = Product {
            id: ProductId::from_uuid(self.inner.entropy.uuid(now)),
            code: new.code,
            number: number(tx, NumberKind::Product, new.number).await?,
            name: new.name,
            support_message: checked_message(new.support_message)?,
            product_key: new.product_key.map_or_else(|| self.made_up(ProductKey::parse), Ok)?,
            key_format: new.key_format,
            metadata: new.metadata,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        if !tx.products().insert(&product).await? {
            return Err(Error::Conflict(
                "a product with this code, number or product key exists already".into(),
            ));
        }
        let details = json!({ "code": product.code.as_str(), "number": product.number });
        let subject = Subject::Product(product.id);
        self.audit(tx, call, now, Entry::done(Action::ProductCreate, subject, details)).await?;
        Ok(product)
    }

    /// The product of that code.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn product(&self, tenant: &Tenant, code: &ProductCode) -> Result<Product, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let product = tx.products().by_code(code).await?;
        tx.end().await?;
        product.ok_or(Error::NotFound("product"))
    }

    /// A piece of the list of products.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn products(&self, tenant: &Tenant, page: &Page) -> Result<Vec<Product>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let products = tx.products().list(page).await?;
        tx.end().await?;
        Ok(products)
    }

    /// Changes a product.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Invalid`] when the support message is too long;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn update_product(
        &self,
        tenant: &Tenant,
        call: &Call,
        code: &ProductCode,
        change: ProductChange,
        precondition: &Precondition,
    ) -> Result<Product, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let before = tx.products().by_code(code).await?.ok_or(Error::NotFound("product"))?;
        precondition.check(before.revision)?;
        let after = Product {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            support_message: match change.support_message {
                Some(message) => checked_message(message)?,
                None => before.support_message.clone(),
            },
            key_format: change.key_format.unwrap_or(before.key_format),
            metadata: change.metadata.unwrap_or_else(|| before.metadata.clone()),
            updated_at: now,
            ..before.clone()
        };
        if !tx.products().update(&after).await? {
            return Err(Error::PreconditionFailed);
        }
        let details = json!({ "before": facts(&before), "after": facts(&after) });
        let subject = Subject::Product(after.id);
        self.audit(&mut tx, call, now, Entry::done(Action::ProductUpdate, subject, details)).await?;
        self.commit(tx).await?;
        Ok(Product { revision: after.revision + 1, ..after })
    }

    /// Deletes a product that has no policies.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Conflict`] when it has policies;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn delete_product(
        &self,
        tenant: &Tenant,
        call: &Call,
        code: &ProductCode,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let product = tx.products().by_code(code).await?.ok_or(Error::NotFound("product"))?;
        precondition.check(product.revision)?;
        if !tx.products().delete(&product).await? {
            return Err(Error::Conflict("the product has policies: delete those first".into()));
        }
        let entry = Entry::done(Action::ProductDelete, Subject::Product(product.id), facts(&product));
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await?;
        Ok(())
    }
}

fn checked_message(message: Option<String>) -> Result<Option<String>, Error> {
    let good = |text: &String| (1..=500).contains(&text.chars().take(501).count()) && !text.contains('\0');
    if message.as_ref().is_none_or(good) {
        Ok(message)
    } else {
        Err(Error::Invalid { field: "support_message", invalid: Invalid::new("1 to 500 characters") })
    }
}

/// What the audit log tells of a product.
fn facts(product: &Product) -> serde_json::Value {
    json!({
        "code": product.code.as_str(),
        "name": product.name.as_str(),
        "support_message": product.support_message,
        "key_format": product.key_format.code(),
        "metadata": product.metadata.as_map(),
    })
}
