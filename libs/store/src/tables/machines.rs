//! Machines.

use model::{
    Fingerprint, IssuedLease, KeyId, LeaseId, LicenseId, Machine, MachineId, MachineName, MachineState,
    SeatKind, Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{error::Result, sql::At, tables::parse::Row, tx::Tx};

macro_rules! machine_columns {
    () => {
        "m.id AS machine_id, m.license_id AS machine_license_id, m.fingerprint AS machine_fingerprint, \
         m.name AS machine_name, m.state AS machine_state, m.activated_at AS machine_activated_at, \
         m.deactivated_at AS machine_deactivated_at, m.lease_id AS machine_lease_id, \
         m.lease_key_id AS machine_lease_key_id, m.lease_expires_at AS machine_lease_expires_at, \
         m.lease_grace_until AS machine_lease_grace_until, m.revision AS machine_revision"
    };
}
pub(crate) use machine_columns;

/// The condition under which a machine `s` holds a seat, given the seat kind of the policy.
macro_rules! holds_seat {
    ($kind:literal, $now:literal) => {
        concat!("s.state = 'active' AND (", $kind, " <> 'floating' OR s.lease_grace_until > ", $now, ")")
    };
}
pub(crate) use holds_seat;

statements! {
    SAVE = "INSERT INTO machines (tenant_id, id, license_id, fingerprint, name, state, activated_at, deactivated_at, \
        lease_id, lease_key_id, lease_expires_at, lease_grace_until, checks) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0) \
        ON CONFLICT (tenant_id, license_id, fingerprint) DO UPDATE SET name = excluded.name, state = excluded.state, \
        activated_at = excluded.activated_at, deactivated_at = excluded.deactivated_at, lease_id = excluded.lease_id, \
        lease_key_id = excluded.lease_key_id, lease_expires_at = excluded.lease_expires_at, \
        lease_grace_until = excluded.lease_grace_until WHERE machines.tenant_id = $1";
    MARK_START = "UPDATE machines SET first_start_at = COALESCE(first_start_at, $3) WHERE tenant_id = $1 AND id = $2";
    MARK_END = "UPDATE machines SET last_end_at = $3 WHERE tenant_id = $1 AND id = $2";
    MARKS = "SELECT first_start_at, last_end_at FROM machines WHERE tenant_id = $1 AND id = $2";
    DEACTIVATE_ALL = "UPDATE machines SET state = 'deactivated', deactivated_at = $3, revision = revision + 1 \
        WHERE tenant_id = $1 AND license_id = $2 AND state = 'active' RETURNING id";
    OF_LICENSE = concat!("SELECT ", machine_columns!(), " FROM machines m WHERE m.tenant_id = $1 AND m.license_id = $2 \
        ORDER BY m.id DESC LIMIT $3");
    SEATS_USED = concat!("SELECT count(*) FROM machines s WHERE s.tenant_id = $1 AND s.license_id = $2 AND ",
        holds_seat!("$3", "$4"));
}

/// Machines of one tenant.
pub struct Machines<'a>(pub(crate) &'a mut Tx);

impl Machines<'_> {
    /// Adds a machine, or changes the one with its license and fingerprint.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn save(&mut self, machine: &Machine) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        let lease = machine.lease.as_ref();
        on!(self.0, c => sqlx::query(SAVE)
            .bind(tenant)
            .bind(machine.id.uuid())
            .bind(machine.license_id.uuid())
            .bind(machine.fingerprint.as_str())
            .bind(machine.name.as_ref().map(MachineName::as_str))
            .bind(machine.state.code())
            .bind(At(machine.activated_at))
            .bind(machine.deactivated_at.map(At))
            .bind(lease.map(|lease| lease.id.uuid()))
            .bind(lease.map(|lease| lease.key_id.as_str()))
            .bind(lease.map(|lease| At(lease.expires_at)))
            .bind(lease.map(|lease| At(lease.grace_until)))
            .execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// Notes that the app reported its start: the first such report is kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_start(&mut self, id: MachineId, at: Timestamp) -> Result<()> {
        self.mark(MARK_START, id, at).await
    }

    /// Notes that the app reported its end: the last such report is kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_end(&mut self, id: MachineId, at: Timestamp) -> Result<()> {
        self.mark(MARK_END, id, at).await
    }

    /// When the app first reported its start, and last its end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn marks(&mut self, id: MachineId) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
        let tenant = self.0.tenant.uuid();
        let row: Option<(Option<At>, Option<At>)> =
            on!(self.0, c => sqlx::query_as(MARKS).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        let (start, end) = row.unwrap_or_default();
        Ok((start.map(|at| at.0), end.map(|at| at.0)))
    }

    async fn mark(&mut self, statement: &'static str, id: MachineId, at: Timestamp) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(statement)
            .bind(tenant).bind(id.uuid()).bind(At(at)).execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// Makes every machine of a license inactive; gives those that were active, in the order of their identifiers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deactivate_all(&mut self, license: LicenseId, at: Timestamp) -> Result<Vec<MachineId>> {
        let tenant = self.0.tenant.uuid();
        let mut ids: Vec<Uuid> = on!(self.0, c => sqlx::query_scalar(DEACTIVATE_ALL)
            .bind(tenant).bind(license.uuid()).bind(At(at)).fetch_all(c).await)?;
        ids.sort_unstable();
        Ok(ids.into_iter().map(MachineId::from_uuid).collect())
    }

    /// The newest machines of a license, at most `most`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn of_license(&mut self, license: LicenseId, most: u32) -> Result<Vec<Machine>> {
        let tenant = self.0.tenant.uuid();
        let rows: Vec<MachineRow> = on!(self.0, c => sqlx::query_as(OF_LICENSE)
            .bind(tenant).bind(license.uuid()).bind(i64::from(most)).fetch_all(c).await)?;
        rows.into_iter().map(Machine::try_from).collect()
    }

    /// Machines of a license that hold a seat.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn seats_used(&mut self, license: LicenseId, kind: SeatKind, now: Timestamp) -> Result<u32> {
        let tenant = self.0.tenant.uuid();
        let count: i64 = on!(self.0, c => sqlx::query_scalar(SEATS_USED)
            .bind(tenant).bind(license.uuid()).bind(kind.code()).bind(At(now)).fetch_one(c).await)?;
        Row::new("machines", license).count("count", count)
    }
}

#[derive(FromRow, Serialize, Deserialize)]
pub(crate) struct MachineRow {
    machine_id: Uuid,
    machine_license_id: Uuid,
    machine_fingerprint: String,
    machine_name: Option<String>,
    machine_state: String,
    machine_activated_at: At,
    machine_deactivated_at: Option<At>,
    machine_lease_id: Option<Uuid>,
    machine_lease_key_id: Option<String>,
    machine_lease_expires_at: Option<At>,
    machine_lease_grace_until: Option<At>,
    machine_revision: i64,
}

impl TryFrom<MachineRow> for Machine {
    type Error = crate::Error;

    fn try_from(row: MachineRow) -> Result<Self> {
        let at = Row::new("machines", row.machine_id);
        let lease = match (
            row.machine_lease_id,
            row.machine_lease_key_id,
            row.machine_lease_expires_at,
            row.machine_lease_grace_until,
        ) {
            (Some(id), Some(key), Some(expires_at), Some(grace_until)) => Some(IssuedLease {
                id: LeaseId::from_uuid(id),
                key_id: at.check("lease_key_id", KeyId::parse(key))?,
                expires_at: expires_at.0,
                grace_until: grace_until.0,
            }),
            _ => None,
        };
        Ok(Self {
            id: MachineId::from_uuid(row.machine_id),
            license_id: LicenseId::from_uuid(row.machine_license_id),
            fingerprint: at.check("fingerprint", Fingerprint::parse(row.machine_fingerprint))?,
            name: at.optional("name", row.machine_name)?,
            state: at.check("state", MachineState::from_code(&row.machine_state))?,
            activated_at: row.machine_activated_at.0,
            deactivated_at: row.machine_deactivated_at.map(|at| at.0),
            lease,
            revision: at.count("revision", row.machine_revision)?,
        })
    }
}
