//! Show licenses to those who manage them.

use model::{LicenseId, LicenseKey, Tenant};
use store::LicenseRecord;

use crate::{Error, Licensing};

impl Licensing {
    /// A license with all that a vendor is shown of it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn license_record(&self, tenant: &Tenant, id: LicenseId) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.read(tenant.id).await?;
        let record = tx.license_records().by_id(id, now).await?;
        tx.commit().await?;
        record.ok_or(Error::NotFound("license"))
    }

    /// The license with that key, with all that a vendor is shown of it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn license_record_by_key(
        &self,
        tenant: &Tenant,
        key: &LicenseKey,
    ) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let key_hash = self.inner.vault.key_hash(tenant.id, key)?;
        let mut tx = self.inner.store.read(tenant.id).await?;
        let record = tx.license_records().by_key(&key_hash, now).await?;
        tx.commit().await?;
        record.ok_or(Error::NotFound("license"))
    }
}
