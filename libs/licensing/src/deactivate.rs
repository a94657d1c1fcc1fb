//! Deactivate a license on a machine.

use std::sync::Arc;

use model::{
    Action, ClientKey, Fingerprint, LicenseKey, Machine, MachineState, ProductCode, Reason, Refusal, Subject,
    Tenant,
    decide::{self, Deactivation, Deactivator},
};
use serde_json::json;
use store::{Dossier, Tx};

use crate::{
    Answer, Binding, Call, Decision, Error, Idempotency, LicenseView, Licensing, audit::Entry, case::Case,
};

/// What an app says when it gives a license back.
#[derive(Clone, Debug)]
pub struct Deactivate {
    /// The license key.
    pub key: LicenseKey,
    /// The product that the app is.
    pub product: ProductCode,
    /// What identifies the machine.
    pub fingerprint: Fingerprint,
    /// The customer's key.
    pub customer: Option<ClientKey>,
    /// Binds a signed refusal to the request.
    pub binding: Option<Binding>,
}

/// A license is not active on a machine any more.
#[derive(Clone, Debug)]
pub struct Deactivated {
    /// The license.
    pub license: LicenseView,
    /// The machine.
    pub machine: Machine,
}

impl Licensing {
    /// Deactivates a license on a machine, which frees its seat. Idempotent.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`], with nothing changed; the errors of idempotency keys.
    pub async fn deactivate(
        &self,
        tenant: &Tenant,
        call: &Call,
        command: Deactivate,
        idempotency: Option<Idempotency<'_, Deactivated>>,
    ) -> Result<Answer<Deactivated>, Error> {
        let case = Case {
            tenant,
            call,
            action: Action::MachineDeactivate,
            key: &command.key,
            product: Some(&command.product),
            fingerprint: Some(&command.fingerprint),
            machine_name: None,
            customer: command.customer.as_ref(),
            binding: command.binding.as_ref(),
            claimed: None,
            now: self.inner.clock.now(),
        };
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), case.now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let decision = self.decide_deactivation(&mut tx, &case).await?;
        self.settle(tx, tenant, idempotency.as_ref(), decision).await
    }

    pub(crate) async fn decide_deactivation(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
    ) -> Result<Decision<Deactivated>, Error> {
        let Some(mut dossier) = self.take_up(tx, case).await? else {
            return Ok(Err(self.refuse(tx, case, None, Refusal::only(Reason::NotFound)).await?));
        };
        let decided = decide::deactivate(&case.facts(&dossier), &case.claim(&dossier), Deactivator::App);
        match (decided, dossier.machine.take().map(Arc::unwrap_or_clone)) {
            (Ok(Deactivation::Already), Some(machine)) => {
                Ok(Ok(Deactivated { license: LicenseView::of(dossier, case.now), machine }))
            }
            (Ok(Deactivation::Frees { counts }), Some(machine)) => {
                self.free(tx, case, dossier, machine, counts).await.map(Ok)
            }
            (Ok(_), None) => Err(Error::Internal("a deactivation was decided without a machine", None)),
            (Err(refusal), machine) => {
                dossier.machine = machine.map(Arc::new);
                Ok(Err(self.refuse(tx, case, Some(&dossier), refusal).await?))
            }
        }
    }

    async fn free(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        mut dossier: Dossier,
        mut machine: Machine,
        counts: bool,
    ) -> Result<Deactivated, Error> {
        let held_seat = machine.holds_seat(dossier.policy.rules.seat_kind, case.now);
        dossier.seats_used = dossier.seats_used.saturating_sub(u32::from(held_seat));
        let license = Arc::make_mut(&mut dossier.license);
        license.deactivations_used += u32::from(counts);
        license.updated_at = case.now;
        machine.state = MachineState::Deactivated;
        machine.deactivated_at = Some(case.now);
        tx.machines().save(&machine).await?;
        tx.licenses().record_deactivation(dossier.license.id, counts, case.now).await?;

        let subject = Subject::Machine(dossier.license.id, machine.id);
        let details = json!({
            "seats_used": dossier.seats_used,
            "deactivations_used": dossier.license.deactivations_used,
        });
        self.audit(tx, case.call, case.now, Entry::done(case.action, subject, details)).await?;
        Ok(Deactivated { license: LicenseView::of(dossier, case.now), machine })
    }
}
