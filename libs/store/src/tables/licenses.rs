//! Licenses.

use model::{
    CustomerId, License, LicenseId, LicenseState, Limited, Memo, Metadata, Overrides, PolicyId, ProductId,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    error::Result,
    sql::At,
    tables::{
        entitlements::EntitlementsColumn,
        metadata::metadata_column,
        parse::{Row, override_column},
    },
    tx::Tx,
};

macro_rules! license_columns {
    () => {
        "l.id AS license_id, l.number AS license_number, l.product_id AS license_product_id, \
         l.policy_id AS license_policy_id, l.customer_id AS license_customer_id, l.key_hint AS license_key_hint, \
         l.seats AS license_seats, l.activation_limit AS license_activation_limit, \
         l.entitlements AS license_entitlements, l.state AS license_state, l.term_started_at AS license_term_started_at, \
         l.expires_at AS license_expires_at, l.activations_used AS license_activations_used, \
         l.deactivations_used AS license_deactivations_used, l.version AS license_version, l.revision AS license_revision, \
         l.created_at AS license_created_at, l.updated_at AS license_updated_at"
    };
}
pub(crate) use license_columns;

statements! {
    INSERT = "INSERT INTO licenses (tenant_id, id, number, product_id, policy_id, customer_id, key_hash, key_sealed, \
        key_hint, seats, activation_limit, entitlements, state, term_started_at, expires_at, activations_used, \
        deactivations_used, version, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1, $18, $18) \
        ON CONFLICT DO NOTHING";
    INSERT_CHECKS = "INSERT INTO license_checks (tenant_id, license_id, product_id, checks, last_checked_at) \
        VALUES ($1, $2, $3, 0, $4)";
    SET_METADATA = "UPDATE licenses SET metadata = $3 WHERE tenant_id = $1 AND id = $2";
    METADATA = "SELECT metadata FROM licenses WHERE tenant_id = $1 AND id = $2";
    FORGET_METADATA = "DELETE FROM license_metadata WHERE tenant_id = $1 AND license_id = $2";
    INSERT_METADATA = "INSERT INTO license_metadata (tenant_id, license_id, name, value) VALUES ($1, $2, $3, $4)";
    ID_BY_KEY = "SELECT id FROM licenses WHERE tenant_id = $1 AND key_hash = $2";
    BY_ID = concat!("SELECT ", license_columns!(), " FROM licenses l WHERE l.tenant_id = $1 AND l.id = $2");
    LOCK_BY_KEY = "UPDATE licenses SET version = version + 1 WHERE tenant_id = $1 AND key_hash = $2 RETURNING id";
    LOCK_BY_ID = "UPDATE licenses SET version = version + 1 WHERE tenant_id = $1 AND id = $2 RETURNING key_hash";
    RECORD_ACTIVATION = "UPDATE licenses SET activations_used = activations_used + $3, \
        term_started_at = COALESCE(term_started_at, $4), expires_at = COALESCE(expires_at, $5), \
        customer_id = COALESCE(customer_id, $6), updated_at = $7 \
        WHERE tenant_id = $1 AND id = $2 AND state = 'active' AND ($8 < 0 OR activations_used + $3 <= $8)";
    RECORD_DEACTIVATION = "UPDATE licenses SET deactivations_used = deactivations_used + $3, updated_at = $4 \
        WHERE tenant_id = $1 AND id = $2";
    RELEASE_CUSTOMER = "UPDATE licenses SET customer_id = NULL, updated_at = $3 WHERE tenant_id = $1 AND id = $2";
    SET_MEMO = "UPDATE licenses SET memo = $3 WHERE tenant_id = $1 AND id = $2";
    MEMO = "SELECT memo FROM licenses WHERE tenant_id = $1 AND id = $2";
    SEALED_KEY = "SELECT key_sealed FROM licenses WHERE tenant_id = $1 AND id = $2";
    ERASE_MEMO = "UPDATE licenses SET memo = NULL WHERE tenant_id = $1 AND id = $2";
    UPDATE = "UPDATE licenses SET policy_id = $4, customer_id = $5, seats = $6, activation_limit = $7, entitlements = $8, \
        state = $9, expires_at = $10, activations_used = $11, deactivations_used = $12, updated_at = $13, \
        version = version + 1, revision = revision + 1 \
        WHERE tenant_id = $1 AND id = $2 AND version = $3 AND (state <> 'revoked' OR $9 = 'revoked')";
    ALLOW_MISTYPED_KEYS = "UPDATE tenants SET refuses_mistyped_keys = $2 WHERE id = $1 AND refuses_mistyped_keys <> $2";
}

/// Licenses of one tenant.
pub struct Licenses<'a>(pub(crate) &'a mut Tx);

/// A license to add: the license, and its key as a hash for look-up and sealed for showing.
#[derive(Debug)]
pub struct NewLicenseRow<'a> {
    /// The license.
    pub license: &'a License,
    /// The keyed hash of its key.
    pub key_hash: &'a [u8; 32],
    /// Its key, sealed.
    pub key_sealed: &'a [u8],
}

/// What an activation changes on a license.
#[derive(Clone, Copy, Debug)]
pub struct ActivationRecord {
    /// Whether it uses up one of the activation limit.
    pub counts: bool,
    /// The limit that must still hold, if there is one.
    pub activation_limit: Option<u32>,
    /// When the term began, if it begins now.
    pub term_started_at: Option<Timestamp>,
    /// When the license ends, if that is known from now on.
    pub expires_at: Option<Timestamp>,
    /// The customer that the license is bound to, if it is bound now.
    pub customer_id: Option<CustomerId>,
    /// Now.
    pub at: Timestamp,
}

impl Licenses<'_> {
    /// Adds a license; `false` when its key or number is taken.
    ///
    /// # Errors
    /// When the database does not answer, or the tenant may have no more.
    pub async fn insert(&mut self, new: &NewLicenseRow<'_>) -> Result<bool> {
        self.0.changes_no_check();
        self.0.limits().take(Limited::Licenses, 1).await?;
        let tenant = self.0.tenant.uuid();
        let license = new.license;
        let done = on!(self.0, c => sqlx::query(INSERT)
            .bind(tenant)
            .bind(license.id.uuid())
            .bind(i64::from(license.number))
            .bind(license.product_id.uuid())
            .bind(license.policy_id.uuid())
            .bind(license.customer_id.map(CustomerId::uuid))
            .bind(new.key_hash.as_slice())
            .bind(new.key_sealed)
            .bind(license.key_hint.as_str())
            .bind(override_column(license.overrides.seats))
            .bind(override_column(license.overrides.activation_limit))
            .bind(Json(EntitlementsColumn::from(&license.overrides.entitlements)))
            .bind(license.state.code())
            .bind(license.term_started_at.map(At))
            .bind(license.expires_at.map(At))
            .bind(i64::from(license.activations_used))
            .bind(i64::from(license.deactivations_used))
            .bind(At(license.created_at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        if done != 1 {
            self.0.limits().give_back(Limited::Licenses, 1);
            return Ok(false);
        }
        on!(self.0, c => sqlx::query(INSERT_CHECKS)
            .bind(tenant)
            .bind(license.id.uuid())
            .bind(license.product_id.uuid())
            .bind(At(Timestamp::MIN))
            .execute(c).await.map(|_| ()))?;
        Ok(true)
    }

    /// The license with that key.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn id_by_key(&mut self, key_hash: &[u8; 32]) -> Result<Option<LicenseId>> {
        let tenant = self.0.tenant.uuid();
        let id: Option<Uuid> = on!(self.0, c =>
            sqlx::query_scalar(ID_BY_KEY).bind(tenant).bind(key_hash.as_slice()).fetch_optional(c).await)?;
        Ok(id.map(LicenseId::from_uuid))
    }

    /// The license of that identifier.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_id(&mut self, id: LicenseId) -> Result<Option<License>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<LicenseRow> =
            on!(self.0, c => sqlx::query_as(BY_ID).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(License::try_from).transpose()
    }

    /// Finds a license by its key and makes every other change of it wait until this unit of work ends.
    ///
    /// It raises the license's version, which is a conditional write and not a lock of the database, so that
    /// what was decided on the older version is known to be stale.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock_by_key(&mut self, key_hash: &[u8; 32]) -> Result<Option<LicenseId>> {
        let tenant = self.0.tenant.uuid();
        self.0.changes_no_check();
        let id: Option<Uuid> = on!(self.0, c =>
            sqlx::query_scalar(LOCK_BY_KEY).bind(tenant).bind(key_hash.as_slice()).fetch_optional(c).await)?;
        if id.is_some() {
            self.0.takes_up(*key_hash);
        }
        Ok(id.map(LicenseId::from_uuid))
    }

    /// As [`Self::lock_by_key`], for a known license; `false` when there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock_by_id(&mut self, id: LicenseId) -> Result<bool> {
        let tenant = self.0.tenant.uuid();
        let key_hash: Option<Vec<u8>> = on!(self.0, c => sqlx::query_scalar(LOCK_BY_ID).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        let Some(key_hash) = key_hash else { return Ok(false) };
        match key_hash.try_into() {
            Ok(key_hash) => self.0.takes_up(key_hash),
            Err(_) => self.0.changes_tenant(),
        }
        Ok(true)
    }

    /// Writes an activation down; `false` when the license is not active any more, or its activations are used up.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_activation(&mut self, id: LicenseId, record: &ActivationRecord) -> Result<bool> {
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(RECORD_ACTIVATION)
            .bind(tenant)
            .bind(id.uuid())
            .bind(i64::from(record.counts))
            .bind(record.term_started_at.map(At))
            .bind(record.expires_at.map(At))
            .bind(record.customer_id.map(CustomerId::uuid))
            .bind(At(record.at))
            .bind(record.activation_limit.filter(|_| record.counts).map_or(-1, i64::from))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Writes a deactivation down, and whether it uses up one of the deactivation limit.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_deactivation(&mut self, id: LicenseId, counts: bool, at: Timestamp) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(RECORD_DEACTIVATION)
            .bind(tenant).bind(id.uuid()).bind(i64::from(counts)).bind(At(at)).execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// Takes the license from its customer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn release_customer(&mut self, id: LicenseId, at: Timestamp) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(RELEASE_CUSTOMER)
            .bind(tenant).bind(id.uuid()).bind(At(at)).execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// Writes the vendor's note on a license.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_memo(&mut self, id: LicenseId, memo: &Memo) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(SET_MEMO)
            .bind(tenant).bind(id.uuid()).bind(memo.as_str()).execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// The vendor's note on a license.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn memo(&mut self, id: LicenseId) -> Result<Option<Memo>> {
        let tenant = self.0.tenant.uuid();
        let memo: Option<Option<String>> =
            on!(self.0, c => sqlx::query_scalar(MEMO).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        Row::new("licenses", id).optional("memo", memo.flatten())
    }

    /// Writes what the vendor keeps with a license, in place of what was there.
    ///
    /// # Errors
    /// When the database does not answer, or there is no such license and something to keep.
    pub async fn set_metadata(&mut self, id: LicenseId, metadata: &Metadata) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(SET_METADATA)
            .bind(tenant).bind(id.uuid()).bind(metadata_column(metadata)).execute(c).await.map(|_| ()))?;
        on!(self.0, c => sqlx::query(FORGET_METADATA).bind(tenant).bind(id.uuid()).execute(c).await.map(|_| ()))?;
        for (name, value) in metadata.iter() {
            on!(self.0, c => sqlx::query(INSERT_METADATA)
                .bind(tenant).bind(id.uuid()).bind(name).bind(value).execute(c).await.map(|_| ()))?;
        }
        Ok(())
    }

    /// What the vendor keeps with a license; empty when there is no such license.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn metadata(&mut self, id: LicenseId) -> Result<Metadata> {
        let tenant = self.0.tenant.uuid();
        let text: Option<String> = on!(self.0, c => sqlx::query_scalar(METADATA).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        text.map_or_else(
            || Ok(Metadata::default()),
            |text| Row::new("licenses", id).metadata("metadata", &text),
        )
    }

    /// The key of a license, sealed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sealed_key(&mut self, id: LicenseId) -> Result<Option<Vec<u8>>> {
        let tenant = self.0.tenant.uuid();
        Ok(on!(self.0, c =>
            sqlx::query_scalar(SEALED_KEY).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?)
    }

    /// Takes the vendor's note from a license.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erase_memo(&mut self, id: LicenseId) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(ERASE_MEMO).bind(tenant).bind(id.uuid()).execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// Writes what a vendor may change of a license; `false` when its version is not that of `license` any more, or it
    /// is revoked and would not be so afterwards.
    ///
    /// # Errors
    /// When the database does not answer, or there is no such policy of its product, or no such customer.
    pub async fn update(&mut self, license: &License) -> Result<bool> {
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(UPDATE)
            .bind(tenant)
            .bind(license.id.uuid())
            .bind(i64::try_from(license.version).unwrap_or(i64::MAX))
            .bind(license.policy_id.uuid())
            .bind(license.customer_id.map(CustomerId::uuid))
            .bind(override_column(license.overrides.seats))
            .bind(override_column(license.overrides.activation_limit))
            .bind(Json(EntitlementsColumn::from(&license.overrides.entitlements)))
            .bind(license.state.code())
            .bind(license.expires_at.map(At))
            .bind(i64::from(license.activations_used))
            .bind(i64::from(license.deactivations_used))
            .bind(At(license.updated_at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Stops refusing keys that look mistyped before a look-up: the tenant has such a key.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn allow_mistyped_keys(&mut self) -> Result<()> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(ALLOW_MISTYPED_KEYS).bind(tenant).bind(false).execute(c).await.map(|_| ()))?;
        Ok(())
    }
}

#[derive(FromRow, Serialize, Deserialize)]
pub(crate) struct LicenseRow {
    license_id: Uuid,
    license_number: i64,
    license_product_id: Uuid,
    license_policy_id: Uuid,
    license_customer_id: Option<Uuid>,
    license_key_hint: String,
    license_seats: Option<i64>,
    license_activation_limit: Option<i64>,
    license_entitlements: Json<EntitlementsColumn>,
    license_state: String,
    license_term_started_at: Option<At>,
    license_expires_at: Option<At>,
    license_activations_used: i64,
    license_deactivations_used: i64,
    license_version: i64,
    license_revision: i64,
    license_created_at: At,
    license_updated_at: At,
}

impl TryFrom<LicenseRow> for License {
    type Error = crate::Error;

    fn try_from(row: LicenseRow) -> Result<Self> {
        let at = Row::new("licenses", row.license_id);
        Ok(Self {
            id: LicenseId::from_uuid(row.license_id),
            number: at.count("number", row.license_number)?,
            product_id: ProductId::from_uuid(row.license_product_id),
            policy_id: PolicyId::from_uuid(row.license_policy_id),
            customer_id: row.license_customer_id.map(CustomerId::from_uuid),
            key_hint: row.license_key_hint,
            overrides: Overrides {
                seats: at.limit_override("seats", row.license_seats)?,
                activation_limit: at.limit_override("activation_limit", row.license_activation_limit)?,
                entitlements: at.check("entitlements", row.license_entitlements.0.try_into())?,
            },
            state: at.check("state", LicenseState::from_code(&row.license_state))?,
            term_started_at: row.license_term_started_at.map(|at| at.0),
            expires_at: row.license_expires_at.map(|at| at.0),
            activations_used: at.count("activations_used", row.license_activations_used)?,
            deactivations_used: at.count("deactivations_used", row.license_deactivations_used)?,
            version: at.count("version", row.license_version)?,
            revision: at.count("revision", row.license_revision)?,
            created_at: row.license_created_at.0,
            updated_at: row.license_updated_at.0,
        })
    }
}
