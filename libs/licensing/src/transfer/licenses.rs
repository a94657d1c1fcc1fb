//! Bring in licenses from another system, or from an export.

use std::collections::{BTreeSet, HashMap};

use model::{
    Action, ClientKey, CustomerId, Entitlements, Fingerprint, License, LicenseId, LicenseKey, LicenseState,
    Limit, Machine, MachineId, MachineState, Memo, Metadata, Overrides, Policy, PolicyCode, ProductCode,
    Subject, Tenant, Timestamp, license::term_at_creation,
};
use serde_json::json;
use store::{NumberKind, Tx};

use super::{
    batch::{Catalog, Setting},
    import::{
        self, ImportCount, ImportLines, ImportMode, ImportReport, ImportSummary, Importer, Outcome, Refusal,
    },
};
use crate::{Call, Error, Licensing, audit::Entry, manage::LicenseToAdd};

/// One license to bring in, with its key.
#[derive(Clone, Debug)]
pub struct ImportLine {
    /// Its key, kept as it is.
    pub key: LicenseKey,
    /// Its template.
    pub policy: PolicyCode,
    /// The product that the policy must be of, when it is named.
    pub product: Option<ProductCode>,
    /// Whom it belongs to.
    pub customer: Option<ClientKey>,
    /// Whom it belongs to, by identifier; counts where [`Self::customer`] is absent.
    pub customer_id: Option<CustomerId>,
    /// Machines at a time, where that differs from the policy.
    pub seats: Option<Limit>,
    /// Activations ever, where that differs from the policy.
    pub activation_limit: Option<Limit>,
    /// Entitlements over those of the policy.
    pub entitlements: Entitlements,
    /// Activations that the other system has counted already.
    pub activations_used: u32,
    /// Deactivations that the other system has counted already.
    pub deactivations_used: u32,
    /// When its term began; as the policy says, when absent.
    pub term_started_at: Option<Timestamp>,
    /// When it ends; as the policy says, when absent.
    pub ends: Option<Ends>,
    /// Whether it may be used.
    pub state: LicenseState,
    /// The machine on which the other system has it activated.
    pub fingerprint: Option<Fingerprint>,
    /// What the vendor noted on it.
    pub memo: Option<Memo>,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
}

/// When a license ends, whatever its policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Never.
    Never,
    /// At that instant.
    At(Timestamp),
}

impl ImportLine {
    /// A license that is as its policy says, and not used yet.
    #[must_use]
    pub fn new(key: LicenseKey, policy: PolicyCode) -> Self {
        Self {
            key,
            policy,
            product: None,
            customer: None,
            customer_id: None,
            seats: None,
            activation_limit: None,
            entitlements: Entitlements::default(),
            activations_used: 0,
            deactivations_used: 0,
            term_started_at: None,
            ends: None,
            state: LicenseState::Active,
            fingerprint: None,
            memo: None,
            metadata: Metadata::default(),
        }
    }
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
        let count =
            u32::try_from(lines.len()).map_err(|_| Error::Internal("an import batch is too large", None))?;
        let setting = Setting::new(self, tenant, call);
        let mut tx = self.inner.store.write(tenant.id).await?;
        let first = tx.numbers().take(NumberKind::License, count).await?;
        let first = u32::try_from(first).map_err(|_| Error::Conflict("no numbers are left".into()))?;
        let mut importer = LicenseImporter::new(setting, first);
        let outcomes = importer.bring_in(&mut tx, &lines).await?;
        importer.finish(&mut tx).await?;
        self.commit(tx).await?;
        let told = |(outcome, line): (Outcome, &ImportLine)| match outcome {
            Outcome::Created => Imported::Created,
            Outcome::Exists => Imported::Exists,
            Outcome::Refused(refusal) => Imported::Refused(match (refusal.member, &line.customer) {
                (Some("policy"), _) => format!("there is no policy {}", line.policy),
                (Some("customer"), Some(key)) => format!("there is no customer with the client key {key}"),
                _ => refusal.reason.into_owned(),
            }),
        };
        Ok(outcomes.into_iter().zip(&lines).map(told).collect())
    }

    /// Brings in any number of licenses in one transaction.
    ///
    /// Safe to repeat: a key that is there already is left as it is, and so is the second of two lines with one key.
    ///
    /// # Errors
    /// Those of `lines` and `report`, [`Error::Unavailable`] and [`Error::Internal`], with nothing brought in.
    pub async fn import_license_lines(
        &self,
        tenant: &Tenant,
        call: &Call,
        count: ImportCount,
        lines: &mut impl ImportLines<ImportLine>,
        report: &mut impl ImportReport,
        mode: ImportMode,
    ) -> Result<ImportSummary, Error> {
        let setting = Setting::new(self, tenant, call);
        let (tx, first) = setting.begin(NumberKind::License, count, mode).await?;
        let mut importer = LicenseImporter::new(setting, first);
        import::run(self, tx, &mut importer, lines, report, mode).await
    }
}

struct LicenseImporter<'a> {
    setting: Setting<'a>,
    /// The tenant as one that has mistyped keys already: that it has is written down at the end, because its row is held
    /// from then on.
    tenant: Tenant,
    catalog: Catalog,
    next_number: u32,
    has_mistyped: bool,
}

/// A license that is ready to be written.
struct Ready<'l> {
    license: License,
    line: &'l ImportLine,
    policy: PolicyCode,
}

impl<'a> LicenseImporter<'a> {
    fn new(setting: Setting<'a>, first_number: u32) -> Self {
        let tenant = Tenant { refuses_mistyped_keys: false, ..setting.tenant.clone() };
        Self { setting, tenant, catalog: Catalog::default(), next_number: first_number, has_mistyped: false }
    }

    /// What a line makes, or why it is refused.
    async fn prepare<'l>(
        &mut self,
        tx: &mut Tx,
        customers: &HashMap<ClientKey, CustomerId>,
        line: &'l ImportLine,
    ) -> Result<Result<Ready<'l>, Refusal>, Error> {
        let Some(policy) = self.catalog.policy(tx, &line.policy).await? else {
            return Ok(Err(Refusal::member("policy", "names no policy")));
        };
        if let Some(product) = &line.product
            && self.catalog.product(tx, policy.product_id).await? != *product
        {
            return Ok(Err(Refusal::member("product", "is not the product of the policy")));
        }
        let customer_id = match (&line.customer, line.customer_id) {
            (Some(key), _) => match customers.get(key) {
                Some(id) => Some(*id),
                None => return Ok(Err(Refusal::member("customer", "names no customer"))),
            },
            (None, Some(id)) => match tx.customers().by_id(id).await? {
                Some(customer) => Some(customer.id),
                None => return Ok(Err(Refusal::member("customer_id", "names no customer"))),
            },
            (None, None) => None,
        };
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        let Setting { licensing, now, .. } = self.setting;
        let license = license_of(line, &policy, customer_id, licensing.inner.entropy.uuid(now), number, now);
        Ok(Ok(Ready { license, line, policy: policy.code }))
    }

    /// Writes licenses; tells of each whether its key was free.
    async fn write(&mut self, tx: &mut Tx, ready: &[Ready<'_>]) -> Result<Vec<bool>, Error> {
        let rows: Vec<LicenseToAdd<'_>> = ready
            .iter()
            .map(|Ready { license, line, .. }| LicenseToAdd {
                license,
                key: &line.key,
                memo: line.memo.as_ref(),
                metadata: &line.metadata,
            })
            .collect();
        let written = self.setting.licensing.insert_licenses(tx, &self.tenant, &rows).await?;
        let new = ready.iter().zip(&written).filter_map(|(ready, is_new)| is_new.then_some(ready));
        for Ready { license, line, .. } in new {
            self.has_mistyped |= self.setting.tenant.refuses_mistyped_keys && line.key.looks_mistyped();
            if let Some(fingerprint) = &line.fingerprint {
                tx.machines().save(&self.machine(license.id, fingerprint)).await?;
            }
        }
        Ok(written)
    }

    fn machine(&self, license_id: LicenseId, fingerprint: &Fingerprint) -> Machine {
        let now = self.setting.now;
        Machine {
            id: MachineId::from_uuid(self.setting.licensing.inner.entropy.uuid(now)),
            license_id,
            fingerprint: fingerprint.clone(),
            name: None,
            state: MachineState::Active,
            activated_at: now,
            deactivated_at: None,
            lease: None,
            revision: 1,
        }
    }
}

impl Importer<ImportLine> for LicenseImporter<'_> {
    async fn bring_in(&mut self, tx: &mut Tx, lines: &[ImportLine]) -> Result<Vec<Outcome>, Error> {
        let named: BTreeSet<&ClientKey> = lines.iter().filter_map(|line| line.customer.as_ref()).collect();
        let named: Vec<ClientKey> = named.into_iter().cloned().collect();
        let customers = tx.transfers().customer_ids(&named).await?;
        let (mut outcomes, mut ready) = (Vec::with_capacity(lines.len()), Vec::with_capacity(lines.len()));
        for line in lines {
            match self.prepare(tx, &customers, line).await? {
                Ok(license) => {
                    ready.push(license);
                    outcomes.push(None);
                }
                Err(refusal) => outcomes.push(Some(Outcome::Refused(refusal))),
            }
        }
        let written = self.write(tx, &ready).await?;
        let made = ready.iter().zip(&written).filter(|(_, is_new)| **is_new);
        let entries = made.map(|(Ready { license, policy, .. }, _)| {
            let details =
                json!({ "policy": policy.as_str(), "number": license.number, "state": license.state.code() });
            Entry::done(Action::LicenseImport, Subject::License(license.id), details)
        });
        self.setting.audit(tx, entries.collect()).await?;
        let mut written = written.into_iter();
        let mut outcome = |refused: Option<Outcome>| match refused {
            Some(refused) => refused,
            None if written.next() == Some(true) => Outcome::Created,
            None => Outcome::Exists,
        };
        Ok(outcomes.into_iter().map(&mut outcome).collect())
    }

    async fn finish(&mut self, tx: &mut Tx) -> Result<(), Error> {
        if self.has_mistyped {
            tx.licenses().allow_mistyped_keys().await?;
        }
        Ok(())
    }
}

fn license_of(
    line: &ImportLine,
    policy: &Policy,
    customer_id: Option<CustomerId>,
    id: uuid::Uuid,
    number: u32,
    now: Timestamp,
) -> License {
    // A machine that is activated has started the term.
    let activated = line.fingerprint.as_ref().map(|_| now);
    let start = line.term_started_at.or(activated);
    let term = match line.term_started_at {
        Some(_) => None,
        None => term_at_creation(&policy.rules, now),
    };
    let term = term.or(start.and_then(|start| Some((start, policy.rules.term?.after(start)))));
    License {
        id: LicenseId::from_uuid(id),
        number,
        product_id: policy.product_id,
        policy_id: policy.id,
        customer_id,
        key_hint: line.key.hint().to_owned(),
        overrides: Overrides {
            seats: line.seats,
            activation_limit: line.activation_limit,
            entitlements: line.entitlements.clone(),
        },
        state: line.state,
        term_started_at: term.map(|(start, _)| start).or(start),
        expires_at: match line.ends {
            Some(Ends::Never) => None,
            Some(Ends::At(end)) => Some(end),
            None => term.map(|(_, end)| end),
        },
        activations_used: line.activations_used,
        deactivations_used: line.deactivations_used,
        version: 1,
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}
