//! Make licenses, one or many, with few statements.

use std::collections::HashMap;

use model::{
    Action, CustomerId, License, LicenseId, LicenseKey, LicenseState, Memo, Metadata, Policy, PolicyCode,
    Product, ProductId, Subject, Tenant, Timestamp, license::term_at_creation,
};
use serde_json::json;
use store::{FullLicenseRow, LicenseRecord, NumberKind, Tx};

use crate::{
    Answer, Call, Error, Idempotency, ItemFault, Licensing,
    audit::Entry,
    manage::licenses::{CustomerName, NewLicense},
    vault::Purpose,
};

/// Licenses to make alike, or one license: one item of a list.
#[derive(Clone, Debug)]
pub struct LicenseBatch {
    /// What they are; with a key of its own only where there is one.
    pub license: NewLicense,
    /// How many.
    pub count: u32,
}

/// A license that was made, with its key.
#[derive(Clone, Debug)]
pub struct MadeLicense {
    /// The license.
    pub record: LicenseRecord,
    /// Its key, which cannot be seen again without the right to reveal keys.
    pub key: LicenseKey,
}

/// A license to add, with its key and all that is kept with it.
#[derive(Debug)]
pub(crate) struct LicenseToAdd<'a> {
    pub(crate) license: &'a License,
    pub(crate) key: &'a LicenseKey,
    pub(crate) memo: Option<&'a Memo>,
    pub(crate) metadata: &'a Metadata,
}

impl Licensing {
    /// Makes a license, once for an idempotency key.
    ///
    /// # Errors
    /// Those of [`Self::create_license`], and of idempotency keys.
    pub async fn create_license_once(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewLicense,
        idempotency: Option<Idempotency<'_, MadeLicense>>,
    ) -> Result<Answer<MadeLicense>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let made = self.make_license(&mut tx, tenant, call, new, now).await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(made)).await
    }

    /// Makes many licenses, all or none, once for an idempotency key. Gives them in the order of the items.
    ///
    /// # Errors
    /// [`Error::Items`] with all that names nothing, or else with all keys that are taken; [`Error::Unavailable`]
    /// and [`Error::Internal`], and those of idempotency keys.
    pub async fn create_licenses_once(
        &self,
        tenant: &Tenant,
        call: &Call,
        items: &[LicenseBatch],
        idempotency: Option<Idempotency<'_, Vec<MadeLicense>>>,
    ) -> Result<Answer<Vec<MadeLicense>>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let made = self.make_licenses(&mut tx, tenant, call, items, now).await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(made)).await
    }

    pub(super) async fn make_license(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        call: &Call,
        license: NewLicense,
        now: Timestamp,
    ) -> Result<MadeLicense, Error> {
        let batch = [LicenseBatch { license, count: 1 }];
        let made = self.make_licenses(tx, tenant, call, &batch, now).await.map_err(|error| match error {
            Error::Items(faults) => match faults.first() {
                Some(ItemFault { member: "key", .. }) | None => {
                    Error::Conflict("a license with this key exists already".into())
                }
                Some(fault) => Error::NotFound(fault.member),
            },
            other => other,
        })?;
        made.into_iter().next().ok_or(Error::Internal("a license was not made", None))
    }

    async fn make_licenses(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        call: &Call,
        items: &[LicenseBatch],
        now: Timestamp,
    ) -> Result<Vec<MadeLicense>, Error> {
        let mut known = Known::default();
        let mut faults = Vec::new();
        for (item, batch) in items.iter().enumerate() {
            known.find(tx, item, &batch.license, &mut faults).await?;
        }
        if !faults.is_empty() {
            return Err(Error::Items(faults));
        }
        let count = items.iter().map(|batch| u64::from(batch.count)).sum::<u64>();
        let count = u32::try_from(count).map_err(|_| Error::Internal("a batch is too large", None))?;
        let mut numbers = tx.numbers().take(NumberKind::License, count).await?..;
        let mut made = Vec::new();
        let mut places = Vec::new();
        for (item, batch) in items.iter().enumerate() {
            for _ in 0..batch.count {
                let number = numbers.next().and_then(|number| u32::try_from(number).ok());
                let number = number.ok_or_else(|| Error::Conflict("no license numbers are left".into()))?;
                made.push(self.new_license(&known, &batch.license, number, now)?);
                places.push(item);
            }
        }
        let rows: Vec<LicenseToAdd<'_>> = made.iter().map(LicenseToAdd::from).collect();
        let added = self.insert_licenses(tx, tenant, &rows).await?;
        let taken: Vec<ItemFault> = added
            .iter()
            .zip(places)
            .filter(|(added, _)| !**added)
            .map(|(_, item)| ItemFault { item, member: "key", detail: "is the key of another license" })
            .collect();
        if !taken.is_empty() {
            return Err(Error::Items(taken));
        }
        let entries = made.iter().map(|MadeLicense { record, .. }| {
            let details = json!({ "policy": record.policy.code.as_str(), "number": record.license.number });
            Entry::done(Action::LicenseCreate, Subject::License(record.license.id), details)
        });
        self.audit_many(tx, call, now, entries.collect()).await?;
        Ok(made)
    }

    fn new_license(
        &self,
        known: &Known,
        new: &NewLicense,
        number: u32,
        now: Timestamp,
    ) -> Result<MadeLicense, Error> {
        const LOST: Error = Error::Internal("what was found is not there", None);
        let policy = known.policies.get(&new.policy).cloned().flatten().ok_or(LOST)?;
        let product = known.products.get(&policy.product_id).ok_or(LOST)?;
        let customer_id = new.customer.as_ref().and_then(|name| known.customers.get(name).copied().flatten());
        let key = match &new.key {
            Some(key) => key.clone(),
            None => product.key_format.generate(self.inner.entropy.bytes()),
        };
        let term = term_at_creation(&policy.rules, now);
        let license = License {
            id: LicenseId::from_uuid(self.inner.entropy.uuid(now)),
            number,
            product_id: policy.product_id,
            policy_id: policy.id,
            customer_id,
            key_hint: key.hint().to_owned(),
            overrides: new.overrides.clone(),
            state: LicenseState::Active,
            term_started_at: term.map(|(start, _)| start),
            expires_at: new.expires_at.or(term.map(|(_, end)| end)),
            activations_used: 0,
            deactivations_used: 0,
            version: 1,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        let record = LicenseRecord {
            license,
            policy,
            product: product.code.clone(),
            memo: new.memo.clone(),
            metadata: new.metadata.clone(),
            checks: None,
            seats_used: 0,
        };
        Ok(MadeLicense { record, key })
    }

    /// Adds licenses with their keys hashed and sealed; for each of them, whether it was added: not one whose key is
    /// taken, be it by one before it.
    pub(crate) async fn insert_licenses(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        licenses: &[LicenseToAdd<'_>],
    ) -> Result<Vec<bool>, Error> {
        let (vault, entropy) = (&self.inner.vault, &self.inner.entropy);
        if tenant.refuses_mistyped_keys && licenses.iter().any(|new| new.key.looks_mistyped()) {
            tx.licenses().allow_mistyped_keys().await?;
        }
        let mut rows = Vec::with_capacity(licenses.len());
        for new in licenses {
            let name = new.license.id.to_string();
            let key = new.key.reveal().as_bytes();
            rows.push(FullLicenseRow {
                license: new.license,
                key_hash: vault.key_hash(tenant.id, new.key)?,
                key_sealed: vault.seal(entropy, tenant.id, Purpose::LicenseKey, &name, key)?,
                memo: new.memo,
                metadata: new.metadata,
            });
        }
        Ok(tx.licenses().insert_many(&rows).await?)
    }
}

impl<'a> From<&'a MadeLicense> for LicenseToAdd<'a> {
    fn from(made: &'a MadeLicense) -> Self {
        let record = &made.record;
        Self {
            license: &record.license,
            key: &made.key,
            memo: record.memo.as_ref(),
            metadata: &record.metadata,
        }
    }
}

/// What the items of a list name, found once each.
#[derive(Default)]
struct Known {
    policies: HashMap<PolicyCode, Option<Policy>>,
    products: HashMap<ProductId, Product>,
    customers: HashMap<CustomerName, Option<CustomerId>>,
}

impl Known {
    async fn find(
        &mut self,
        tx: &mut Tx,
        item: usize,
        new: &NewLicense,
        faults: &mut Vec<ItemFault>,
    ) -> Result<(), Error> {
        const UNKNOWN: &str = "names nothing that exists";
        if !self.policies.contains_key(&new.policy) {
            let found = tx.policies().by_code(&new.policy).await?;
            if let Some(policy) = &found {
                let product = tx.products().by_id(policy.product_id).await?;
                let product = product.ok_or(Error::Internal("a policy has no product", None))?;
                self.products.insert(product.id, product);
            }
            self.policies.insert(new.policy.clone(), found);
        }
        if self.policies.get(&new.policy).is_none_or(Option::is_none) {
            faults.push(ItemFault { item, member: "policy", detail: UNKNOWN });
        }
        let Some(name) = &new.customer else { return Ok(()) };
        if !self.customers.contains_key(name) {
            let found = match name {
                CustomerName::Id(id) => tx.customers().by_id(*id).await?,
                CustomerName::ClientKey(key) => tx.customers().by_client_key(key).await?,
            };
            self.customers.insert(name.clone(), found.map(|customer| customer.id));
        }
        if self.customers.get(name).is_none_or(Option::is_none) {
            faults.push(ItemFault { item, member: "customer", detail: UNKNOWN });
        }
        Ok(())
    }
}
