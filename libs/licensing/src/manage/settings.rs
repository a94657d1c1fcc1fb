//! Show and change the settings of a tenant.

use model::{Action, Name, Subject, Tenant};
use serde_json::{Value, json};

use crate::{Call, Error, Licensing, Precondition, audit::Entry};

/// What is changed of a tenant's settings; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    /// Its name for people.
    pub name: Option<Name>,
    /// Whether each check is written to the audit log.
    pub checks_are_events: Option<bool>,
}

impl Licensing {
    /// The tenant with its settings as they are now.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn settings(&self, tenant: &Tenant) -> Result<Tenant, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let found = tx.settings().find().await?;
        tx.end().await?;
        found.ok_or(Error::NotFound("tenant"))
    }

    /// Changes the settings of a tenant. They count from the next request on.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn update_settings(
        &self,
        tenant: &Tenant,
        call: &Call,
        change: SettingsChange,
        precondition: &Precondition,
    ) -> Result<Tenant, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let before = tx.settings().find().await?.ok_or(Error::NotFound("tenant"))?;
        precondition.check(before.revision)?;
        let after = Tenant {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            checks_are_events: change.checks_are_events.unwrap_or(before.checks_are_events),
            ..before.clone()
        };
        if !tx.settings().update(&after).await? {
            return Err(Error::PreconditionFailed);
        }
        let details = json!({ "before": facts(&before), "after": facts(&after) });
        let entry = Entry::done(Action::TenantUpdate, Subject::Tenant(tenant.id), details);
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await?;
        Ok(Tenant { revision: after.revision + 1, ..after })
    }
}

/// What the audit log tells of settings.
fn facts(tenant: &Tenant) -> Value {
    json!({ "name": tenant.name.as_str(), "checks_are_events": tenant.checks_are_events })
}
