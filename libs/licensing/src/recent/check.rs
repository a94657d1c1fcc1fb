//! Licenses that were loaded for a check a moment ago.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephemeral::{Found, LookUp, Stamps};
use model::{ClientKey, Fingerprint, LicenseKey, Tenant, TenantId, decide::NamedCustomer};
use sha2::{Digest as _, Sha256};
use store::{Dossier, Tx};

use super::{
    Mark,
    right_at::{RightAt, UNTOLD},
};
use crate::{
    Error, Licensing,
    case::{Case, is_mistyped},
    keepsake::Keepsake,
    vault::Purpose,
};

/// What is known, since a request was let in, of what it asks for.
#[derive(Debug)]
pub struct Recall {
    pub(crate) mark: Mark,
    pub(super) check: Option<(Wanted, Found)>,
}

/// A license as it was loaded.
#[derive(Debug)]
pub(crate) struct HeldCheck {
    /// What it was loaded under, where Redis answered.
    stamps: Option<Stamps>,
    era: u64,
    right_at: RightAt,
    dossier: Dossier,
    keepsake: Keepsake,
}

/// A license as a check finds it.
#[derive(Clone, Debug)]
pub(crate) enum Recalled {
    /// As it was loaded for a check before.
    Held(Arc<HeldCheck>),
    /// As it was loaded now.
    Loaded(Dossier),
}

impl Recalled {
    pub(crate) fn dossier(&self) -> &Dossier {
        match self {
            Self::Held(held) => &held.dossier,
            Self::Loaded(dossier) => dossier,
        }
    }

    /// Where it was loaded for a check before.
    pub(crate) fn keepsake(&self) -> Option<&Keepsake> {
        match self {
            Self::Held(held) => Some(&held.keepsake),
            Self::Loaded(_) => None,
        }
    }
}

/// For how long a variant is used while Redis says nothing: more than half of [`UNTOLD`], and not all of them equally
/// long, so that they are not all loaded at the same time.
fn untold([first, ..]: &[u8; 32]) -> Duration {
    UNTOLD.mul_f64(1.0 - f64::from(*first) / 512.0)
}

/// A check that may be answered from what was loaded for the one before.
pub(super) struct Wanted {
    tenant: TenantId,
    key: LicenseKey,
    fingerprint: Option<Fingerprint>,
    customer: Option<ClientKey>,
    key_hash: [u8; 32],
    /// A hash of all that the license is looked up by, and of the epoch.
    variant: [u8; 32],
    era: u64,
    /// Before it is asked.
    asked: Instant,
    held: Option<Arc<HeldCheck>>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted(…)")
    }
}

impl Wanted {
    pub(super) fn look_up(&self) -> LookUp<'_> {
        LookUp {
            key_hash: &self.key_hash,
            variant: &self.variant,
            held: self.held.as_ref().and_then(|held| held.stamps),
        }
    }

    fn is_of(&self, case: &Case<'_>) -> bool {
        self.tenant == case.tenant.id
            && self.key == *case.key
            && self.fingerprint.as_ref() == case.fingerprint
            && self.customer.as_ref() == case.customer
    }
}

impl Licensing {
    /// What to ask for a check after `asked`; nothing where checks are not kept, or no look-up is made.
    pub(super) fn wanted(
        &self,
        tenant: &Tenant,
        key_hash: [u8; 32],
        key: &LicenseKey,
        fingerprint: Option<&Fingerprint>,
        customer: Option<&ClientKey>,
        asked: Instant,
    ) -> Option<Wanted> {
        let recent = &self.inner.recent;
        if !recent.keeps_checks() || is_mistyped(tenant, key) {
            return None;
        }
        let era = recent.eras.now();
        let variant = variant(&key_hash, recent.eras.epoch(), fingerprint, customer);
        let held = recent.checks.get(&variant).filter(|held| held.era == era);
        Some(Wanted {
            tenant: tenant.id,
            key: key.clone(),
            fingerprint: fingerprint.cloned(),
            customer: customer.cloned(),
            key_hash,
            variant,
            era,
            asked,
            held,
        })
    }

    /// The license of a check: as it was loaded before, where nothing has changed since, else from the database.
    /// Begins a unit of work only when it must; `tx` is where it is put then.
    pub(crate) async fn recall(
        &self,
        tx: &mut Option<Tx>,
        case: &Case<'_>,
    ) -> Result<Option<Recalled>, Error> {
        if is_mistyped(case.tenant, case.key) {
            return Ok(None);
        }
        let known = case.call.recall.as_ref().and_then(|recall| recall.check.as_ref());
        let Some((wanted, found)) = known.filter(|(wanted, _)| wanted.is_of(case)) else {
            return Box::pin(async {
                let tx = tx.insert(self.inner.store.read(case.tenant.id).await?);
                Ok(self.look_up(tx, case).await?.map(Recalled::Loaded))
            })
            .await;
        };
        let stamps = match found {
            Found::Current => {
                if let Some(held) = &wanted.held {
                    held.right_at.confirm(wanted.asked);
                    return Ok(Some(Recalled::Held(Arc::clone(held))));
                }
                None
            }
            Found::Kept(stamps, sealed) => {
                if let Some(dossier) = self.open_kept(wanted, sealed) {
                    self.hold_check(wanted, Some(*stamps), &dossier);
                    return Ok(Some(Recalled::Loaded(dossier)));
                }
                Some(*stamps)
            }
            Found::Missing(stamps) => Some(*stamps),
            Found::Unknown => {
                let held = wanted.held.as_ref();
                if let Some(held) = held.filter(|held| held.right_at.age() < untold(&wanted.variant)) {
                    return Ok(Some(Recalled::Held(Arc::clone(held))));
                }
                None
            }
        };
        Ok(Box::pin(self.load(tx, case, wanted, stamps)).await?.map(Recalled::Loaded))
    }

    /// Loads the license of a check, and holds it under `stamps` where they are known.
    async fn load(
        &self,
        tx: &mut Option<Tx>,
        case: &Case<'_>,
        wanted: &Wanted,
        stamps: Option<Stamps>,
    ) -> Result<Option<Dossier>, Error> {
        let tx = tx.insert(self.inner.store.read(case.tenant.id).await?);
        let query = case.query(&wanted.key_hash);
        let Some(stamps) = stamps.filter(|_| self.inner.recent.ephemeral.keeps()) else {
            let dossier = tx.dossiers().by_key(&query).await?;
            if let Some(dossier) = &dossier {
                self.hold_check(wanted, stamps, dossier);
            }
            return Ok(dossier);
        };
        let Some((dossier, bytes)) = tx.dossiers().by_key_with_bytes(&query).await? else { return Ok(None) };
        if self.hold_check(wanted, Some(stamps), &dossier) {
            let name = STANDARD.encode(wanted.variant);
            let (vault, entropy) = (&self.inner.vault, &self.inner.entropy);
            let sealed = vault.seal(entropy, wanted.tenant, Purpose::RecentCheck, &name, &bytes)?;
            self.inner.recent.ephemeral.keep(wanted.tenant, wanted.look_up(), stamps, sealed);
        }
        Ok(Some(dossier))
    }

    /// Holds a license that was loaded after its stamps were known, and says whether it did: one whose named customer
    /// there is not would change when that customer is made, which changes no license.
    fn hold_check(&self, wanted: &Wanted, stamps: Option<Stamps>, dossier: &Dossier) -> bool {
        if matches!(dossier.customer, NamedCustomer::Unknown) {
            return false;
        }
        let right_at = RightAt::new(wanted.asked);
        let (dossier, keepsake) = (dossier.clone(), Keepsake::default());
        let held = HeldCheck { stamps, era: wanted.era, right_at, dossier, keepsake };
        self.inner.recent.checks.put(wanted.variant, Arc::new(held));
        true
    }

    /// Opens what was kept in Redis, where nobody without the master key could have made it.
    fn open_kept(&self, wanted: &Wanted, sealed: &[u8]) -> Option<Dossier> {
        let name = STANDARD.encode(wanted.variant);
        let opened = self.inner.vault.open(wanted.tenant, Purpose::RecentCheck, &name, sealed).ok()?;
        Dossier::from_bytes(&opened, wanted.customer.is_some())
    }
}

fn variant(
    key_hash: &[u8; 32],
    epoch: i64,
    fingerprint: Option<&Fingerprint>,
    customer: Option<&ClientKey>,
) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(key_hash);
    hash.update(epoch.to_be_bytes());
    for part in [fingerprint.map(Fingerprint::as_str), customer.map(ClientKey::as_str)] {
        match part {
            None => hash.update([0]),
            Some(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variant_is_used_for_longer_than_documented_while_redis_says_nothing() {
        let all: std::collections::BTreeSet<_> = (0..=255).map(|first| untold(&[first; 32])).collect();
        assert_eq!(all.len(), 256);
        assert!(all.iter().all(|untold| (UNTOLD / 2..=UNTOLD).contains(untold)));
    }

    #[test]
    fn what_differs_in_anything_is_another_variant() {
        let fingerprint = |text: &str| Fingerprint::parse(text).unwrap();
        let customer = |text: &str| ClientKey::parse(text).unwrap();
        let (ab, a) = (fingerprint("abcdef"), fingerprint("abcd"));
        let (c, other) = (customer("abcd"), customer("efgh"));
        let all = [
            variant(&[1; 32], 0, None, None),
            variant(&[2; 32], 0, None, None),
            variant(&[1; 32], 1, None, None),
            variant(&[1; 32], 0, Some(&ab), None),
            variant(&[1; 32], 0, Some(&a), None),
            variant(&[1; 32], 0, None, Some(&c)),
            variant(&[1; 32], 0, Some(&a), Some(&c)),
            variant(&[1; 32], 0, Some(&a), Some(&other)),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
