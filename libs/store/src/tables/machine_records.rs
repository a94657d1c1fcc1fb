//! Machines as a vendor sees them, each with all that is shown of it, in one query.

use std::sync::LazyLock;

use model::{LicenseId, Machine, MachineId, MachineName, MachineState, SeatKind, Timestamp};
use sqlx::FromRow;

use crate::{
    error::Result,
    filtered::{Filtered, Pieces, filtered, pick},
    page::Page,
    sql::At,
    tables::{
        checks::CheckTally,
        machines::{MachineRow, machine_columns},
        parse::Row,
    },
    tx::Tx,
};

macro_rules! record {
    () => {
        concat!(
            "SELECT ", machine_columns!(), ", m.checks AS record_checks, m.first_checked_at AS record_first_checked_at, \
            m.last_checked_at AS record_last_checked_at, m.last_checked_from AS record_last_checked_from, \
            m.first_start_at AS record_first_start_at, m.last_end_at AS record_last_end_at, p.seat_kind AS record_seat_kind \
            FROM machines m JOIN licenses l ON l.tenant_id = $1 AND l.id = m.license_id \
            JOIN policies p ON p.tenant_id = $1 AND p.id = l.policy_id WHERE m.tenant_id = $1"
        )
    };
}

statements! {
    BY_ID = concat!(record!(), " AND m.id = $2");
    UPDATE = "UPDATE machines SET name = $4, state = $5, deactivated_at = $6, revision = revision + 1 \
        WHERE tenant_id = $1 AND id = $2 AND revision = $3";
}

pub(crate) static LIST: Filtered = LazyLock::new(|| {
    filtered(&Pieces {
        name: concat!(module_path!(), "::LIST"),
        select: record!(),
        parameters: 3,
        filters: &[("LICENSE", "m.license_id = ?"), ("STATE", "m.state = ?")],
        orders: [" AND m.id > $2 ORDER BY m.id LIMIT $3", " AND m.id < $2 ORDER BY m.id DESC LIMIT $3"],
    })
});

/// A machine with all that a vendor is shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineRecord {
    /// The machine.
    pub machine: Machine,
    /// How seats of its license are held.
    pub seat_kind: SeatKind,
    /// Its checks; absent when it was never checked.
    pub checks: Option<CheckTally>,
    /// When its app first reported its start.
    pub first_start_at: Option<Timestamp>,
    /// When its app last reported its end.
    pub last_end_at: Option<Timestamp>,
}

/// Which machines a list has: all when empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineFilter {
    /// Those of a license.
    pub license: Option<LicenseId>,
    /// Those in a state.
    pub state: Option<MachineState>,
}

/// Records of machines of one tenant.
pub struct MachineRecords<'a>(pub(crate) &'a mut Tx);

impl MachineRecords<'_> {
    /// The record of a machine.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_id(&mut self, id: MachineId) -> Result<Option<MachineRecord>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<RecordRow> =
            on!(self.0, c => sqlx::query_as(BY_ID).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(MachineRecord::try_from).transpose()
    }

    /// A piece of the list of machines.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list(&mut self, filter: &MachineFilter, page: &Page) -> Result<Vec<MachineRecord>> {
        let tenant = self.0.tenant.uuid();
        let statement = pick(&LIST, &[filter.license.is_some(), filter.state.is_some()], page.descending);
        let rows: Vec<RecordRow> = on!(self.0, c => {
            let mut query =
                sqlx::query_as(statement).bind(tenant).bind(page.bound()).bind(i64::from(page.limit));
            if let Some(license) = filter.license {
                query = query.bind(license.uuid());
            }
            if let Some(state) = filter.state {
                query = query.bind(state.code());
            }
            query.fetch_all(c).await
        })?;
        rows.into_iter().map(MachineRecord::try_from).collect()
    }

    /// Writes what a vendor may change of a machine; `false` when its revision is not that of `machine` any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update(&mut self, machine: &Machine) -> Result<bool> {
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(UPDATE)
            .bind(tenant)
            .bind(machine.id.uuid())
            .bind(i64::try_from(machine.revision).unwrap_or(i64::MAX))
            .bind(machine.name.as_ref().map(MachineName::as_str))
            .bind(machine.state.code())
            .bind(machine.deactivated_at.map(At))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }
}

#[derive(FromRow)]
struct RecordRow {
    #[sqlx(flatten)]
    machine: MachineRow,
    record_checks: i64,
    record_first_checked_at: Option<At>,
    record_last_checked_at: Option<At>,
    record_last_checked_from: Option<String>,
    record_first_start_at: Option<At>,
    record_last_end_at: Option<At>,
    record_seat_kind: String,
}

impl TryFrom<RecordRow> for MachineRecord {
    type Error = crate::Error;

    fn try_from(row: RecordRow) -> Result<Self> {
        let machine = Machine::try_from(row.machine)?;
        let at = Row::new("machines", machine.id);
        let count = at.count("checks", row.record_checks)?;
        let times = row.record_first_checked_at.zip(row.record_last_checked_at);
        let checks = times.map(|(first, last)| CheckTally {
            count,
            first: first.0,
            last: last.0,
            address: row.record_last_checked_from,
        });
        Ok(Self {
            seat_kind: at.check("seat_kind", SeatKind::from_code(&row.record_seat_kind))?,
            checks,
            first_start_at: row.record_first_start_at.map(|at| at.0),
            last_end_at: row.record_last_end_at.map(|at| at.0),
            machine,
        })
    }
}
