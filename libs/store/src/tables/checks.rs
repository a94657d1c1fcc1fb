//! Counts of checks on licenses and machines, written in batches.

use model::{LicenseId, MachineId, Timestamp};

use crate::{error::Result, sql::At, tx::Tx};

statements! {
    COUNT_LICENSE = "UPDATE license_checks SET checks = checks + $3, first_checked_at = COALESCE(first_checked_at, $4), \
        last_checked_at = $5, last_checked_from = $6 WHERE tenant_id = $1 AND license_id = $2";
    COUNT_MACHINE = "UPDATE machines SET checks = checks + $3, first_checked_at = COALESCE(first_checked_at, $4), \
        last_checked_at = $5, last_checked_from = $6 WHERE tenant_id = $1 AND id = $2";
    OF_LICENSE = "SELECT checks, first_checked_at, last_checked_at, last_checked_from FROM license_checks \
        WHERE tenant_id = $1 AND license_id = $2";
    OF_MACHINE = "SELECT checks, first_checked_at, last_checked_at, last_checked_from FROM machines \
        WHERE tenant_id = $1 AND id = $2";
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
    /// Adds to the counts of a license.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_license(&mut self, id: LicenseId, tally: &CheckTally) -> Result<()> {
        self.count(COUNT_LICENSE, id.uuid(), tally).await
    }

    /// Adds to the counts of a machine.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_machine(&mut self, id: MachineId, tally: &CheckTally) -> Result<()> {
        self.count(COUNT_MACHINE, id.uuid(), tally).await
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

    async fn count(&mut self, statement: &'static str, id: uuid::Uuid, tally: &CheckTally) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(statement)
            .bind(tenant)
            .bind(id)
            .bind(i64::try_from(tally.count).unwrap_or(i64::MAX))
            .bind(At(tally.first))
            .bind(At(tally.last))
            .bind(tally.address.as_deref())
            .execute(c).await.map(|_| ()))?;
        Ok(())
    }

    async fn find(&mut self, statement: &'static str, id: uuid::Uuid) -> Result<Option<CheckTally>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<CountsRow> =
            on!(self.0, c => sqlx::query_as(statement).bind(tenant).bind(id).fetch_optional(c).await)?;
        Ok(row.and_then(|(count, first, last, address)| {
            Some(CheckTally { count: u64::try_from(count).ok()?, first: first?.0, last: last?.0, address })
        }))
    }
}
