//! Give an active machine a new lease.

use std::sync::Arc;

use model::{
    Action, ClientKey, Fingerprint, LeaseId, LicenseKey, Machine, ProductCode, Reason, Refusal, Subject,
    Tenant, decide,
};
use serde_json::json;
use store::{Dossier, Tx};

use crate::{
    Answer, Binding, Call, Decision, Error, Idempotency, LicenseView, Licensing, SignedLease, audit::Entry,
    case::Case, leases::Chain,
};

/// What an app says when it wants a new lease.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// The license key.
    pub key: LicenseKey,
    /// The product that the app is.
    pub product: ProductCode,
    /// What identifies the machine.
    pub fingerprint: Fingerprint,
    /// The customer's key.
    pub customer: Option<ClientKey>,
    /// The lease that the app holds, by its `jti`.
    pub lease_id: Option<LeaseId>,
    /// Binds the lease, or the signed refusal, to the request.
    pub binding: Option<Binding>,
}

/// A machine has a new lease.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The license.
    pub license: LicenseView,
    /// The machine.
    pub machine: Machine,
    /// The new lease.
    pub lease: SignedLease,
}

impl Licensing {
    /// Signs a new lease for an active machine, chained to the one that it holds.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`], with nothing changed; the errors of idempotency keys.
    pub async fn refresh(
        &self,
        tenant: &Tenant,
        call: &Call,
        command: Refresh,
        idempotency: Option<Idempotency<'_, Refreshed>>,
    ) -> Result<Answer<Refreshed>, Error> {
        let case = Case {
            tenant,
            call,
            action: Action::LeaseRefresh,
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
        let decision = self.decide_refresh(&mut tx, &case, &command).await?;
        self.settle(tx, tenant, idempotency.as_ref(), decision).await
    }

    async fn decide_refresh(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        command: &Refresh,
    ) -> Result<Decision<Refreshed>, Error> {
        let Some(mut dossier) = self.take_up(tx, case).await? else {
            return Ok(Err(self.refuse(tx, case, None, Refusal::only(Reason::NotFound)).await?));
        };
        let decided = decide::refresh(&case.facts(&dossier), &case.claim(&dossier), command.lease_id);
        match (decided, dossier.machine.take().map(Arc::unwrap_or_clone)) {
            (Ok(refresh), Some(machine)) => {
                self.renew(tx, case, command, dossier, machine, refresh).await.map(Ok)
            }
            (Ok(_), None) => Err(Error::Internal("a refresh was decided without a machine", None)),
            (Err(refusal), machine) => {
                dossier.machine = machine.map(Arc::new);
                Ok(Err(self.refuse(tx, case, Some(&dossier), refusal).await?))
            }
        }
    }

    async fn renew(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        command: &Refresh,
        dossier: Dossier,
        mut machine: Machine,
        refresh: decide::Refresh,
    ) -> Result<Refreshed, Error> {
        let view = LicenseView::of(dossier, case.now);
        let subject = Subject::Machine(view.license.id, machine.id);
        if refresh.forks {
            let current = machine.lease.as_ref().map(|lease| lease.id.to_string());
            let details =
                json!({ "presented": refresh.parent.map(|parent| parent.to_string()), "current": current });
            self.audit(tx, case.call, case.now, Entry::done(Action::LeaseFork, subject.clone(), details))
                .await?;
        }
        let chain =
            Chain { parent: refresh.parent, nonce: command.binding.as_ref().map(|binding| &binding.nonce) };
        let lease = self.sign_lease(tx, case, &view, &mut machine, chain).await?;
        tx.machines().save(&machine).await?;
        let details = json!({ "lease": lease.id.to_string() });
        self.audit(tx, case.call, case.now, Entry::done(case.action, subject, details)).await?;
        Ok(Refreshed { license: view, machine, lease })
    }
}
