//! What the verbs of an app share: finding the license, and refusing.

use model::{
    Action, ClientKey, DecisionId, Fingerprint, LicenseKey, MachineName, Outcome, ProductCode, Reason,
    Refusal, Subject, Tenant, Timestamp,
    decide::{Claim, Facts},
};
use serde_json::{Value, json};
use store::{Dossier, DossierQuery, Tx};

use crate::{Binding, Call, Error, Licensing, audit::Entry, error::Refused, verdict::Finding};

/// One request of an app about one license.
pub(crate) struct Case<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) call: &'a Call,
    pub(crate) action: Action,
    pub(crate) key: &'a LicenseKey,
    /// The product that the app says it is.
    pub(crate) product: Option<&'a ProductCode>,
    pub(crate) fingerprint: Option<&'a Fingerprint>,
    pub(crate) machine_name: Option<&'a MachineName>,
    pub(crate) customer: Option<&'a ClientKey>,
    pub(crate) binding: Option<&'a Binding>,
    /// What else the caller says of itself, for the audit log.
    pub(crate) claimed: Option<&'a Value>,
    pub(crate) now: Timestamp,
}

impl Case<'_> {
    /// What the database says of the license.
    pub(crate) fn facts<'d>(&self, dossier: &'d Dossier) -> Facts<'d> {
        Facts {
            license: &dossier.license,
            policy: &dossier.policy,
            product: &dossier.product,
            machine: dossier.machine.as_deref(),
            seats_used: dossier.seats_used,
            now: self.now,
        }
    }

    /// How the database is asked for the license.
    pub(crate) fn query<'a>(&'a self, key_hash: &'a [u8; 32]) -> DossierQuery<'a> {
        DossierQuery { key_hash, fingerprint: self.fingerprint, customer: self.customer, now: self.now }
    }

    /// What the caller says.
    pub(crate) fn claim(&self, dossier: &Dossier) -> Claim<'_> {
        Claim { product: self.product, customer: dossier.customer }
    }
}

/// Whether a key need not be looked up, since no key of the tenant looks like it.
pub(crate) fn is_mistyped(tenant: &Tenant, key: &LicenseKey) -> bool {
    tenant.refuses_mistyped_keys && key.looks_mistyped()
}

/// Whether a refusal may tell anything about the license: only to one who names the right product and customer.
pub(crate) fn may_show(reasons: &[Reason]) -> bool {
    !reasons
        .iter()
        .any(|reason| matches!(reason, Reason::NotFound | Reason::ProductMismatch | Reason::CustomerMismatch))
}

impl Licensing {
    /// Finds the license and makes every other change of it wait until the transaction ends.
    pub(crate) async fn take_up(&self, tx: &mut Tx, case: &Case<'_>) -> Result<Option<Dossier>, Error> {
        if is_mistyped(case.tenant, case.key) {
            tx.changes_no_check();
            return Ok(None);
        }
        let key_hash = self.inner.vault.key_hash(case.tenant.id, case.key)?;
        if tx.licenses().lock_by_key(&key_hash).await?.is_none() {
            return Ok(None);
        }
        self.dossier(tx, case, &key_hash).await
    }

    /// Finds the license.
    pub(crate) async fn look_up(&self, tx: &mut Tx, case: &Case<'_>) -> Result<Option<Dossier>, Error> {
        if is_mistyped(case.tenant, case.key) {
            return Ok(None);
        }
        let key_hash = self.inner.vault.key_hash(case.tenant.id, case.key)?;
        self.dossier(tx, case, &key_hash).await
    }

    async fn dossier(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        key_hash: &[u8; 32],
    ) -> Result<Option<Dossier>, Error> {
        Ok(tx.dossiers().by_key(&case.query(key_hash)).await?)
    }

    /// A new name for a decision.
    pub(crate) fn decision_id(&self, now: Timestamp) -> DecisionId {
        DecisionId::from_uuid(self.inner.entropy.uuid(now))
    }

    /// Refuses: writes the attempt to the audit log, and signs the refusal where the request carried a nonce.
    pub(crate) async fn refuse(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        dossier: Option<&Dossier>,
        refusal: Refusal,
    ) -> Result<Refused, Error> {
        let subject = dossier.map(|dossier| match &dossier.machine {
            Some(machine) => Subject::Machine(dossier.license.id, machine.id),
            None => Subject::License(dossier.license.id),
        });
        let codes: Vec<_> = refusal.reasons().iter().map(|reason| reason.code()).collect();
        let entry = Entry {
            action: case.action,
            subject,
            outcome: Outcome::Refused(refusal.primary()),
            details: json!({ "codes": codes, "product": case.product.map(ProductCode::as_str), "claimed": case.claimed }),
        };
        self.audit(tx, case.call, case.now, entry).await?;
        if refusal.primary() == Reason::NotFound {
            self.note_wrong_key(case.tenant, case.call.address).await;
        }

        let shown = dossier.filter(|_| may_show(refusal.reasons()));
        let decision_id = self.decision_id(case.now);
        let finding = Finding {
            product: case.product,
            reasons: refusal.reasons(),
            decision_id,
            license: shown.map(|dossier| dossier.license.id),
            machine: shown.and_then(|dossier| dossier.machine.as_ref()).map(|machine| machine.id),
        };
        let verdict = self.sign_verdict(tx, case, &finding).await?;
        let support_message = shown.and_then(|dossier| dossier.product.support_message.clone());
        Ok(Refused { refusal, decision_id, verdict, support_message })
    }
}
