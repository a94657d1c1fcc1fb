//! Finding things by the numbers and keys that old clients name them by.

use model::{ClientKey, Customer, LicenseKey, Product, ProductKey, Tenant};

use crate::{Error, LicenseDetails, Licensing};

/// A license as old clients are shown it, by one who presented its key.
#[derive(Clone, Debug)]
pub struct LicenseCard {
    /// The license with all that belongs to it.
    pub details: LicenseDetails,
    /// Its key, as it was made or imported.
    pub key: LicenseKey,
}

impl Licensing {
    /// The product of that number.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn product_by_number(&self, tenant: &Tenant, number: u32) -> Result<Option<Product>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let product = tx.products().by_number(number).await?;
        tx.end().await?;
        Ok(product)
    }

    /// The product with that key.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn product_by_key(&self, tenant: &Tenant, key: &ProductKey) -> Result<Option<Product>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let product = tx.products().by_product_key(key).await?;
        tx.end().await?;
        Ok(product)
    }

    /// The customer with that client key.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn customer_by_key(&self, tenant: &Tenant, key: &ClientKey) -> Result<Option<Customer>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let customer = tx.customers().by_client_key(key).await?;
        tx.end().await?;
        Ok(customer)
    }

    /// The license with that key, with all that belongs to it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn license_card(
        &self,
        tenant: &Tenant,
        key: &LicenseKey,
    ) -> Result<Option<LicenseCard>, Error> {
        match self.license_by_key(tenant, key).await {
            Ok(id) => {
                let details = self.license(tenant, id).await?;
                Ok(Some(LicenseCard { details, key: self.reveal_key(tenant, id).await? }))
            }
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
