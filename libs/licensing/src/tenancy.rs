//! Finding the tenant of a request.

use model::{Tenant, TenantSlug};

use crate::{Error, Licensing};

impl Licensing {
    /// The tenant of that name, served or not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn tenant(&self, slug: &TenantSlug) -> Result<Tenant, Error> {
        self.inner.store.tenant_by_slug(slug).await?.ok_or(Error::NotFound("tenant"))
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>, Error> {
        Ok(self.inner.store.tenants().await?)
    }
}
