//! Make a tenant.

use model::{
    Action, Issuer, KeyState, Name, RateLimitOverrides, Subject, Tenant, TenantId, TenantSlug, TenantState,
    Timestamp,
};
use serde_json::json;
use store::Tx;

use crate::{Call, Error, Licensing, audit::Entry};

/// A tenant to make.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its name in URLs.
    pub slug: TenantSlug,
    /// Its name for people.
    pub name: Name,
    /// The `iss` of its tokens.
    pub issuer: Issuer,
}

impl Licensing {
    /// Makes a tenant with a signing key and the key after that.
    ///
    /// # Errors
    /// [`Error::Conflict`] when slug or issuer is taken; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn create_tenant(&self, call: &Call, new: NewTenant) -> Result<Tenant, Error> {
        let now = self.inner.clock.now();
        let (tx, tenant) = self.begin_tenant(call, new, now).await?;
        self.commit(tx).await?;
        Ok(tenant)
    }

    /// Makes a tenant with its keys, in a transaction that goes on.
    pub(crate) async fn begin_tenant(
        &self,
        call: &Call,
        new: NewTenant,
        now: Timestamp,
    ) -> Result<(Tx, Tenant), Error> {
        let tenant = Tenant {
            id: TenantId::from_uuid(self.inner.entropy.uuid(now)),
            slug: new.slug,
            name: new.name,
            issuer: new.issuer,
            state: TenantState::Active,
            refuses_mistyped_keys: true,
            checks_are_events: false,
            rate_limits: RateLimitOverrides::default(),
            revision: 1,
            created_at: now,
        };
        let mut platform = self.inner.store.platform().await?;
        if !platform.insert_tenant(&tenant).await? {
            return Err(Error::Conflict("a tenant with this slug or issuer exists already".into()));
        }
        let mut tx = platform.enter(tenant.id).await?;
        let details = json!({ "slug": tenant.slug.as_str(), "issuer": tenant.issuer.as_str() });
        self.audit(
            &mut tx,
            call,
            now,
            Entry::done(Action::TenantCreate, Subject::Tenant(tenant.id), details),
        )
        .await?;
        self.make_key(&mut tx, tenant.id, call, KeyState::Active, now).await?;
        self.make_key(&mut tx, tenant.id, call, KeyState::Next, now).await?;
        Ok((tx, tenant))
    }
}
