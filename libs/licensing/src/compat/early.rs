//! An attempt that the API of an old client refuses before there is anything to decide.

use model::{Action, LicenseKey, MachineName, Outcome, Reason, Subject, Tenant};
use serde_json::json;

use crate::{Call, Error, Licensing, audit::Entry};

/// An attempt that names something that does not exist, such as a product of another tenant.
#[derive(Clone, Debug)]
pub struct EarlyRefusal {
    /// What was attempted.
    pub action: Action,
    /// The license key, where it can be one.
    pub key: Option<LicenseKey>,
    /// What the machine calls itself.
    pub machine_name: Option<MachineName>,
    /// Who uses it.
    pub user: Option<String>,
    /// Why it was refused.
    pub reason: Reason,
}

impl Licensing {
    /// Writes an attempt that was refused without a decision to the audit log, as every other attempt is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn note_refusal(
        &self,
        tenant: &Tenant,
        call: &Call,
        attempt: EarlyRefusal,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        tx.changes_no_check();
        let license = match &attempt.key {
            None => None,
            Some(key) => {
                let key_hash = self.inner.vault.key_hash(tenant.id, key)?;
                tx.licenses().id_by_key(&key_hash).await?
            }
        };
        let claimed = attempt.user.map(
            |user| json!({ "machine": attempt.machine_name.as_ref().map(MachineName::as_str), "user": user }),
        );
        let entry = Entry {
            action: attempt.action,
            subject: license.map(Subject::License),
            outcome: Outcome::Refused(attempt.reason),
            details: json!({ "codes": [attempt.reason.code()], "claimed": claimed }),
        };
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await
    }
}
