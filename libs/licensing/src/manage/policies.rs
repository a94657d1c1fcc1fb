//! Make, show, change and delete policies.

use model::{
    Action, Entitlement, EntitlementCode, Entitlements, Limit, Metadata, Name, Policy, PolicyCode, PolicyId,
    PolicyRules, ProductCode, SeatKind, Subject, Tenant, Term, TermStart, Timestamp,
};
use serde_json::{Value, json};
use store::{Page, PolicyRecord, Tx};

use crate::{Answer, Call, Error, Idempotency, Licensing, Precondition, audit::Entry};

/// A policy to make.
#[derive(Clone, Debug)]
pub struct NewPolicy {
    /// The product whose licenses it is for.
    pub product: ProductCode,
    /// Its name in requests and tokens; unique in the tenant.
    pub code: PolicyCode,
    /// Its name for people.
    pub name: Name,
    /// What it gives and demands.
    pub rules: PolicyRules,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
}

/// What is changed of a policy; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct PolicyChange {
    /// Its name for people.
    pub name: Option<Name>,
    /// What it gives and demands.
    pub rules: RulesChange,
    /// What the vendor keeps with it, in place of what was there.
    pub metadata: Option<Metadata>,
}

/// What is changed of the rules of a policy; what is absent stays as it is. The fields are those of [`PolicyRules`].
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "they are documented where they are kept")]
pub struct RulesChange {
    /// The inner absence makes licenses run for ever.
    pub term: Option<Option<Term>>,
    pub term_starts: Option<TermStart>,
    pub seats: Option<Limit>,
    pub seat_kind: Option<SeatKind>,
    pub overage_percent: Option<u16>,
    pub activation_limit: Option<Limit>,
    pub deactivation_limit: Option<Limit>,
    pub requires_customer: Option<bool>,
    pub lease_seconds: Option<u32>,
    pub refresh_seconds: Option<u32>,
    pub grace_seconds: Option<u32>,
    pub offline_lease_seconds: Option<u32>,
    /// In place of all that were there.
    pub entitlements: Option<Entitlements>,
    pub trial: Option<bool>,
}

impl RulesChange {
    /// The rules after the change.
    #[must_use]
    pub fn apply(self, rules: PolicyRules) -> PolicyRules {
        PolicyRules {
            term: self.term.unwrap_or(rules.term),
            term_starts: self.term_starts.unwrap_or(rules.term_starts),
            seats: self.seats.unwrap_or(rules.seats),
            seat_kind: self.seat_kind.unwrap_or(rules.seat_kind),
            overage_percent: self.overage_percent.unwrap_or(rules.overage_percent),
            activation_limit: self.activation_limit.unwrap_or(rules.activation_limit),
            deactivation_limit: self.deactivation_limit.unwrap_or(rules.deactivation_limit),
            requires_customer: self.requires_customer.unwrap_or(rules.requires_customer),
            lease_seconds: self.lease_seconds.unwrap_or(rules.lease_seconds),
            refresh_seconds: self.refresh_seconds.unwrap_or(rules.refresh_seconds),
            grace_seconds: self.grace_seconds.unwrap_or(rules.grace_seconds),
            offline_lease_seconds: self.offline_lease_seconds.unwrap_or(rules.offline_lease_seconds),
            entitlements: self.entitlements.unwrap_or(rules.entitlements),
            trial: self.trial.unwrap_or(rules.trial),
        }
    }
}

impl Licensing {
    /// Makes a policy.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such product; [`Error::Conflict`] when the code is taken;
    /// [`Error::Invalid`] when the rules make no sense; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn create_policy(&self, tenant: &Tenant, call: &Call, new: NewPolicy) -> Result<Policy, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let made = self.make_policy(&mut tx, call, new, now).await?;
        self.commit(tx).await?;
        Ok(made.policy)
    }

    /// Makes a policy, once for an idempotency key.
    ///
    /// # Errors
    /// Those of [`Self::create_policy`], and of idempotency keys.
    pub async fn create_policy_once(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewPolicy,
        idempotency: Option<Idempotency<'_, PolicyRecord>>,
    ) -> Result<Answer<PolicyRecord>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let made = self.make_policy(&mut tx, call, new, now).await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(made)).await
    }

    async fn make_policy(
        &self,
        tx: &mut Tx,
        call: &Call,
        new: NewPolicy,
        now: Timestamp,
    ) -> Result<PolicyRecord, Error> {
        let rules = checked(new.rules)?;
        let product = tx.products().by_code(&new.product).await?.ok_or(Error::NotFound("product"))?;
        let policy = Policy {
            id: PolicyId::from_uuid(self.inner.entropy.uuid(now)),
            product_id: product.id,
            code: new.code,
            name: new.name,
            rules,
            metadata: new.metadata,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        if !tx.policies().insert(&policy).await? {
            return Err(Error::Conflict("a policy with this code exists already".into()));
        }
        let details = json!({
            "code": policy.code.as_str(),
            "product": product.code.as_str(),
            "after": facts(&policy),
        });
        let subject = Subject::Policy(policy.id);
        self.audit(tx, call, now, Entry::done(Action::PolicyCreate, subject, details)).await?;
        Ok(PolicyRecord { policy, product: product.code })
    }

    /// The policy of that code.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn policy(&self, tenant: &Tenant, code: &PolicyCode) -> Result<PolicyRecord, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let record = tx.policy_records().by_code(code).await?;
        tx.end().await?;
        record.ok_or(Error::NotFound("policy"))
    }

    /// A piece of the list of policies: of all, or of those of a product.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn policies(
        &self,
        tenant: &Tenant,
        product: Option<&ProductCode>,
        page: &Page,
    ) -> Result<Vec<PolicyRecord>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let records = match product {
            None => tx.policy_records().list(page).await?,
            Some(code) => match tx.products().by_code(code).await? {
                Some(product) => tx.policy_records().list_of_product(product.id, page).await?,
                None => Vec::new(),
            },
        };
        tx.end().await?;
        Ok(records)
    }

    /// Changes a policy, and with it what its licenses are given from their next check. A term that has begun stays.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Invalid`] when the rules would make no sense;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn update_policy(
        &self,
        tenant: &Tenant,
        call: &Call,
        code: &PolicyCode,
        change: PolicyChange,
        precondition: &Precondition,
    ) -> Result<PolicyRecord, Error> {
        self.change_policy(tenant, call, code, precondition, |before| {
            Ok(Policy {
                name: change.name.unwrap_or(before.name),
                rules: change.rules.apply(before.rules),
                metadata: change.metadata.unwrap_or(before.metadata),
                ..before
            })
        })
        .await
    }

    /// Sets one entitlement of a policy.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Invalid`] when there would be too many;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn set_policy_entitlement(
        &self,
        tenant: &Tenant,
        call: &Call,
        code: &PolicyCode,
        (name, entitlement): (EntitlementCode, Entitlement),
        precondition: &Precondition,
    ) -> Result<PolicyRecord, Error> {
        self.change_policy(tenant, call, code, precondition, |mut policy| {
            policy.rules.entitlements.set(name, entitlement);
            Ok(policy)
        })
        .await
    }

    /// Takes one entitlement of a policy away.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such policy, or it has no such entitlement; [`Error::PreconditionFailed`];
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn remove_policy_entitlement(
        &self,
        tenant: &Tenant,
        call: &Call,
        code: &PolicyCode,
        name: &EntitlementCode,
        precondition: &Precondition,
    ) -> Result<PolicyRecord, Error> {
        self.change_policy(tenant, call, code, precondition, |mut policy| {
            let was_there = policy.rules.entitlements.remove(name);
            if was_there { Ok(policy) } else { Err(Error::NotFound("entitlement")) }
        })
        .await
    }

    async fn change_policy(
        &self,
        tenant: &Tenant,
        call: &Call,
        code: &PolicyCode,
        precondition: &Precondition,
        change: impl FnOnce(Policy) -> Result<Policy, Error>,
    ) -> Result<PolicyRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let record = tx.policy_records().by_code(code).await?.ok_or(Error::NotFound("policy"))?;
        let before = record.policy;
        precondition.check(before.revision)?;
        let changed = change(before.clone())?;
        let after = Policy { rules: checked(changed.rules.clone())?, updated_at: now, ..changed };
        if !tx.policies().update(&after).await? {
            return Err(Error::PreconditionFailed);
        }
        let details = json!({ "before": facts(&before), "after": facts(&after) });
        let subject = Subject::Policy(after.id);
        self.audit(&mut tx, call, now, Entry::done(Action::PolicyUpdate, subject, details)).await?;
        self.commit(tx).await?;
        Ok(PolicyRecord { policy: Policy { revision: after.revision + 1, ..after }, product: record.product })
    }

    /// Deletes a policy that has no licenses.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Conflict`] when it has licenses;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn delete_policy(
        &self,
        tenant: &Tenant,
        call: &Call,
        code: &PolicyCode,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let policy = tx.policies().by_code(code).await?.ok_or(Error::NotFound("policy"))?;
        precondition.check(policy.revision)?;
        if !tx.policies().delete(&policy).await? {
            return Err(Error::Conflict("the policy has licenses".into()));
        }
        let entry = Entry::done(Action::PolicyDelete, Subject::Policy(policy.id), facts(&policy));
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await?;
        Ok(())
    }
}

fn checked(rules: PolicyRules) -> Result<PolicyRules, Error> {
    rules.checked().map_err(|broken| Error::Invalid { field: broken.field, invalid: broken.invalid })
}

/// What the audit log tells of a policy.
fn facts(policy: &Policy) -> Value {
    let rules = &policy.rules;
    let entitlements = rules.entitlements.iter().map(|(code, entitlement)| {
        let expires_at = entitlement.expires_at.map(|at| at.to_string());
        (code.to_string(), json!({ "value": entitlement.value.to_json(), "expires_at": expires_at }))
    });
    let limit = |limit: Limit| limit.number().map_or(-1, i64::from);
    json!({
        "code": policy.code.as_str(),
        "name": policy.name.as_str(),
        "term": rules.term.map(|term| term.to_string()),
        "term_starts": rules.term_starts.code(),
        "seats": limit(rules.seats),
        "seat_kind": rules.seat_kind.code(),
        "overage_percent": rules.overage_percent,
        "activation_limit": limit(rules.activation_limit),
        "deactivation_limit": limit(rules.deactivation_limit),
        "requires_customer": rules.requires_customer,
        "lease_seconds": rules.lease_seconds,
        "refresh_seconds": rules.refresh_seconds,
        "grace_seconds": rules.grace_seconds,
        "offline_lease_seconds": rules.offline_lease_seconds,
        "entitlements": Value::Object(entitlements.collect()),
        "trial": rules.trial,
        "metadata": policy.metadata.as_map(),
    })
}
