//! Archives: a whole tenant as lines of JSON, to be brought to another installation.
//!
//! The first line tells the version and the tenant. One line for each row follows, table by table, each table after those
//! that it refers to. The last line counts them, and has the SHA-256 of all lines before it with a keyed hash over that:
//! an archive that breaks off or was changed is not taken. License keys and private signing keys are sealed under the
//! archive's key; hashes of license keys are not in it, since they are made with the key of an installation.

mod export;
mod import;
mod line;

use std::fmt;

pub use export::TenantExport;
pub use import::TenantImport;

use model::TenantId;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{
    Entropy, Error, MasterKey,
    vault::{Purpose, Vault},
};

/// The version of the format.
const VERSION: u64 = 1;

/// The key of an archive: 32 random bytes, without which it cannot be imported.
#[derive(Clone)]
pub struct ArchiveKey(MasterKey);

impl ArchiveKey {
    /// What a key looks like.
    pub const RULE: &'static str = "an archive key: 32 random bytes as 64 hexadecimal digits";

    /// Wraps the bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(MasterKey::new(bytes))
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, model::Invalid> {
        let bytes = Zeroizing::new(unhex(text).ok_or(model::Invalid::new(Self::RULE))?);
        Ok(Self::new(*bytes))
    }

    fn vault(&self) -> Vault {
        Vault::new(self.0.clone())
    }
}

impl fmt::Debug for ArchiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArchiveKey(…)")
    }
}

/// A secret column: sealed under the key of an installation, or under that of an archive.
#[derive(Clone, Copy)]
struct Secret {
    column: &'static str,
    purpose: Purpose,
}

/// The secret column of a table.
const fn secret_of(table: &str) -> Option<Secret> {
    match table.as_bytes() {
        b"licenses" => Some(Secret { column: "key_sealed", purpose: Purpose::LicenseKey }),
        b"signing_keys" => Some(Secret { column: "sealed_private", purpose: Purpose::SigningKey }),
        _ => None,
    }
}

/// The column of `licenses` that is made anew in each installation.
const KEY_HASH: &str = "key_hash";

/// Opens a value under one key and seals it under another; gives it with what was sealed.
fn reseal(
    (from, to): (&Vault, &Vault),
    entropy: &Entropy,
    tenant: TenantId,
    secret: Secret,
    name: &str,
    sealed: &[u8],
) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), Error> {
    let plain = from.open(tenant, secret.purpose, name, sealed)?;
    Ok((to.seal(entropy, tenant, secret.purpose, name, &plain)?, plain))
}

/// The last line.
fn trailer(rows: u64, counts: &Map<String, Value>, digest: &[u8; 32], mac: &[u8; 32]) -> Value {
    json!({ "end": { "rows": rows, "tables": counts, "sha256": hex(digest), "mac": hex(mac) } })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let digits = Zeroizing::new(digits);
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if rest.is_empty() { bytes.try_into().ok() } else { None }
}
