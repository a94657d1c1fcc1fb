//! Bring licenses from another system.

use std::collections::HashMap;

use model::{
    Action, ClientKey, CustomerId, Fingerprint, License, LicenseId, LicenseKey, LicenseState, Limit, Machine,
    MachineId, MachineState, Memo, Overrides, Policy, PolicyCode, Subject, Tenant, Timestamp,
    license::term_at_creation,
};
use serde_json::json;
use store::{NumberKind, Tx};

use crate::{Call, Error, Licensing, audit::Entry};

/// One license to bring in, with its key.
#[derive(Clone, Debug)]
pub struct ImportLine {
    /// Its key, kept as it is.
    pub key: LicenseKey,
    /// Its template.
    pub policy: PolicyCode,
    /// Whom it belongs to.
    pub customer: Option<ClientKey>,
    /// Machines at a time, where that differs from the policy.
    pub seats: Option<Limit>,
    /// Activations ever, where that differs from the policy.
    pub activation_limit: Option<Limit>,
    /// Activations that the other system has counted already.
    pub activations_used: u32,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Whether it may be used.
    pub state: LicenseState,
    /// The machine on which the other system has it activated.
    pub fingerprint: Option<Fingerprint>,
    /// What the vendor noted on it.
    pub memo: Option<Memo>,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// A license was made.
    Created,
    /// A license with this key is there already; nothing was changed.
    Exists,
    /// The line was refused; the reason, for people.
    Refused(String),
}

impl Licensing {
    /// Brings in a batch of licenses in one transaction, in the order of the lines; at most 1,000 at a time.
    ///
    /// Safe to repeat: a key that is there already is left as it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`], with no line of the batch brought in.
    pub async fn import_licenses(
        &self,
        tenant: &Tenant,
        call: &Call,
        lines: Vec<ImportLine>,
    ) -> Result<Vec<Imported>, Error> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.inner.clock.now();
        let count =
            u32::try_from(lines.len()).map_err(|_| Error::Internal("an import batch is too large", None))?;
        let mut tx = self.inner.store.write(tenant.id).await?;
        let first = tx.numbers().take(NumberKind::License, count).await?;
        let mut known = Known::default();
        let mut results = Vec::with_capacity(lines.len());
        for (number, line) in (first..).zip(&lines) {
            let number =
                u32::try_from(number).map_err(|_| Error::Conflict("no license numbers are left".into()))?;
            results.push(self.import_line(&mut tx, tenant, call, &mut known, line, number, now).await?);
        }
        tx.commit().await?;
        Ok(results)
    }

    #[expect(clippy::too_many_arguments, reason = "a step of the loop above, with all that the loop holds")]
    async fn import_line(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        call: &Call,
        known: &mut Known,
        line: &ImportLine,
        number: u32,
        now: Timestamp,
    ) -> Result<Imported, Error> {
        let Some(policy) = known.policy(tx, &line.policy).await? else {
            return Ok(Imported::Refused(format!("there is no policy {}", line.policy)));
        };
        let customer_id = match &line.customer {
            None => None,
            Some(key) => match known.customer(tx, key).await? {
                None => {
                    return Ok(Imported::Refused(format!("there is no customer with the client key {key}")));
                }
                some => some,
            },
        };
        // A machine that is activated has started the term.
        let activated = line.fingerprint.as_ref().map(|_| now);
        let term = term_at_creation(&policy.rules, now)
            .or(activated.and_then(|start| Some((start, policy.rules.term?.after(start)))));
        let license = License {
            id: LicenseId::from_uuid(self.inner.entropy.uuid(now)),
            number,
            product_id: policy.product_id,
            policy_id: policy.id,
            customer_id,
            key_hint: line.key.hint().to_owned(),
            overrides: Overrides {
                seats: line.seats,
                activation_limit: line.activation_limit,
                ..Overrides::default()
            },
            state: line.state,
            term_started_at: term.map(|(start, _)| start).or(activated),
            expires_at: line.expires_at.or(term.map(|(_, end)| end)),
            activations_used: line.activations_used,
            deactivations_used: 0,
            version: 1,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        match self.insert_license(tx, tenant, &license, &line.key).await {
            Ok(true) => {}
            Ok(false) => return Ok(Imported::Exists),
            Err(error @ Error::LimitReached(_)) => return Ok(Imported::Refused(error.to_string())),
            Err(error) => return Err(error),
        }
        if let Some(memo) = &line.memo {
            tx.licenses().set_memo(license.id, memo).await?;
        }
        if let Some(fingerprint) = &line.fingerprint {
            let machine = Machine {
                id: MachineId::from_uuid(self.inner.entropy.uuid(now)),
                license_id: license.id,
                fingerprint: fingerprint.clone(),
                name: None,
                state: MachineState::Active,
                activated_at: now,
                deactivated_at: None,
                lease: None,
                revision: 1,
            };
            tx.machines().save(&machine).await?;
        }
        let details = json!({ "policy": policy.code.as_str(), "number": license.number, "state": license.state.code() });
        let subject = Subject::License(license.id);
        self.audit(tx, call, now, Entry::done(Action::LicenseImport, subject, details)).await?;
        Ok(Imported::Created)
    }
}

/// What earlier lines of the batch have found already.
#[derive(Default)]
struct Known {
    policies: HashMap<PolicyCode, Option<Policy>>,
    customers: HashMap<ClientKey, Option<CustomerId>>,
}

impl Known {
    async fn policy(&mut self, tx: &mut Tx, code: &PolicyCode) -> Result<Option<Policy>, Error> {
        if let Some(found) = self.policies.get(code) {
            return Ok(found.clone());
        }
        let found = tx.policies().by_code(code).await?;
        self.policies.insert(code.clone(), found.clone());
        Ok(found)
    }

    async fn customer(&mut self, tx: &mut Tx, key: &ClientKey) -> Result<Option<CustomerId>, Error> {
        if let Some(found) = self.customers.get(key) {
            return Ok(*found);
        }
        let found = tx.customers().by_client_key(key).await?.map(|customer| customer.id);
        self.customers.insert(key.clone(), found);
        Ok(found)
    }
}
