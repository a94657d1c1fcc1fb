//! Make a tenant from an archive, piece by piece, in one transaction.

use model::{Action, HostedTenant, Invalid, LicenseKey, RateLimitOverrides, Subject, Tenant, TenantState};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use store::{ARCHIVE_TABLES, ArchiveRow, ArchiveTable, ArchiveValue, Tx};
use subtle::ConstantTimeEq as _;

use super::{ArchiveKey, KEY_HASH, VERSION, line, reseal, secret_of, trailer, unhex};
use crate::{Call, Error, Licensing, audit::Entry, vault::Vault};

/// The most bytes that a line has: more than the largest row, a license with all its metadata and entitlements.
const LONGEST_LINE: usize = 1024 * 1024;

/// A tenant on its way out of an archive. Nothing of it is there until [`Self::finish`].
pub struct TenantImport {
    licensing: Licensing,
    call: Call,
    vault: Vault,
    pending: Vec<u8>,
    digest: Sha256,
    stage: Stage,
    /// The tables that a row may still be of.
    tables: &'static [ArchiveTable],
    counts: Map<String, Value>,
    rows: u64,
}

enum Stage {
    Header,
    Rows(Tx, Tenant),
    Ended(Tx, Tenant),
    Failed,
}

const fn wrong(rule: &'static str) -> Error {
    Error::Invalid { field: "archive", invalid: Invalid::new(rule) }
}

const DAMAGED: Error = wrong("an archive as it was exported: this one was changed, or is damaged");
const CUT: Error = wrong("a whole archive: this one breaks off");
const OTHER_KEY: Error = wrong("given with the key that it was exported with");
const OTHER_VERSION: Error = wrong("an archive of a version that this server knows");

impl Licensing {
    /// Begins to make a tenant from an archive.
    #[must_use]
    pub fn import_tenant(&self, call: &Call, key: &ArchiveKey) -> TenantImport {
        TenantImport {
            licensing: self.clone(),
            call: call.clone(),
            vault: key.vault(),
            pending: Vec::new(),
            digest: Sha256::new(),
            stage: Stage::Header,
            tables: ARCHIVE_TABLES,
            counts: ARCHIVE_TABLES.iter().map(|table| (table.name.to_owned(), json!(0))).collect(),
            rows: 0,
        }
    }
}

impl TenantImport {
    /// Takes the next bytes of the archive.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no archive of this key, or not as it was exported; [`Error::Conflict`] when the
    /// tenant, its slug or its issuer is there already; [`Error::Unavailable`] and [`Error::Internal`]. After an
    /// error, nothing is imported.
    pub async fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (piece, after) = rest.split_at_checked(end + 1).unwrap_or((rest, &[]));
            rest = after;
            let mut line = std::mem::take(&mut self.pending);
            line.extend_from_slice(piece);
            if line.len() > LONGEST_LINE {
                return self.fail(DAMAGED);
            }
            if let Err(error) = self.line(&line).await {
                return self.fail(error);
            }
        }
        self.pending.extend_from_slice(rest);
        if self.pending.len() > LONGEST_LINE { self.fail(DAMAGED) } else { Ok(()) }
    }

    /// Keeps the tenant, once the archive has ended as it should.
    ///
    /// # Errors
    /// Those of [`Self::feed`]; with [`Error::Unavailable`] from the last step, it is not known whether it was kept.
    pub async fn finish(self) -> Result<HostedTenant, Error> {
        let Stage::Ended(mut tx, tenant) = self.stage else { return Err(CUT) };
        if !self.pending.is_empty() {
            return Err(DAMAGED);
        }
        let now = self.licensing.inner.clock.now();
        let subject = Subject::Tenant(tenant.id);
        let entry = Entry::done(Action::TenantImport, subject, json!({ "rows": self.rows }));
        self.licensing.audit(&mut tx, &self.call, now, entry).await?;
        self.licensing.commit(tx).await?;
        self.licensing.hosted_tenant(&tenant.slug).await
    }

    /// Gives the error, and forgets all that was done: the transaction is rolled back.
    fn fail(&mut self, error: Error) -> Result<(), Error> {
        self.stage = Stage::Failed;
        Err(error)
    }

    async fn line(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Ok(Value::Object(members)) = serde_json::from_slice(bytes) else { return Err(DAMAGED) };
        self.stage = match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Header => {
                let (tx, tenant) = self.begin(&members).await?;
                Stage::Rows(tx, tenant)
            }
            Stage::Rows(tx, tenant) if members.contains_key("end") => {
                self.check_end(&tenant, &Value::Object(members))?;
                Stage::Ended(tx, tenant)
            }
            Stage::Rows(mut tx, tenant) => {
                self.row(&mut tx, &tenant, members).await?;
                Stage::Rows(tx, tenant)
            }
            Stage::Ended(..) | Stage::Failed => return Err(DAMAGED),
        };
        self.digest.update(bytes);
        Ok(())
    }

    /// Reads the first line, and makes the tenant.
    async fn begin(&self, members: &Map<String, Value>) -> Result<(Tx, Tenant), Error> {
        match members.get("leasehold_archive").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(_) => return Err(OTHER_VERSION),
            None => return Err(DAMAGED),
        }
        let check = members.get("key_check").and_then(Value::as_str).and_then(unhex).ok_or(DAMAGED)?;
        if !bool::from(check.ct_eq(&self.vault.check())) {
            return Err(OTHER_KEY);
        }
        let tenant = members.get("tenant").and_then(tenant).ok_or(DAMAGED)?;
        let mut platform = self.licensing.inner.store.platform().await?;
        if !platform.insert_tenant(&tenant).await? {
            return Err(Error::Conflict(
                "a tenant with this identifier, slug or issuer exists already".into(),
            ));
        }
        let tx = platform.enter(tenant.id).await?;
        Ok((tx, tenant))
    }

    async fn row(
        &mut self,
        tx: &mut Tx,
        tenant: &Tenant,
        mut members: Map<String, Value>,
    ) -> Result<(), Error> {
        let (Some(Value::String(name)), Some(Value::Object(row))) =
            (members.remove("table"), members.remove("row"))
        else {
            return Err(DAMAGED);
        };
        // Rows come table by table, so that what they refer to is there.
        let skipped = self.tables.iter().position(|table| table.name == name).ok_or(DAMAGED)?;
        self.tables = self.tables.get(skipped..).unwrap_or_default();
        let table = self.tables.first().ok_or(DAMAGED)?;
        if row.contains_key(KEY_HASH) || !members.is_empty() {
            return Err(DAMAGED);
        }
        let mut row = line::from_json(table, row).ok_or(DAMAGED)?;
        self.take_over(table, tenant, &mut row)?;
        match tx.restore_row(table, row).await {
            // What the database has rules against was not in a database.
            Err(store::Error::Statement(_) | store::Error::Dangling(_)) => return Err(DAMAGED),
            other => other?,
        }
        self.rows += 1;
        if let Some(count) = self.counts.get_mut(table.name) {
            *count = json!(count.as_u64().unwrap_or(0) + 1);
        }
        Ok(())
    }

    /// Seals the secret of a row under the key of this installation.
    fn take_over(&self, table: &ArchiveTable, tenant: &Tenant, row: &mut ArchiveRow) -> Result<(), Error> {
        let Some(secret) = secret_of(table.name) else { return Ok(()) };
        let name = match row.first() {
            Some(ArchiveValue::Uuid(id)) => id.to_string(),
            Some(ArchiveValue::Text(id)) => id.clone(),
            _ => return Err(DAMAGED),
        };
        let value = line::place(table, secret.column).and_then(|place| row.get_mut(place));
        let Some(ArchiveValue::Bytes(sealed)) = value else { return Err(DAMAGED) };
        let inner = &self.licensing.inner;
        let resealed = reseal((&self.vault, &inner.vault), &inner.entropy, tenant.id, secret, &name, sealed);
        let (resealed, plain) = resealed.map_err(|_| DAMAGED)?;
        *sealed = resealed;
        if let Some(hash) = line::place(table, KEY_HASH).and_then(|place| row.get_mut(place)) {
            let text = std::str::from_utf8(&plain).map_err(|_| DAMAGED)?;
            let key = LicenseKey::parse(text).map_err(|_| DAMAGED)?;
            *hash = ArchiveValue::Bytes(inner.vault.key_hash(tenant.id, &key)?.to_vec());
        }
        Ok(())
    }

    fn check_end(&self, tenant: &Tenant, end: &Value) -> Result<(), Error> {
        let digest: [u8; 32] = self.digest.clone().finalize().into();
        let mac = end.pointer("/end/mac").and_then(Value::as_str).and_then(unhex).ok_or(DAMAGED)?;
        let expected = self.vault.archive_mac(tenant.id, &digest)?;
        let good =
            bool::from(mac.ct_eq(&expected)) && *end == trailer(self.rows, &self.counts, &digest, &mac);
        if good { Ok(()) } else { Err(DAMAGED) }
    }
}

/// The tenant of an archive, which is served once it is there.
fn tenant(members: &Value) -> Option<Tenant> {
    let text = |name| members.get(name)?.as_str();
    Some(Tenant {
        id: text("id")?.parse().ok()?,
        slug: text("slug")?.parse().ok()?,
        name: text("name")?.parse().ok()?,
        issuer: text("issuer")?.parse().ok()?,
        state: TenantState::Active,
        refuses_mistyped_keys: members.get("refuses_mistyped_keys")?.as_bool()?,
        checks_are_events: members.get("checks_are_events")?.as_bool()?,
        rate_limits: RateLimitOverrides::default(),
        revision: 1,
        created_at: model::Timestamp::parse(text("created_at")?).ok()?,
    })
}
