//! Policies.

use model::{Policy, PolicyCode, PolicyId, PolicyRules, ProductId, SeatKind, TermStart};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    error::{Result, deleted},
    sql::At,
    tables::{
        entitlements::EntitlementsColumn,
        metadata::metadata_column,
        parse::{Row, limit_column},
    },
    tx::Tx,
};

macro_rules! policy_columns {
    () => {
        "p.id AS policy_id, p.product_id AS policy_product_id, p.code AS policy_code, p.name AS policy_name, \
         p.term AS policy_term, p.term_starts AS policy_term_starts, p.seats AS policy_seats, \
         p.seat_kind AS policy_seat_kind, p.overage_percent AS policy_overage_percent, \
         p.activation_limit AS policy_activation_limit, p.deactivation_limit AS policy_deactivation_limit, \
         p.requires_customer AS policy_requires_customer, p.lease_seconds AS policy_lease_seconds, \
         p.refresh_seconds AS policy_refresh_seconds, p.grace_seconds AS policy_grace_seconds, \
         p.offline_lease_seconds AS policy_offline_lease_seconds, p.entitlements AS policy_entitlements, \
         p.trial AS policy_trial, p.metadata AS policy_metadata, p.revision AS policy_revision, \
         p.created_at AS policy_created_at, p.updated_at AS policy_updated_at"
    };
}
pub(crate) use policy_columns;

statements! {
    INSERT = "INSERT INTO policies (tenant_id, id, product_id, code, name, term, term_starts, seats, seat_kind, \
        overage_percent, activation_limit, deactivation_limit, requires_customer, lease_seconds, refresh_seconds, \
        grace_seconds, offline_lease_seconds, entitlements, trial, created_at, updated_at, metadata) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20, $21) \
        ON CONFLICT DO NOTHING";
    BY_CODE = concat!("SELECT ", policy_columns!(), " FROM policies p WHERE p.tenant_id = $1 AND p.code = $2");
    BY_ID = concat!("SELECT ", policy_columns!(), " FROM policies p WHERE p.tenant_id = $1 AND p.id = $2");
    UPDATE = "UPDATE policies SET name = $4, term = $5, term_starts = $6, seats = $7, seat_kind = $8, overage_percent = $9, \
        activation_limit = $10, deactivation_limit = $11, requires_customer = $12, lease_seconds = $13, \
        refresh_seconds = $14, grace_seconds = $15, offline_lease_seconds = $16, entitlements = $17, trial = $18, \
        metadata = $19, updated_at = $20, revision = revision + 1 WHERE tenant_id = $1 AND id = $2 AND revision = $3";
    DELETE = "DELETE FROM policies WHERE tenant_id = $1 AND id = $2 AND revision = $3 \
        AND NOT EXISTS (SELECT 1 FROM licenses l WHERE l.tenant_id = $1 AND l.policy_id = $2)";
}

/// Policies of one tenant.
pub struct Policies<'a>(pub(crate) &'a mut Tx);

impl Policies<'_> {
    /// Adds a policy; `false` when its code is taken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert(&mut self, policy: &Policy) -> Result<bool> {
        self.0.changes_no_check();
        let tenant = self.0.tenant.uuid();
        let rules = &policy.rules;
        let done = on!(self.0, c => sqlx::query(INSERT)
            .bind(tenant)
            .bind(policy.id.uuid())
            .bind(policy.product_id.uuid())
            .bind(policy.code.as_str())
            .bind(policy.name.as_str())
            .bind(rules.term.map(|term| term.to_string()))
            .bind(rules.term_starts.code())
            .bind(limit_column(rules.seats))
            .bind(rules.seat_kind.code())
            .bind(i64::from(rules.overage_percent))
            .bind(limit_column(rules.activation_limit))
            .bind(limit_column(rules.deactivation_limit))
            .bind(rules.requires_customer)
            .bind(i64::from(rules.lease_seconds))
            .bind(i64::from(rules.refresh_seconds))
            .bind(i64::from(rules.grace_seconds))
            .bind(i64::from(rules.offline_lease_seconds))
            .bind(Json(EntitlementsColumn::from(&rules.entitlements)))
            .bind(rules.trial)
            .bind(At(policy.created_at))
            .bind(metadata_column(&policy.metadata))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// The policy of that identifier.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_id(&mut self, id: PolicyId) -> Result<Option<Policy>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<PolicyRow> =
            on!(self.0, c => sqlx::query_as(BY_ID).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Policy::try_from).transpose()
    }

    /// Writes what a vendor may change of a policy; `false` when its revision is not that of `policy` any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update(&mut self, policy: &Policy) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        let rules = &policy.rules;
        let done = on!(self.0, c => sqlx::query(UPDATE)
            .bind(tenant)
            .bind(policy.id.uuid())
            .bind(i64::try_from(policy.revision).unwrap_or(i64::MAX))
            .bind(policy.name.as_str())
            .bind(rules.term.map(|term| term.to_string()))
            .bind(rules.term_starts.code())
            .bind(limit_column(rules.seats))
            .bind(rules.seat_kind.code())
            .bind(i64::from(rules.overage_percent))
            .bind(limit_column(rules.activation_limit))
            .bind(limit_column(rules.deactivation_limit))
            .bind(rules.requires_customer)
            .bind(i64::from(rules.lease_seconds))
            .bind(i64::from(rules.refresh_seconds))
            .bind(i64::from(rules.grace_seconds))
            .bind(i64::from(rules.offline_lease_seconds))
            .bind(Json(EntitlementsColumn::from(&rules.entitlements)))
            .bind(rules.trial)
            .bind(metadata_column(&policy.metadata))
            .bind(At(policy.updated_at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Deletes a policy; `false` when it has licenses, or its revision is not that any more. Then the unit of work cannot
    /// go on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete(&mut self, policy: &Policy) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        deleted(on!(self.0, c => sqlx::query(DELETE)
            .bind(tenant)
            .bind(policy.id.uuid())
            .bind(i64::try_from(policy.revision).unwrap_or(i64::MAX))
            .execute(c).await.map(|done| done.rows_affected())))
    }

    /// The policy of that code.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_code(&mut self, code: &PolicyCode) -> Result<Option<Policy>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<PolicyRow> = on!(self.0, c =>
            sqlx::query_as(BY_CODE).bind(tenant).bind(code.as_str()).fetch_optional(c).await)?;
        row.map(Policy::try_from).transpose()
    }
}

#[derive(FromRow, Serialize, Deserialize)]
pub(crate) struct PolicyRow {
    policy_id: Uuid,
    policy_product_id: Uuid,
    policy_code: String,
    policy_name: String,
    policy_term: Option<String>,
    policy_term_starts: String,
    policy_seats: Option<i64>,
    policy_seat_kind: String,
    policy_overage_percent: i64,
    policy_activation_limit: Option<i64>,
    policy_deactivation_limit: Option<i64>,
    policy_requires_customer: bool,
    policy_lease_seconds: i64,
    policy_refresh_seconds: i64,
    policy_grace_seconds: i64,
    policy_offline_lease_seconds: i64,
    policy_entitlements: Json<EntitlementsColumn>,
    policy_trial: bool,
    policy_metadata: String,
    policy_revision: i64,
    policy_created_at: At,
    policy_updated_at: At,
}

impl TryFrom<PolicyRow> for Policy {
    type Error = crate::Error;

    fn try_from(row: PolicyRow) -> Result<Self> {
        let at = Row::new("policies", row.policy_id);
        let rules = PolicyRules {
            term: at.optional("term", row.policy_term)?,
            term_starts: at.check("term_starts", TermStart::from_code(&row.policy_term_starts))?,
            seats: at.limit("seats", row.policy_seats)?,
            seat_kind: at.check("seat_kind", SeatKind::from_code(&row.policy_seat_kind))?,
            overage_percent: at.count("overage_percent", row.policy_overage_percent)?,
            activation_limit: at.limit("activation_limit", row.policy_activation_limit)?,
            deactivation_limit: at.limit("deactivation_limit", row.policy_deactivation_limit)?,
            requires_customer: row.policy_requires_customer,
            lease_seconds: at.count("lease_seconds", row.policy_lease_seconds)?,
            refresh_seconds: at.count("refresh_seconds", row.policy_refresh_seconds)?,
            grace_seconds: at.count("grace_seconds", row.policy_grace_seconds)?,
            offline_lease_seconds: at.count("offline_lease_seconds", row.policy_offline_lease_seconds)?,
            entitlements: at.check("entitlements", row.policy_entitlements.0.try_into())?,
            trial: row.policy_trial,
        };
        Ok(Self {
            id: PolicyId::from_uuid(row.policy_id),
            product_id: ProductId::from_uuid(row.policy_product_id),
            code: at.parse("code", &row.policy_code)?,
            name: at.parse("name", &row.policy_name)?,
            rules,
            metadata: at.metadata("metadata", &row.policy_metadata)?,
            revision: at.count("revision", row.policy_revision)?,
            created_at: row.policy_created_at.0,
            updated_at: row.policy_updated_at.0,
        })
    }
}
