//! Validate a license.

use model::{
    Action, ClientKey, DecisionId, EntitlementCode, Fingerprint, LicenseKey, Machine, Outcome, ProductCode,
    Reason, Subject, Tenant, Timestamp, decide,
};
use serde_json::json;
use store::Dossier;

use crate::{
    Binding, Call, Error, Keepsake, LicenseView, Licensing,
    audit::Entry,
    case::{Case, may_show},
    recent::Recalled,
    verdict::Finding,
};

/// What an app says when it validates.
#[derive(Clone, Debug)]
pub struct Validate {
    /// The license key.
    pub key: LicenseKey,
    /// The product that the app is.
    pub product: ProductCode,
    /// The machine that must be an active one of the license; when absent, machines do not matter.
    pub fingerprint: Option<Fingerprint>,
    /// The customer's key.
    pub customer: Option<ClientKey>,
    /// Entitlements that the license must have.
    pub entitlements: Vec<EntitlementCode>,
    /// Binds the signed verdict to the request; without it, no verdict is signed.
    pub binding: Option<Binding>,
}

/// The answer to a check. Not an error when the license is not valid.
#[derive(Clone, Debug)]
pub struct Validated {
    /// All reasons against the license, in order; valid when empty.
    pub reasons: Vec<Reason>,
    /// Names this decision.
    pub decision_id: DecisionId,
    /// When it was decided.
    pub checked_at: Timestamp,
    /// The license that is shown.
    shown: Option<Recalled>,
    /// The signed verdict, when the request carried a nonce.
    pub verdict: Option<String>,
    /// What the product tells people when something is refused.
    pub support_message: Option<String>,
}

impl Validated {
    /// Whether the license is shown: not when there is none, or when product or customer do not match it.
    #[must_use]
    pub const fn shows_license(&self) -> bool {
        self.shown.is_some()
    }

    /// The license, when it is shown.
    #[must_use]
    pub fn license(&self) -> Option<LicenseView> {
        self.shown.as_ref().map(|shown| LicenseView::of(shown.dossier().clone(), self.checked_at))
    }

    /// The machine, when a license is shown and it has one with that fingerprint.
    #[must_use]
    pub fn machine(&self) -> Option<&Machine> {
        self.shown.as_ref()?.dossier().machine.as_deref()
    }

    /// Where license and machine were shown before as they are now, and may be again.
    #[must_use]
    pub fn keepsake(&self) -> Option<&Keepsake> {
        // What an answer shows of them changes with time only where an entitlement expires.
        let shown = self.shown.as_ref().filter(|shown| shown.dossier().shows_the_same());
        shown.and_then(Recalled::keepsake)
    }
}

impl Licensing {
    /// Checks a license. Changes nothing that is decided on; the check is counted, within a second.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn validate(
        &self,
        tenant: &Tenant,
        call: &Call,
        command: Validate,
    ) -> Result<Validated, Error> {
        let case = Case {
            tenant,
            call,
            action: Action::LicenseCheck,
            key: &command.key,
            product: Some(&command.product),
            fingerprint: command.fingerprint.as_ref(),
            machine_name: None,
            customer: command.customer.as_ref(),
            binding: command.binding.as_ref(),
            claimed: None,
            now: self.inner.clock.now(),
        };
        self.examine(&case, &command.entitlements).await
    }

    /// Writes a check to the audit log, with the next batch: a check waits for no write, and changes nothing that a crash
    /// could lose but the event of itself.
    fn note_check(&self, case: &Case<'_>, dossier: Option<&Dossier>, reasons: &[Reason]) {
        let subject = dossier.map(|dossier| match &dossier.machine {
            Some(machine) => Subject::Machine(dossier.license.id, machine.id),
            None => Subject::License(dossier.license.id),
        });
        let codes: Vec<_> = reasons.iter().map(|reason| reason.code()).collect();
        let entry = Entry {
            action: case.action,
            subject,
            outcome: reasons.first().map_or(Outcome::Done, |reason| Outcome::Refused(*reason)),
            details: json!({ "codes": codes, "product": case.product.map(ProductCode::as_str) }),
        };
        self.inner.bookkeeping.note(case.tenant.id, self.new_event(case.call, case.now, entry));
    }

    pub(crate) async fn examine(
        &self,
        case: &Case<'_>,
        entitlements: &[EntitlementCode],
    ) -> Result<Validated, Error> {
        let (tenant, now) = (case.tenant, case.now);
        let mut tx = None;
        let recalled = self.recall(&mut tx, case).await?;
        let dossier = recalled.as_ref().map(Recalled::dossier);
        let reasons = match dossier {
            None => vec![Reason::NotFound],
            Some(dossier) => {
                let on_machine = case.fingerprint.is_some();
                decide::validate(&case.facts(dossier), &case.claim(dossier), on_machine, entitlements)
                    .map_or_else(|refusal| refusal.reasons().to_vec(), |()| Vec::new())
            }
        };
        let outcome = reasons.first().copied().map_or(Outcome::Done, Outcome::Refused);
        let found = dossier.map(|dossier| {
            let machine = dossier.machine.as_ref().map(|machine| machine.id);
            (dossier.license.id, machine)
        });
        self.inner.bookkeeping.count_check(tenant.id, outcome, found, case.call.address, now);
        if tenant.checks_are_events {
            self.note_check(case, dossier, &reasons);
        }

        let shown = dossier.filter(|_| may_show(&reasons));
        let decision_id = self.decision_id(now);
        let finding = Finding {
            product: case.product,
            reasons: &reasons,
            decision_id,
            license: shown.map(|dossier| dossier.license.id),
            machine: shown.and_then(|dossier| dossier.machine.as_ref()).map(|machine| machine.id),
        };
        let verdict = self.sign_verdict_in(&mut tx, case, &finding).await?;
        if let Some(tx) = tx {
            Box::pin(tx.end()).await?;
        }
        if reasons == [Reason::NotFound] {
            Box::pin(self.note_wrong_key(tenant, case.call.address)).await;
        }

        let support_message =
            shown.filter(|_| !reasons.is_empty()).and_then(|dossier| dossier.product.support_message.clone());
        let shown = recalled.filter(|_| may_show(&reasons));
        Ok(Validated { reasons, decision_id, checked_at: now, shown, verdict, support_message })
    }
}
