//! Make a tenant with its first owner and its first API key.

use model::{
    Action, ApiKey, ApiKeyToken, EmailAddress, HostedTenant, Member, MemberId, Name, Role, Scopes, Subject,
};
use serde_json::json;

use crate::{Call, Error, Licensing, NewApiKey, NewTenant, audit::Entry};

/// A tenant to make, with those who begin with it.
#[derive(Clone, Debug)]
pub struct NewHostedTenant {
    /// The tenant.
    pub tenant: NewTenant,
    /// Its first member.
    pub owner: FirstOwner,
    /// The name of its first API key.
    pub api_key_name: Name,
}

/// The first member of a tenant, who owns it.
#[derive(Clone, Debug)]
pub struct FirstOwner {
    /// Where to write to.
    pub email: EmailAddress,
    /// The name for people.
    pub name: Name,
}

/// A new tenant with what it begins with.
#[derive(Debug)]
pub struct TenantStart {
    /// The tenant.
    pub tenant: HostedTenant,
    /// Its first member.
    pub owner: Member,
    /// Its first API key, which may do everything.
    pub api_key: ApiKey,
    /// The key's secret, which cannot be seen again.
    pub token: ApiKeyToken,
}

impl Licensing {
    /// Makes a tenant with signing keys, its first owner and an API key that may do everything.
    ///
    /// # Errors
    /// [`Error::Conflict`] when slug or issuer is taken; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn host_tenant(&self, call: &Call, new: NewHostedTenant) -> Result<TenantStart, Error> {
        let now = self.inner.clock.now();
        let slug = new.tenant.slug.clone();
        let (mut tx, _) = self.begin_tenant(call, new.tenant, now).await?;
        let owner = Member {
            id: MemberId::from_uuid(self.inner.entropy.uuid(now)),
            email: new.owner.email,
            name: new.owner.name,
            role: Role::Owner,
            created_at: now,
        };
        if !tx.members().insert(&owner).await? {
            return Err(Error::Internal("a new tenant has members already", None));
        }
        let entry = Entry::done(
            Action::MemberCreate,
            Subject::Member(owner.id),
            json!({ "role": owner.role.code() }),
        );
        self.audit(&mut tx, call, now, entry).await?;
        let key = NewApiKey { name: new.api_key_name, scopes: Scopes::admin(), expires_at: None };
        let (api_key, token) = self.make_api_key(&mut tx, call, key, now).await?;
        self.commit(tx).await?;
        let tenant = self.hosted_tenant(&slug).await?;
        Ok(TenantStart { tenant, owner, api_key, token })
    }
}
