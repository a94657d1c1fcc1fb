//! Give a tenant a domain, list them, and take one away.

use model::{Action, DomainName, TenantSlug, Timestamp};
use serde_json::json;

use crate::{Call, Error, Licensing};

impl Licensing {
    /// Gives a tenant a domain. Giving it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when another tenant has it; [`Error::Unavailable`] and
    /// [`Error::Internal`].
    pub async fn add_domain(
        &self,
        call: &Call,
        slug: &TenantSlug,
        name: &DomainName,
    ) -> Result<(DomainName, Timestamp), Error> {
        let now = self.inner.clock.now();
        let (mut platform, before) = self.begin_change(slug).await?;
        let id = before.tenant.id;
        let (holder, is_new) = platform.add_domain(id, name, now).await?;
        if holder != id {
            return Err(Error::Conflict("another tenant has this domain".into()));
        }
        if is_new {
            let change = (Action::DomainAdd, json!({ "domain": name.as_str() }));
            self.end_change(platform, call, slug, now, change).await?;
        } else {
            platform.commit().await?;
        }
        let domains = self.inner.store.domains(id).await?;
        domains.into_iter().find(|(found, _)| found == name).ok_or(Error::NotFound("domain"))
    }

    /// The domains of a tenant with the instants since when it has them, by name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn domains(&self, slug: &TenantSlug) -> Result<Vec<(DomainName, Timestamp)>, Error> {
        let id = self.tenant(slug).await?.id;
        Ok(self.inner.store.domains(id).await?)
    }

    /// Takes a domain from a tenant.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when the tenant has it not; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn remove_domain(
        &self,
        call: &Call,
        slug: &TenantSlug,
        name: &DomainName,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let (mut platform, before) = self.begin_change(slug).await?;
        if !platform.remove_domain(before.tenant.id, name).await? {
            return Err(Error::NotFound("domain"));
        }
        let change = (Action::DomainRemove, json!({ "domain": name.as_str() }));
        self.end_change(platform, call, slug, now, change).await?;
        Ok(())
    }
}
