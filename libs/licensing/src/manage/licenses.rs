//! Make, show and change licenses.

use model::{
    ClientKey, Customer, CustomerId, License, LicenseId, LicenseKey, Machine, Memo, Metadata, Overrides,
    Policy, PolicyCode, Product, Tenant, Timestamp,
};

use crate::{Call, Error, Licensing};

/// A license to make.
#[derive(Clone, Debug)]
pub struct NewLicense {
    /// Its template.
    pub policy: PolicyCode,
    /// Whom it belongs to.
    pub customer: Option<CustomerName>,
    /// Its key; made in the product's format when absent.
    pub key: Option<LicenseKey>,
    /// What it does differently from its policy.
    pub overrides: Overrides,
    /// When it ends, whatever the term of its policy.
    pub expires_at: Option<Timestamp>,
    /// What the vendor notes on it.
    pub memo: Option<Memo>,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
}

/// What a customer is named by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CustomerName {
    /// Its identifier.
    Id(CustomerId),
    /// Its client key.
    ClientKey(ClientKey),
}

/// A license with all that belongs to it.
#[derive(Clone, Debug)]
pub struct LicenseDetails {
    /// The license.
    pub license: License,
    /// Its policy.
    pub policy: Policy,
    /// Its product.
    pub product: Product,
    /// Whom it belongs to.
    pub customer: Option<Customer>,
    /// Its machines, newest first, at most 100.
    pub machines: Vec<Machine>,
    /// Machines that hold a seat.
    pub seats_used: u32,
    /// What the vendor noted on it.
    pub memo: Option<Memo>,
}

impl Licensing {
    /// Makes a license; gives it with its key, which cannot be seen again without the right to reveal keys.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such policy or customer; [`Error::Conflict`] when the key is taken;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn create_license(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewLicense,
    ) -> Result<(License, LicenseKey), Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let made = self.make_license(&mut tx, tenant, call, new, now).await?;
        self.commit(tx).await?;
        Ok((made.record.license, made.key))
    }

    /// The license with that key.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn license_by_key(&self, tenant: &Tenant, key: &LicenseKey) -> Result<LicenseId, Error> {
        let key_hash = self.inner.vault.key_hash(tenant.id, key)?;
        let mut tx = self.inner.store.read(tenant.id).await?;
        let id = tx.licenses().id_by_key(&key_hash).await?;
        tx.end().await?;
        id.ok_or(Error::NotFound("license"))
    }

    /// A license with all that belongs to it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn license(&self, tenant: &Tenant, id: LicenseId) -> Result<LicenseDetails, Error> {
        const MOST_MACHINES: u32 = 100;
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.read(tenant.id).await?;
        let license = tx.licenses().by_id(id).await?.ok_or(Error::NotFound("license"))?;
        let policy = tx.policies().by_id(license.policy_id).await?;
        let policy = policy.ok_or(Error::Internal("a license has no policy", None))?;
        let product = tx.products().by_id(license.product_id).await?;
        let product = product.ok_or(Error::Internal("a license has no product", None))?;
        let customer = match license.customer_id {
            None => None,
            Some(id) => tx.customers().by_id(id).await?,
        };
        let machines = tx.machines().of_license(id, MOST_MACHINES).await?;
        let seats_used = tx.machines().seats_used(id, policy.rules.seat_kind, now).await?;
        let memo = tx.licenses().memo(id).await?;
        tx.end().await?;
        Ok(LicenseDetails { license, policy, product, customer, machines, seats_used, memo })
    }
}
