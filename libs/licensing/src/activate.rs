//! Activate a license on a machine.

use std::sync::Arc;

use model::{
    Action, ClientKey, Fingerprint, LicenseId, LicenseKey, Machine, MachineId, MachineName, MachineState,
    ProductCode, Reason, Refusal, Subject, Tenant,
    decide::{self, Activation, Counting, Seat},
};
use serde_json::json;
use store::{ActivationRecord, Dossier, Tx};

use crate::{
    Answer, Binding, Call, Decision, Error, Idempotency, LicenseView, Licensing, SignedLease, audit::Entry,
    case::Case, leases::Chain,
};

/// What an app says when it activates.
#[derive(Clone, Debug)]
pub struct Activate {
    /// The license key.
    pub key: LicenseKey,
    /// The product that the app is.
    pub product: ProductCode,
    /// What identifies the machine.
    pub fingerprint: Fingerprint,
    /// What the machine calls itself.
    pub machine_name: Option<MachineName>,
    /// The customer's key.
    pub customer: Option<ClientKey>,
    /// Binds the lease, or the signed refusal, to the request.
    pub binding: Option<Binding>,
}

/// A license is active on a machine.
#[derive(Clone, Debug)]
pub struct Activated {
    /// The license, after activation.
    pub license: LicenseView,
    /// The machine.
    pub machine: Machine,
    /// The lease for this machine.
    pub lease: SignedLease,
    /// Whether the activation goes beyond the seats, within the tolerated overage.
    pub over_seats: bool,
}

impl Licensing {
    /// Activates a license on a machine and signs a lease for it.
    ///
    /// Idempotent on a machine that is active already: same machine, new lease, no seat and no activation.
    /// An answer that was given is durable.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`], with nothing changed; the errors of idempotency keys.
    pub async fn activate(
        &self,
        tenant: &Tenant,
        call: &Call,
        command: Activate,
        idempotency: Option<Idempotency<'_, Activated>>,
    ) -> Result<Answer<Activated>, Error> {
        let case = Case {
            tenant,
            call,
            action: Action::MachineActivate,
            key: &command.key,
            product: Some(&command.product),
            fingerprint: Some(&command.fingerprint),
            machine_name: command.machine_name.as_ref(),
            customer: command.customer.as_ref(),
            binding: command.binding.as_ref(),
            claimed: None,
            now: self.inner.clock.now(),
        };
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), case.now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let counting = Counting::NewMachines;
        let decision = self.decide_activation(&mut tx, &case, &command.fingerprint, counting).await?;
        self.settle(tx, tenant, idempotency.as_ref(), decision).await
    }

    pub(crate) async fn decide_activation(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        fingerprint: &Fingerprint,
        counting: Counting,
    ) -> Result<Decision<Activated>, Error> {
        let Some(dossier) = self.take_up(tx, case).await? else {
            return Ok(Err(self.refuse(tx, case, None, Refusal::only(Reason::NotFound)).await?));
        };
        match decide::activate(&case.facts(&dossier), &case.claim(&dossier), counting) {
            Ok(activation) => self.carry_out(tx, case, fingerprint, dossier, activation).await.map(Ok),
            Err(refusal) => Ok(Err(self.refuse(tx, case, Some(&dossier), refusal).await?)),
        }
    }

    async fn carry_out(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        fingerprint: &Fingerprint,
        mut dossier: Dossier,
        activation: Activation,
    ) -> Result<Activated, Error> {
        self.record(tx, case, &mut dossier, &activation).await?;
        let before = dossier.machine.take().map(Arc::unwrap_or_clone);
        let mut machine = self.machine_after(case, fingerprint, dossier.license.id, before, activation.seat);
        let view = LicenseView::of(dossier, case.now);

        let parent =
            machine.lease.as_ref().map(|lease| lease.id).filter(|_| activation.seat != Seat::Retaken);
        let chain = Chain { parent, nonce: case.binding.map(|binding| &binding.nonce) };
        // Signed before anything is lasting, so that a fault in signing cannot use up a seat.
        let lease = self.sign_lease(tx, case, &view, &mut machine, chain).await?;
        tx.machines().save(&machine).await?;

        let seat = match activation.seat {
            Seat::Taken => "taken",
            Seat::Retaken => "retaken",
            Seat::Regained => "regained",
            Seat::Kept => "kept",
            Seat::Unneeded => "none",
        };
        let details = json!({
            "seat": seat,
            "seats_used": view.seats_used,
            "over_seats": activation.over_seats,
            "activations_used": view.license.activations_used,
            "lease": lease.id.to_string(),
            "claimed": case.claimed,
        });
        let subject = Subject::Machine(view.license.id, machine.id);
        self.audit(tx, case.call, case.now, Entry::done(case.action, subject, details)).await?;
        Ok(Activated { license: view, machine, lease, over_seats: activation.over_seats })
    }

    /// Writes down what the activation changes on the license, if it changes anything.
    pub(crate) async fn record(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        dossier: &mut Dossier,
        activation: &Activation,
    ) -> Result<(), Error> {
        dossier.seats_used = activation.seats_used;
        if !activation.counts && activation.starts_term.is_none() && activation.binds_customer.is_none() {
            return Ok(());
        }
        let (started, ends) = activation.starts_term.unzip();
        let record = ActivationRecord {
            counts: activation.counts,
            activation_limit: dossier.license.activation_limit(&dossier.policy).number(),
            term_started_at: started,
            expires_at: ends.flatten(),
            customer_id: activation.binds_customer,
            at: case.now,
        };
        if !tx.licenses().record_activation(dossier.license.id, &record).await? {
            return Err(Error::Internal("an activation was decided on a license that had changed", None));
        }
        let license = Arc::make_mut(&mut dossier.license);
        license.activations_used += u32::from(activation.counts);
        license.term_started_at = license.term_started_at.or(record.term_started_at);
        license.expires_at = license.expires_at.or(record.expires_at);
        license.customer_id = license.customer_id.or(record.customer_id);
        license.updated_at = case.now;
        Ok(())
    }

    fn machine_after(
        &self,
        case: &Case<'_>,
        fingerprint: &Fingerprint,
        license_id: LicenseId,
        before: Option<Machine>,
        seat: Seat,
    ) -> Machine {
        let Some(before) = before else {
            return Machine {
                id: MachineId::from_uuid(self.inner.entropy.uuid(case.now)),
                license_id,
                fingerprint: fingerprint.clone(),
                name: case.machine_name.cloned(),
                state: MachineState::Active,
                activated_at: case.now,
                deactivated_at: None,
                lease: None,
                revision: 1,
            };
        };
        let again = seat == Seat::Retaken;
        Machine {
            name: case.machine_name.cloned().or_else(|| before.name.clone()),
            state: MachineState::Active,
            activated_at: if again { case.now } else { before.activated_at },
            deactivated_at: if again { None } else { before.deactivated_at },
            ..before
        }
    }
}
