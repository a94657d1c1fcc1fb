//! Write a tenant into an archive, piece by piece.

use model::{Action, Tenant, TenantSlug, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use store::{ARCHIVE_TABLES, ArchiveRow, ArchiveTable, ArchiveValue, Tx};

use super::{ArchiveKey, KEY_HASH, VERSION, hex, line, reseal, secret_of, trailer};
use crate::{Call, Error, Licensing, vault::Vault};

/// Rows that are read at a time: few enough to be held in memory, enough to keep both ends busy.
const BATCH: u32 = 500;

/// A tenant on its way into an archive: all of it as it was when this began.
pub struct TenantExport {
    licensing: Licensing,
    call: Call,
    tenant: Tenant,
    vault: Vault,
    began: Timestamp,
    digest: Sha256,
    stage: Stage,
    counts: Map<String, Value>,
    rows: u64,
}

enum Stage {
    Header(Tx),
    /// The tables that are left, and the row of the first that was read last.
    Rows(Tx, &'static [ArchiveTable], Option<ArchiveRow>),
    Mark,
    Ended,
}

impl Licensing {
    /// Begins to write a tenant into an archive; it may be suspended.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn export_tenant(
        &self,
        call: &Call,
        slug: &TenantSlug,
        key: &ArchiveKey,
    ) -> Result<TenantExport, Error> {
        let id = self.tenant(slug).await?.id;
        // Before the snapshot, which then has all that happened up to here.
        let began = self.inner.clock.now();
        let mut tx = self.inner.store.snapshot(id).await?;
        let tenant = tx.archived_tenant().await?.ok_or(Error::NotFound("tenant"))?;
        Ok(TenantExport {
            licensing: self.clone(),
            call: call.clone(),
            tenant,
            vault: key.vault(),
            began,
            digest: Sha256::new(),
            stage: Stage::Header(tx),
            counts: Map::new(),
            rows: 0,
        })
    }
}

impl TenantExport {
    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The next lines, which may be none; `None` after the last. Once that was asked for, the tenant counts as exported.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`]: then the archive cannot be finished.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Header(tx) => {
                self.stage = Stage::Rows(tx, ARCHIVE_TABLES, None);
                let header = self.header();
                Ok(Some(self.noted(&header)))
            }
            Stage::Rows(tx, tables, after) => self.lines(tx, tables, after).await.map(Some),
            Stage::Mark => {
                self.mark().await?;
                Ok(None)
            }
            Stage::Ended => Ok(None),
        }
    }

    fn header(&self) -> Value {
        let tenant = &self.tenant;
        json!({
            "leasehold_archive": VERSION,
            "exported_at": self.began.to_string(),
            "key_check": hex(&self.vault.check()),
            "tenant": {
                "id": tenant.id.to_string(),
                "slug": tenant.slug.as_str(),
                "name": tenant.name.as_str(),
                "issuer": tenant.issuer.as_str(),
                "refuses_mistyped_keys": tenant.refuses_mistyped_keys,
                "checks_are_events": tenant.checks_are_events,
                "created_at": tenant.created_at.to_string(),
            },
        })
    }

    /// The lines of the next rows; the last line of the archive, where none are left.
    async fn lines(
        &mut self,
        mut tx: Tx,
        tables: &'static [ArchiveTable],
        after: Option<ArchiveRow>,
    ) -> Result<Vec<u8>, Error> {
        let Some((table, others)) = tables.split_first() else {
            tx.end().await?;
            self.stage = Stage::Mark;
            return self.trailer();
        };
        let rows = tx.archive_rows(table, after.as_ref(), BATCH).await?;
        let found = rows.len() as u64;
        self.stage = match rows.last() {
            Some(last) if found == u64::from(BATCH) => Stage::Rows(tx, tables, Some(last.clone())),
            _ => Stage::Rows(tx, others, None),
        };
        let count = self.counts.get(table.name).and_then(Value::as_u64).unwrap_or(0);
        self.counts.insert(table.name.to_owned(), json!(count + found));
        self.rows += found;
        let mut text = Vec::new();
        for row in rows {
            let row = self.row(table, row)?;
            text.extend(self.noted(&json!({ "table": table.name, "row": row })));
        }
        Ok(text)
    }

    /// A row with its secret sealed under the key of the archive.
    fn row(&self, table: &ArchiveTable, mut row: ArchiveRow) -> Result<Map<String, Value>, Error> {
        const DAMAGED: Error = Error::Internal("a row to export has not the shape of its table", None);
        if let Some(secret) = secret_of(table.name) {
            let name = match row.first() {
                Some(ArchiveValue::Uuid(id)) => id.to_string(),
                Some(ArchiveValue::Text(id)) => id.clone(),
                _ => return Err(DAMAGED),
            };
            let value = line::place(table, secret.column).and_then(|place| row.get_mut(place));
            let Some(ArchiveValue::Bytes(sealed)) = value else { return Err(DAMAGED) };
            let inner = &self.licensing.inner;
            let vaults = (&inner.vault, &self.vault);
            *sealed = reseal(vaults, &inner.entropy, self.tenant.id, secret, &name, sealed)?.0;
        }
        let mut members = line::to_json(table, row);
        members.remove(KEY_HASH);
        Ok(members)
    }

    fn trailer(&self) -> Result<Vec<u8>, Error> {
        let digest: [u8; 32] = self.digest.clone().finalize().into();
        let mac = self.vault.archive_mac(self.tenant.id, &digest)?;
        Ok(text(&trailer(self.rows, &self.counts, &digest, &mac)))
    }

    /// A line, taken into the digest.
    fn noted(&mut self, line: &Value) -> Vec<u8> {
        let text = text(line);
        self.digest.update(&text);
        text
    }

    async fn mark(&self) -> Result<(), Error> {
        let inner = &self.licensing.inner;
        let (mut platform, before) = self.licensing.begin_change(&self.tenant.slug).await?;
        platform.mark_exported(before.tenant.id, self.began).await?;
        let details = json!({ "rows": self.rows });
        let now = inner.clock.now();
        let change = (Action::TenantExport, details);
        self.licensing.end_change(platform, &self.call, &self.tenant.slug, now, change).await?;
        Ok(())
    }
}

fn text(line: &Value) -> Vec<u8> {
    let mut text = line.to_string().into_bytes();
    text.push(b'\n');
    text
}
