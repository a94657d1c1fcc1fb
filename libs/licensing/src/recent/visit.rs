//! Finding the tenant of a request among those that were loaded a moment ago.

use std::{sync::Arc, time::Instant};

use ephemeral::Stamp;
use model::{DomainName, Tenant, TenantSlug, TenantState};

use super::{
    Mark,
    right_at::{RightAt, UNTOLD},
};
use crate::{Error, Licensing};

/// A tenant as it was a moment ago. [`Licensing::admit`] makes sure that it still is.
#[derive(Clone, Debug)]
pub struct Visit(Arc<Visited>);

#[derive(Debug)]
struct Visited {
    tenant: Arc<Tenant>,
    mark: Mark,
    right_at: RightAt,
}

impl Visit {
    /// The tenant. It was served a moment ago.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.0.tenant
    }
}

impl Licensing {
    /// The tenant of that name, if there was one a moment ago and it was served.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn visit(&self, slug: &TenantSlug) -> Result<Option<Visit>, Error> {
        let era = self.inner.recent.eras.now();
        if let Some(visit) = self.inner.recent.tenants.get(slug)
            && visit.0.mark.era == era
        {
            return Ok(Some(visit));
        }
        Box::pin(self.load_visit(slug, Mark { tenant: None, era })).await
    }

    /// The tenant that was served at a host a moment ago, if there was one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn visit_at(&self, name: &DomainName) -> Result<Option<Visit>, Error> {
        let era = self.inner.recent.eras.now();
        let slug = match self.inner.recent.domains.get(name) {
            Some((held, slug)) if held == era => slug,
            _ => {
                let found = Box::pin(self.inner.store.tenant_by_domain(name)).await?;
                let slug = found.map(|tenant| tenant.slug);
                self.inner.recent.domains.put(name.clone(), (era, slug.clone()));
                slug
            }
        };
        match slug {
            Some(slug) => self.visit(&slug).await,
            None => Ok(None),
        }
    }

    /// The tenant as it is now, where it was loaded under another stamp than that of now, of which was asked after `asked`;
    /// or where nothing has said for too long whether it is still the same. Nothing when it is as it was.
    pub(super) async fn revisit(
        &self,
        visit: &Visit,
        now: Option<Stamp>,
        asked: Instant,
    ) -> Result<Option<Visit>, Error> {
        let visited = &visit.0;
        let mark = Mark { tenant: now.or(visited.mark.tenant), era: self.inner.recent.eras.now() };
        let is_same = visited.mark == mark;
        if is_same && now.is_some() {
            visited.right_at.confirm(asked);
        }
        if is_same && (now.is_some() || visited.right_at.age() < UNTOLD) {
            return Ok(None);
        }
        let mark = Mark { tenant: now, ..mark };
        let loaded = Box::pin(self.load_visit(&visited.tenant.slug, mark)).await?;
        // Another tenant may have its name by now; its stamp is another one too.
        let same = loaded.filter(|loaded| loaded.tenant().id == visited.tenant.id);
        same.map(Some).ok_or(Error::NotFound("tenant"))
    }

    /// Loads a tenant after `mark` was known. Boxed where it is called: it is seldom needed, and a future has room for all
    /// that it might wait for.
    async fn load_visit(&self, slug: &TenantSlug, mark: Mark) -> Result<Option<Visit>, Error> {
        let right_at = RightAt::new(Instant::now());
        let Some(tenant) = self.inner.store.tenant_by_slug(slug).await? else { return Ok(None) };
        if tenant.state != TenantState::Active {
            return Ok(None);
        }
        let visit = Visit(Arc::new(Visited { tenant: Arc::new(tenant), mark, right_at }));
        self.inner.recent.tenants.put(slug.clone(), visit.clone());
        Ok(Some(visit))
    }
}
