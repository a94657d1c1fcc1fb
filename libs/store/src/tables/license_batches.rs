//! Adding many licenses at once.

use std::collections::HashSet;

use model::{CustomerId, License, Limited, Memo, Metadata, Timestamp};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    error::Result,
    sql::{At, pieces},
    tables::{
        entitlements::EntitlementsColumn, licenses::Licenses, metadata::metadata_column,
        parse::override_column,
    },
};

batches! {
    INSERT = "INSERT INTO licenses (tenant_id, id, number, product_id, policy_id, customer_id, key_hash, key_sealed, \
            key_hint, memo, metadata, seats, activation_limit, entitlements, state, term_started_at, expires_at, \
            activations_used, deactivations_used, created_at, updated_at, version)",
        "($1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        " ON CONFLICT DO NOTHING RETURNING id";
    INSERT_CHECKS = "INSERT INTO license_checks (tenant_id, license_id, product_id, last_checked_at, checks)",
        "($1, ?, ?, ?, 0)", "";
    INSERT_METADATA = "INSERT INTO license_metadata (tenant_id, license_id, name, value)", "($1, ?, ?, ?)", "";
}

/// A license to add, with all that is kept with it.
#[derive(Debug)]
pub struct FullLicenseRow<'a> {
    /// The license.
    pub license: &'a License,
    /// The keyed hash of its key.
    pub key_hash: [u8; 32],
    /// Its key, sealed.
    pub key_sealed: Vec<u8>,
    /// What the vendor noted on it.
    pub memo: Option<&'a Memo>,
    /// What the vendor keeps with it.
    pub metadata: &'a Metadata,
}

impl Licenses<'_> {
    /// Adds many licenses; for each of them, in their order, whether it was added: not one whose key or number is
    /// taken, be it by one before it.
    ///
    /// # Errors
    /// When the database does not answer, or there is no such policy or customer.
    pub async fn insert_many(&mut self, rows: &[FullLicenseRow<'_>]) -> Result<Vec<bool>> {
        self.0.changes_no_check();
        let all = rows.len() as u64;
        self.0.limits().take(Limited::Licenses, all).await?;
        let mut added = HashSet::new();
        for (statement, piece) in pieces(&INSERT, rows) {
            added.extend(self.insert_piece(statement, piece).await?);
        }
        let is_new: Vec<bool> = rows.iter().map(|row| added.contains(&row.license.id.uuid())).collect();
        self.0.limits().give_back(Limited::Licenses, all.saturating_sub(added.len() as u64));
        let new: Vec<_> = rows.iter().zip(&is_new).filter_map(|(row, new)| new.then_some(row)).collect();
        for (statement, piece) in pieces(&INSERT_CHECKS, &new) {
            self.insert_checks(statement, piece).await?;
        }
        let pairs = |row: &&FullLicenseRow<'_>| {
            let id = row.license.id.uuid();
            let pairs: Vec<_> =
                row.metadata.iter().map(|(name, value)| (id, name.to_owned(), value.to_owned())).collect();
            pairs
        };
        let pairs: Vec<_> = new.iter().flat_map(pairs).collect();
        for (statement, piece) in pieces(&INSERT_METADATA, &pairs) {
            self.insert_metadata(statement, piece).await?;
        }
        Ok(is_new)
    }

    async fn insert_piece(
        &mut self,
        statement: &'static str,
        rows: &[FullLicenseRow<'_>],
    ) -> Result<Vec<Uuid>> {
        let tenant = self.0.tenant.uuid();
        Ok(on!(self.0, c => {
            let mut query = sqlx::query_scalar(statement).bind(tenant);
            for row in rows {
                let license = row.license;
                query = query
                    .bind(license.id.uuid())
                    .bind(i64::from(license.number))
                    .bind(license.product_id.uuid())
                    .bind(license.policy_id.uuid())
                    .bind(license.customer_id.map(CustomerId::uuid))
                    .bind(row.key_hash.as_slice())
                    .bind(row.key_sealed.as_slice())
                    .bind(license.key_hint.as_str())
                    .bind(row.memo.map(Memo::as_str))
                    .bind(metadata_column(row.metadata))
                    .bind(override_column(license.overrides.seats))
                    .bind(override_column(license.overrides.activation_limit))
                    .bind(Json(EntitlementsColumn::from(&license.overrides.entitlements)))
                    .bind(license.state.code())
                    .bind(license.term_started_at.map(At))
                    .bind(license.expires_at.map(At))
                    .bind(i64::from(license.activations_used))
                    .bind(i64::from(license.deactivations_used))
                    .bind(At(license.created_at))
                    .bind(At(license.updated_at));
            }
            query.fetch_all(c).await
        })?)
    }

    async fn insert_checks(&mut self, statement: &'static str, rows: &[&FullLicenseRow<'_>]) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => {
            let mut query = sqlx::query(statement).bind(tenant);
            for row in rows {
                query = query
                    .bind(row.license.id.uuid())
                    .bind(row.license.product_id.uuid())
                    .bind(At(Timestamp::MIN));
            }
            query.execute(c).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn insert_metadata(
        &mut self,
        statement: &'static str,
        rows: &[(Uuid, String, String)],
    ) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => {
            let mut query = sqlx::query(statement).bind(tenant);
            for (id, name, value) in rows {
                query = query.bind(*id).bind(name.as_str()).bind(value.as_str());
            }
            query.execute(c).await.map(|_| ())
        })?;
        Ok(())
    }
}
