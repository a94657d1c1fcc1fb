//! Keys derived from the master key: hashing license keys, sealing what is stored.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use model::{LicenseKey, TenantId};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{entropy::Entropy, error::Error};

/// The secret of an installation: 32 random bytes. Without it no stored key can be used.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Wraps the bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// What a sealed value is: a value sealed as one is never opened as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A license key, for showing it to those with the right.
    LicenseKey,
    /// The private half of a signing key.
    SigningKey,
    /// An answer kept for an idempotency key.
    Answer,
    /// A license that was loaded for a check a moment ago.
    RecentCheck,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::LicenseKey => "license key",
            Self::SigningKey => "signing key",
            Self::Answer => "answer",
            Self::RecentCheck => "recent check",
        }
    }
}

/// Hashes and seals under keys derived from the master key (HKDF-SHA256, RFC 5869), one per tenant and purpose.
pub(crate) struct Vault {
    master: MasterKey,
    /// The hashes that license keys are looked up by, begun with the secret of each tenant.
    look_ups: RwLock<HashMap<TenantId, Hmac<Sha256>>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("master", &self.master).finish_non_exhaustive()
    }
}

const FORMAT: u8 = 1;
const NONCE: usize = 12;

impl Vault {
    pub(crate) fn new(master: MasterKey) -> Self {
        Self { master, look_ups: RwLock::default() }
    }

    /// What recognises the master key without telling anything about it.
    pub(crate) fn check(&self) -> [u8; 32] {
        *self.derive("check", None)
    }

    /// The keyed hash (HMAC-SHA256) by which a license is looked up.
    pub(crate) fn key_hash(&self, tenant: TenantId, key: &LicenseKey) -> Result<[u8; 32], Error> {
        let known = self.look_ups.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned();
        let mut mac = match known {
            Some(mac) => mac,
            None => {
                let secret = self.derive("license key look-up", Some(tenant));
                let mac = Hmac::<Sha256>::new_from_slice(secret.as_slice())
                    .map_err(|error| Error::Internal("hashing a license key", Some(Box::new(error))))?;
                let mut look_ups = self.look_ups.write().unwrap_or_else(PoisonError::into_inner);
                look_ups.insert(tenant, mac.clone());
                mac
            }
        };
        mac.update(key.canonical().as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }

    /// A keyed hash (HMAC-SHA256) over the digest of an archive, which only those who have its key can make.
    pub(crate) fn archive_mac(&self, tenant: TenantId, digest: &[u8; 32]) -> Result<[u8; 32], Error> {
        let secret = self.derive("archive", Some(tenant));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_slice())
            .map_err(|error| Error::Internal("hashing an archive", Some(Box::new(error))))?;
        mac.update(digest);
        Ok(mac.finalize().into_bytes().into())
    }

    /// Seals a value with AES-256-GCM for one tenant, purpose and name: format, nonce, ciphertext with tag.
    pub(crate) fn seal(
        &self,
        entropy: &Entropy,
        tenant: TenantId,
        purpose: Purpose,
        name: &str,
        value: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE] = entropy.bytes();
        let aad = associated_data(tenant, purpose, name);
        let sealed = self
            .cipher(tenant, purpose)
            .encrypt(&nonce.into(), Payload { msg: value, aad: &aad })
            .map_err(|_| Error::Internal("sealing a value", None))?;
        Ok([&[FORMAT], nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// Opens what [`Self::seal`] sealed for the same tenant, purpose and name.
    pub(crate) fn open(
        &self,
        tenant: TenantId,
        purpose: Purpose,
        name: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        const DAMAGED: Error =
            Error::Internal("opening a sealed value: it is damaged or belongs elsewhere", None);
        let Some(([FORMAT], rest)) = sealed.split_at_checked(1) else {
            return Err(DAMAGED);
        };
        let Some((nonce, ciphertext)) = rest.split_at_checked(NONCE) else {
            return Err(DAMAGED);
        };
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| DAMAGED)?;
        let aad = associated_data(tenant, purpose, name);
        self.cipher(tenant, purpose)
            .decrypt(&nonce.into(), Payload { msg: ciphertext, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| DAMAGED)
    }

    fn cipher(&self, tenant: TenantId, purpose: Purpose) -> Aes256Gcm {
        Aes256Gcm::new((&*self.derive(purpose.label(), Some(tenant))).into())
    }

    fn derive(&self, label: &str, tenant: Option<TenantId>) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let tenant = tenant.map(|tenant| *tenant.uuid().as_bytes());
        let info: [&[u8]; 4] =
            [b"leasehold v1\0", label.as_bytes(), b"\0", tenant.as_ref().map_or(&[], |id| id)];
        // Fails only for outputs longer than 255 hashes.
        let expanded = Hkdf::<Sha256>::new(None, &self.master.0).expand_multi_info(&info, key.as_mut_slice());
        debug_assert!(expanded.is_ok());
        key
    }
}

fn associated_data(tenant: TenantId, purpose: Purpose, name: &str) -> Vec<u8> {
    [purpose.label().as_bytes(), b"\0", tenant.uuid().as_bytes(), b"\0", name.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn setting() -> (Vault, Entropy, TenantId) {
        (Vault::new(MasterKey::new([7; 32])), Entropy::seeded(1), TenantId::from_uuid(Uuid::from_u128(1)))
    }

    #[test]
    fn what_is_sealed_opens_only_for_its_tenant_purpose_name_and_master_key() {
        let (vault, entropy, tenant) = setting();
        let sealed = vault.seal(&entropy, tenant, Purpose::LicenseKey, "a", b"secret").unwrap();
        assert_eq!(vault.open(tenant, Purpose::LicenseKey, "a", &sealed).unwrap().as_slice(), b"secret");
        let other = TenantId::from_uuid(Uuid::from_u128(2));
        assert!(vault.open(other, Purpose::LicenseKey, "a", &sealed).is_err());
        assert!(vault.open(tenant, Purpose::Answer, "a", &sealed).is_err());
        assert!(vault.open(tenant, Purpose::LicenseKey, "b", &sealed).is_err());
        assert!(Vault::new(MasterKey::new([8; 32])).open(tenant, Purpose::LicenseKey, "a", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(vault.open(tenant, Purpose::LicenseKey, "a", &damaged).is_err(), "byte {place}");
            assert!(
                vault.open(tenant, Purpose::LicenseKey, "a", &sealed[..place]).is_err(),
                "cut at {place}"
            );
        }
    }

    #[test]
    fn key_hashes_ignore_how_a_key_is_written_and_differ_between_tenants() {
        let (vault, _, tenant) = setting();
        let key = |text| LicenseKey::parse(text).unwrap();
        let hash = vault.key_hash(tenant, &key("HIOZ-W7RA-JNET-X039")).unwrap();
        assert_eq!(hash, vault.key_hash(tenant, &key("hiozw7rajnetx039")).unwrap());
        assert_ne!(hash, vault.key_hash(tenant, &key("HIOZ-W7RA-JNET-X038")).unwrap());
        let other = TenantId::from_uuid(Uuid::from_u128(2));
        assert_ne!(hash, vault.key_hash(other, &key("HIOZ-W7RA-JNET-X039")).unwrap());
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", setting().0), "Vault { master: MasterKey(…), .. }");
    }
}
