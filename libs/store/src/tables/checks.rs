//! Counts of checks on licenses and machines, written in batches.

use std::sync::LazyLock;

use model::{LicenseId, MachineId, Timestamp};
use uuid::Uuid;

use crate::{
    error::Result,
    sql::{At, Batch, Statement, pieces, rows},
    tx::{Connection, Tx},
};

/// The update that adds the counts of arrays that are equally long.
macro_rules! count_at_once {
    ($table:literal, $id:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET checks = checks + v.n, first_checked_at = COALESCE(first_checked_at, v.since), \
            last_checked_at = v.till, last_checked_from = v.source FROM (SELECT unnest($2::uuid[]) AS counted, \
            unnest($3::int8[]) AS n, unnest($4::timestamptz[]) AS since, unnest($5::timestamptz[]) AS till, \
            unnest($6::text[]) AS source) v WHERE tenant_id = $1 AND ",
            $id,
            " = v.counted"
        )
    };
}

statements! {
    OF_LICENSE = "SELECT checks, first_checked_at, last_checked_at, last_checked_from FROM license_checks \
        WHERE tenant_id = $1 AND license_id = $2";
    OF_MACHINE = "SELECT checks, first_checked_at, last_checked_at, last_checked_from FROM machines \
        WHERE tenant_id = $1 AND id = $2";
}

// The same statement for any number of rows: to plan one that lists a hundred takes PostgreSQL several times as long as to
// run it, anew for each connection.
statements_of_postgres! {
    COUNT_LICENSES_AT_ONCE = count_at_once!("license_checks", "license_id");
    COUNT_MACHINES_AT_ONCE = count_at_once!("machines", "id");
}

/// On SQLite, adds up the checks of many licenses, or machines, in one statement for each size of pieces.
static COUNT_LICENSES: Batch = [
    LazyLock::new(|| counting("license_checks", "license_id", 0)),
    LazyLock::new(|| counting("license_checks", "license_id", 1)),
    LazyLock::new(|| counting("license_checks", "license_id", 2)),
];
static COUNT_MACHINES: Batch = [
    LazyLock::new(|| counting("machines", "id", 0)),
    LazyLock::new(|| counting("machines", "id", 1)),
    LazyLock::new(|| counting("machines", "id", 2)),
];

pub(crate) fn batches() -> Vec<Statement> {
    let named = |batch: &'static Batch, names: [&'static str; 3]| {
        batch.iter().zip(names).map(|(sql, name)| Statement { name, sql }).collect::<Vec<_>>()
    };
    let mut all = named(
        &COUNT_LICENSES,
        ["checks::COUNT_LICENSES_100", "checks::COUNT_LICENSES_10", "checks::COUNT_LICENSES_1"],
    );
    all.extend(named(
        &COUNT_MACHINES,
        ["checks::COUNT_MACHINES_100", "checks::COUNT_MACHINES_10", "checks::COUNT_MACHINES_1"],
    ));
    all
}

/// The update that adds the counts of a piece. Without the list SQLite would go through all rows of the tenant, since it
/// takes rows that have a name for many.
fn counting(table: &str, id: &str, size: usize) -> String {
    let update = format!(
        ") UPDATE {table} SET checks = checks + v.n, first_checked_at = COALESCE(first_checked_at, v.since), \
         last_checked_at = v.till, last_checked_from = v.source FROM v \
         WHERE tenant_id = $1 AND {id} = v.counted AND {id} IN (SELECT counted FROM v)"
    );
    rows("WITH v (counted, n, since, till, source) AS (", "(?, ?, ?, ?, ?)", &update, size)
}

/// Checks of one license or machine that are not written yet, or all that were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckTally {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// Where the last came from.
    pub address: Option<String>,
}

type CountsRow = (i64, Option<At>, Option<At>, Option<String>);

/// Counts of checks of one tenant.
pub struct Checks<'a>(pub(crate) &'a mut Tx);

impl Checks<'_> {
    /// Adds to the counts of licenses, each of which is there once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_licenses(&mut self, tallies: &[(LicenseId, CheckTally)]) -> Result<()> {
        let tallies: Vec<_> = tallies.iter().map(|(id, tally)| (id.uuid(), tally)).collect();
        self.count(COUNT_LICENSES_AT_ONCE, &COUNT_LICENSES, &tallies).await
    }

    /// Adds to the counts of machines, each of which is there once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_machines(&mut self, tallies: &[(MachineId, CheckTally)]) -> Result<()> {
        let tallies: Vec<_> = tallies.iter().map(|(id, tally)| (id.uuid(), tally)).collect();
        self.count(COUNT_MACHINES_AT_ONCE, &COUNT_MACHINES, &tallies).await
    }

    /// The counts of a license, unless it was never checked.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_license(&mut self, id: LicenseId) -> Result<Option<CheckTally>> {
        self.find(OF_LICENSE, id.uuid()).await
    }

    /// The counts of a machine, unless it was never checked.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_machine(&mut self, id: MachineId) -> Result<Option<CheckTally>> {
        self.find(OF_MACHINE, id.uuid()).await
    }

    async fn count(
        &mut self,
        statement: &'static str,
        batch: &'static Batch,
        tallies: &[(Uuid, &CheckTally)],
    ) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        let number = |tally: &CheckTally| i64::try_from(tally.count).unwrap_or(i64::MAX);
        if tallies.is_empty() {
            return Ok(());
        }
        match &mut self.0.connection {
            Connection::Postgres(tx) => {
                let ids: Vec<_> = tallies.iter().map(|(id, _)| *id).collect();
                let counts: Vec<_> = tallies.iter().map(|(_, tally)| number(tally)).collect();
                let first: Vec<_> = tallies.iter().map(|(_, tally)| tally.first.date_time()).collect();
                let last: Vec<_> = tallies.iter().map(|(_, tally)| tally.last.date_time()).collect();
                let addresses: Vec<_> = tallies.iter().map(|(_, tally)| tally.address.as_deref()).collect();
                let query = sqlx::query(statement).bind(tenant).bind(ids).bind(counts);
                query.bind(first).bind(last).bind(addresses).execute(&mut **tx).await?;
            }
            Connection::Sqlite(tx) => {
                for (statement, piece) in pieces(batch, tallies) {
                    let mut query = sqlx::query(statement).bind(tenant);
                    for (id, tally) in piece {
                        query = query
                            .bind(*id)
                            .bind(number(tally))
                            .bind(At(tally.first))
                            .bind(At(tally.last))
                            .bind(tally.address.as_deref());
                    }
                    query.execute(&mut **tx).await?;
                }
            }
        }
        Ok(())
    }

    async fn find(&mut self, statement: &'static str, id: Uuid) -> Result<Option<CheckTally>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<CountsRow> =
            on!(self.0, c => sqlx::query_as(statement).bind(tenant).bind(id).fetch_optional(c).await)?;
        Ok(row.and_then(|(count, first, last, address)| {
            Some(CheckTally { count: u64::try_from(count).ok()?, first: first?.0, last: last?.0, address })
        }))
    }
}
