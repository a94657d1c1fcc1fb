//! Show the key of a license.

use model::{Action, LicenseId, LicenseKey, Subject, Tenant};
use serde_json::json;
use store::Tx;

use crate::{Call, Error, Licensing, audit::Entry, vault::Purpose};

impl Licensing {
    /// The key of a license, as it was made or imported, for one with the right to see it: who saw it is written down
    /// first.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn reveal_license_key(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
    ) -> Result<LicenseKey, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        tx.changes_no_check();
        let key = self.open_key(&mut tx, tenant, id).await?;
        let entry = Entry::done(Action::LicenseReveal, Subject::License(id), json!({}));
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await?;
        Ok(key)
    }

    /// The key of a license, for an answer that is owed to one who presented it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub(crate) async fn reveal_key(&self, tenant: &Tenant, id: LicenseId) -> Result<LicenseKey, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let key = self.open_key(&mut tx, tenant, id).await?;
        tx.end().await?;
        Ok(key)
    }

    async fn open_key(&self, tx: &mut Tx, tenant: &Tenant, id: LicenseId) -> Result<LicenseKey, Error> {
        let sealed = tx.licenses().sealed_key(id).await?.ok_or(Error::NotFound("license"))?;
        self.unseal_key(tenant, id, &sealed)
    }

    /// Opens the sealed key of a license.
    pub(crate) fn unseal_key(
        &self,
        tenant: &Tenant,
        id: LicenseId,
        sealed: &[u8],
    ) -> Result<LicenseKey, Error> {
        let text = self.inner.vault.open(tenant.id, Purpose::LicenseKey, &id.to_string(), sealed)?;
        let text = std::str::from_utf8(&text)
            .map_err(|error| Error::Internal("a sealed license key is not text", Some(Box::new(error))))?;
        LicenseKey::parse(text)
            .map_err(|invalid| Error::Internal("a sealed license key is malformed", Some(Box::new(invalid))))
    }
}
