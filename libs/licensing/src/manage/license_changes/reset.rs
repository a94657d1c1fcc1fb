//! Set the activations of a license back.

use model::{Action, License, LicenseId, LicenseState, Subject, Tenant, license::RevokedIsFinal};
use serde_json::{Map, json};
use store::LicenseRecord;

use super::Change;
use crate::{Answer, Call, Error, Idempotency, Licensing, Precondition, audit::Entry};

impl Licensing {
    /// Counts activations and deactivations of a license from zero again, once for an idempotency key; and, where that is
    /// asked for, deactivates it on all machines. Where there is nothing to set back, nothing changes.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Conflict`] when it is revoked; the errors of
    /// idempotency keys; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn reset_activations(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
        deactivates_machines: bool,
        precondition: &Precondition,
        idempotency: Option<Idempotency<'_, LicenseRecord>>,
    ) -> Result<Answer<LicenseRecord>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let before = self.hold(&mut tx, id, precondition, now).await?;
        if before.license.state == LicenseState::Revoked {
            return Err(Error::Conflict(RevokedIsFinal.to_string()));
        }
        let machines =
            if deactivates_machines { tx.machines().deactivate_all(id, now).await? } else { Vec::new() };
        let after = License { activations_used: 0, deactivations_used: 0, ..before.license.clone() };
        if after == before.license && machines.is_empty() {
            return self.settle(tx, tenant, idempotency.as_ref(), Ok(before)).await;
        }
        let with = json!({ "with": Action::LicenseReset.code() });
        let deactivated = machines.iter().map(|machine| {
            Entry::done(Action::MachineDeactivate, Subject::Machine(id, *machine), with.clone())
        });
        self.audit_many(&mut tx, call, now, deactivated.collect()).await?;
        let change = Change { call, action: Action::LicenseReset, before: &before, now };
        let more = Map::from_iter([("machines_deactivated".to_owned(), json!(machines.len()))]);
        let reset = self.put(&mut tx, &change, after, more).await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(reset)).await
    }
}
