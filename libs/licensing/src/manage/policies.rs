//! Make a policy.

use model::{
    Action, Metadata, Name, Policy, PolicyCode, PolicyId, PolicyRules, ProductCode, Subject, Tenant,
};
use serde_json::json;

use crate::{Call, Error, Licensing, audit::Entry};

/// A policy to make.
#[derive(Clone, Debug)]
pub struct NewPolicy {
    /// The product whose licenses it is for.
    pub product: ProductCode,
    /// Its name in requests and tokens; unique in the tenant.
    pub code: PolicyCode,
    /// Its name for people.
    pub name: Name,
    /// What it gives and demands.
    pub rules: PolicyRules,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
}

impl Licensing {
    /// Makes a policy.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such product; [`Error::Conflict`] when the code is taken;
    /// [`Error::Invalid`] when the rules make no sense; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn create_policy(&self, tenant: &Tenant, call: &Call, new: NewPolicy) -> Result<Policy, Error> {
        let rules = new.rules.checked().map_err(|invalid| Error::Invalid { field: "policy", invalid })?;
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let product = tx.products().by_code(&new.product).await?.ok_or(Error::NotFound("product"))?;
        let policy = Policy {
            id: PolicyId::from_uuid(self.inner.entropy.uuid(now)),
            product_id: product.id,
            code: new.code,
            name: new.name,
            rules,
            metadata: new.metadata,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        if !tx.policies().insert(&policy).await? {
            return Err(Error::Conflict("a policy with this code exists already".into()));
        }
        let details = json!({ "code": policy.code.as_str(), "product": product.code.as_str() });
        self.audit(
            &mut tx,
            call,
            now,
            Entry::done(Action::PolicyCreate, Subject::Policy(policy.id), details),
        )
        .await?;
        tx.commit().await?;
        Ok(policy)
    }
}
