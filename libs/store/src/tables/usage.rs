//! What was used on each day.

use std::ops::RangeInclusive;

use model::Day;

use crate::{error::Result, tables::parse::Row, tx::Tx};

statements! {
    ADD = "INSERT INTO usage_days (tenant_id, day, kind, count) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tenant_id, day, kind) DO UPDATE SET count = usage_days.count + excluded.count \
        WHERE usage_days.tenant_id = $1";
    NOTE = "INSERT INTO usage_days (tenant_id, day, kind, count) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tenant_id, day, kind) DO UPDATE SET count = excluded.count WHERE usage_days.tenant_id = $1";
    DAYS = "SELECT day, kind, count FROM usage_days WHERE tenant_id = $1 AND day >= $2 AND day <= $3 ORDER BY day, kind";
    ACTIVE_MACHINES = "SELECT count(*) FROM machines WHERE tenant_id = $1 AND state = 'active'";
}

/// One figure of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageFigure {
    /// The day.
    pub day: Day,
    /// What was counted.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// What was used of one tenant.
pub struct Usage<'a>(pub(crate) &'a mut Tx);

impl Usage<'_> {
    /// Adds to the figure of its day and kind.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add(&mut self, day: Day, kind: &str, count: u64) -> Result<()> {
        self.write(ADD, day, kind, count).await
    }

    /// Puts a figure in the place of the one that there was of its day and kind.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note(&mut self, day: Day, kind: &str, count: u64) -> Result<()> {
        self.write(NOTE, day, kind, count).await
    }

    /// The figures of these days, by day and kind.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn days(&mut self, days: RangeInclusive<Day>) -> Result<Vec<UsageFigure>> {
        let tenant = self.0.tenant.uuid();
        let rows: Vec<(i64, String, i64)> = on!(self.0, c => sqlx::query_as(DAYS)
            .bind(tenant).bind(days.start().number()).bind(days.end().number()).fetch_all(c).await)?;
        let figure = |(day, kind, count)| {
            let at = Row::new("usage_days", format_args!("{day} {kind}"));
            let known = Day::from_number(day).ok_or(model::Invalid::new("a day between 1970 and 9999"));
            Ok(UsageFigure { day: at.check("day", known)?, count: at.count("count", count)?, kind })
        };
        rows.into_iter().map(figure).collect()
    }

    /// Machines on which licenses are active, whether they hold a seat or not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn active_machines(&mut self) -> Result<u64> {
        let tenant = self.0.tenant.uuid();
        let count: i64 =
            on!(self.0, c => sqlx::query_scalar(ACTIVE_MACHINES).bind(tenant).fetch_one(c).await)?;
        Row::new("machines", "active").count("count", count)
    }

    async fn write(&mut self, statement: &'static str, day: Day, kind: &str, count: u64) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(statement)
            .bind(tenant)
            .bind(day.number())
            .bind(kind)
            .bind(i64::try_from(count).unwrap_or(i64::MAX))
            .execute(c).await.map(|_| ()))?;
        Ok(())
    }
}
