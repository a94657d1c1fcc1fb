//! An activation that counts every time, as the apps of mini-key-server expect.

use model::{
    Action, Fingerprint, LicenseKey, MachineName, ProductCode, Reason, Refusal, Subject, Tenant,
    decide::{self, Counting},
};
use serde_json::json;
use store::Tx;

use crate::{Call, Decision, Error, LicenseView, Licensing, audit::Entry, case::Case};

/// What an old client says when it activates.
#[derive(Clone, Debug)]
pub struct CountedActivation {
    /// The license key.
    pub key: LicenseKey,
    /// The product that the app is, where it says so.
    pub product: Option<ProductCode>,
    /// What identifies the machine; without it an activation is counted but no machine is bound.
    pub fingerprint: Option<Fingerprint>,
    /// What the machine calls itself.
    pub machine_name: MachineName,
    /// Who uses it; for the audit log.
    pub user: String,
}

impl Licensing {
    /// Activates a license and uses up one of its activations, also on a machine that is active already.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`], with nothing changed.
    pub async fn activate_counted(
        &self,
        tenant: &Tenant,
        call: &Call,
        command: CountedActivation,
    ) -> Result<Decision<LicenseView>, Error> {
        let claimed = json!({ "machine": command.machine_name.as_str(), "user": command.user });
        let case = Case {
            tenant,
            call,
            action: Action::MachineActivate,
            key: &command.key,
            product: command.product.as_ref(),
            fingerprint: command.fingerprint.as_ref(),
            machine_name: Some(&command.machine_name),
            customer: None,
            binding: None,
            claimed: Some(&claimed),
            now: self.inner.clock.now(),
        };
        let mut tx = self.inner.store.write(tenant.id).await?;
        let decision = match case.fingerprint {
            Some(fingerprint) => {
                let decision =
                    self.decide_activation(&mut tx, &case, fingerprint, Counting::EveryCall).await?;
                decision.map(|activated| activated.license)
            }
            None => self.count_only(&mut tx, &case).await?,
        };
        self.commit(tx).await?;
        Ok(decision)
    }

    /// Counts an activation that binds no machine.
    async fn count_only(&self, tx: &mut Tx, case: &Case<'_>) -> Result<Decision<LicenseView>, Error> {
        let Some(mut dossier) = self.take_up(tx, case).await? else {
            return Ok(Err(self.refuse(tx, case, None, Refusal::only(Reason::NotFound)).await?));
        };
        match decide::count(&case.facts(&dossier), &case.claim(&dossier)) {
            Err(refusal) => Ok(Err(self.refuse(tx, case, Some(&dossier), refusal).await?)),
            Ok(activation) => {
                self.record(tx, case, &mut dossier, &activation).await?;
                let details = json!({
                    "seat": "none",
                    "activations_used": dossier.license.activations_used,
                    "claimed": case.claimed,
                });
                let subject = Subject::License(dossier.license.id);
                self.audit(tx, case.call, case.now, Entry::done(case.action, subject, details)).await?;
                Ok(Ok(LicenseView::of(dossier, case.now)))
            }
        }
    }
}
