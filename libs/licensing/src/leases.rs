//! Signing leases.

use std::sync::{Arc, PoisonError};

use model::{EntitlementValue, IssuedLease, KeyId, LeaseId, LeaseTimes, Machine, Nonce, Tenant, Timestamp};
use store::Tx;

use crate::{Call, Error, LicenseView, Licensing, case::Case, vault::Purpose};

const HOUR: i64 = 3_600;

/// A lease that was signed.
#[derive(Clone, Debug)]
pub struct SignedLease {
    /// Its `jti`.
    pub id: LeaseId,
    /// The compact JWS.
    pub token: String,
    /// Its times.
    pub times: LeaseTimes,
}

/// The tenant's key that signs, opened.
#[derive(Clone)]
pub(crate) struct ActiveKey {
    pub(crate) id: KeyId,
    pub(crate) key: Arc<lease::SigningKey>,
    leases_until: Option<Timestamp>,
}

impl Licensing {
    /// The key of the tenant that signs.
    pub(crate) async fn active_key(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        call: &Call,
    ) -> Result<ActiveKey, Error> {
        if let Some(key) = self.held_key(tenant, call) {
            return Ok(key);
        }
        let key = self.load_active_key(tx, tenant).await?;
        if let Some(recall) = &call.recall {
            self.inner.recent.hold_key(tenant.id, recall.mark, key.clone());
        }
        Ok(key)
    }

    /// The key of the tenant that signs, where it is known without asking the database.
    pub(crate) fn held_key(&self, tenant: &Tenant, call: &Call) -> Option<ActiveKey> {
        let recall = call.recall.as_ref()?;
        self.inner.recent.key(tenant.id, recall.mark)
    }

    async fn load_active_key(&self, tx: &mut Tx, tenant: &Tenant) -> Result<ActiveKey, Error> {
        let record = tx.signing_keys().active().await?;
        let record = record.ok_or(Error::Internal("the tenant has no active signing key", None))?;
        let known = |key| ActiveKey { id: record.id.clone(), key, leases_until: record.leases_until };
        let place = (tenant.id, record.id.clone());
        if let Some(key) = self.inner.signing_keys.lock().unwrap_or_else(PoisonError::into_inner).get(&place)
        {
            return Ok(known(Arc::clone(key)));
        }
        let seed = self.inner.vault.open(
            tenant.id,
            Purpose::SigningKey,
            record.id.as_str(),
            &record.sealed_private,
        )?;
        let seed =
            seed.as_slice().try_into().map_err(|_| Error::Internal("a signing key is not 32 bytes", None))?;
        let key = Arc::new(lease::SigningKey::from_seed(seed));
        if key.kid() != record.id.as_str() {
            return Err(Error::Internal("a signing key does not have its thumbprint", None));
        }
        let mut cache = self.inner.signing_keys.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert(place, Arc::clone(&key));
        drop(cache);
        Ok(known(key))
    }

    /// Signs a lease for an active machine and notes it on the machine.
    pub(crate) async fn sign_lease(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        view: &LicenseView,
        machine: &mut Machine,
        chain: Chain<'_>,
    ) -> Result<SignedLease, Error> {
        let (tenant, now) = (case.tenant, case.now);
        let active = self.active_key(tx, tenant, case.call).await?;
        let (license, policy, product) = (&view.license, &view.policy, &view.product);
        let id = LeaseId::from_uuid(self.inner.entropy.uuid(now));
        let times = LeaseTimes::new(&policy.rules, license.expires_at, now, self.inner.entropy.number());
        let claims = lease::LeaseClaims {
            ver: lease::PROFILE_VERSION,
            iss: tenant.issuer.to_string(),
            aud: product.code.to_string(),
            sub: license.id.to_string(),
            jti: id.to_string(),
            parent: chain.parent.map(|parent| parent.to_string()),
            iat: times.issued_at,
            nbf: times.issued_at,
            exp: times.expires_at,
            grace_until: times.grace_until,
            refresh_at: times.refresh_at,
            mid: machine.id.to_string(),
            fph: lease::fingerprint_hash(
                tenant.issuer.as_str(),
                product.code.as_str(),
                machine.fingerprint.as_str(),
            ),
            ent: view
                .entitlements
                .iter()
                .filter_map(|(code, value)| Some((code.to_string(), claim(value)?)))
                .collect(),
            lic: lease::LicenseFacts {
                exp: license.expires_at.map(Timestamp::unix_seconds),
                policy: policy.code.to_string(),
                customer: license.customer_id.map(|id| id.to_string()),
                trial: policy.rules.trial,
            },
            status: None,
            nonce: chain.nonce.map(ToString::to_string),
            cnf: None,
        };
        let token = active
            .key
            .lease(&claims)
            .map_err(|error| Error::Internal("signing a lease", Some(Box::new(error))))?;
        let second = |seconds| Timestamp::from_unix_seconds(seconds).unwrap_or(Timestamp::MAX);
        if active.leases_until.is_none_or(|known| known < second(times.grace_until)) {
            // To the end of the hour, so that most leases find it noted.
            let until = second((times.grace_until + HOUR - 1) / HOUR * HOUR);
            tx.signing_keys().extend(&active.id, until).await?;
            // Held anew once this is committed; until then, others see what is not lasting yet.
            self.inner.recent.let_key_go(tenant.id);
        }
        machine.lease = Some(IssuedLease {
            id,
            key_id: active.id,
            expires_at: second(times.expires_at),
            grace_until: second(times.grace_until),
        });
        Ok(SignedLease { id, token, times })
    }
}

/// What a new lease is bound to.
#[derive(Clone, Copy)]
pub(crate) struct Chain<'a> {
    /// The lease that it replaces.
    pub(crate) parent: Option<LeaseId>,
    /// The caller's nonce.
    pub(crate) nonce: Option<&'a Nonce>,
}

/// The claim of an entitlement; none for a feature that is switched off.
fn claim(value: &EntitlementValue) -> Option<lease::EntitlementValue> {
    Some(match value {
        EntitlementValue::Flag(false) => return None,
        EntitlementValue::Flag(true) => lease::EntitlementValue::Flag,
        EntitlementValue::Number(number) => lease::EntitlementValue::Number(*number),
        EntitlementValue::Text(text) => lease::EntitlementValue::Text(text.clone()),
        EntitlementValue::Set(members) => lease::EntitlementValue::Set(members.iter().cloned().collect()),
    })
}
