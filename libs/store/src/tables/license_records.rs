//! Licenses as a vendor sees them, each with all that is shown of it, in one query.

use model::{License, LicenseId, Memo, Metadata, Policy, ProductCode, Timestamp};
use sqlx::FromRow;

use crate::{
    error::Result,
    sql::At,
    tables::{
        checks::CheckTally,
        licenses::{LicenseRow, license_columns},
        machines::holds_seat,
        parse::Row,
        policies::{PolicyRow, policy_columns},
    },
    tx::Tx,
};

/// The columns of a record: of a license `l`, its policy `p`, its product `r` and its counts of checks `k`.
/// `$2` is now.
macro_rules! record_columns {
    () => {
        concat!(
            license_columns!(), ", ", policy_columns!(), ", r.code AS record_product_code, l.memo AS record_memo, \
            l.metadata AS record_metadata, k.checks AS record_checks, k.first_checked_at AS record_first_checked_at, \
            k.last_checked_at AS record_last_checked_at, k.last_checked_from AS record_last_checked_from, \
            (SELECT count(*) FROM machines s WHERE s.tenant_id = $1 AND s.license_id = l.id AND ",
            holds_seat!("p.seat_kind", "$2"), ") AS record_seats_used"
        )
    };
}
pub(crate) use record_columns;

/// What is joined to a license `l` for its record.
macro_rules! record_joins {
    () => {
        "JOIN policies p ON p.tenant_id = $1 AND p.id = l.policy_id \
         JOIN products r ON r.tenant_id = $1 AND r.id = l.product_id \
         JOIN license_checks k ON k.tenant_id = $1 AND k.license_id = l.id"
    };
}
pub(crate) use record_joins;

statements! {
    BY_ID = concat!("SELECT ", record_columns!(), " FROM licenses l ", record_joins!(), " WHERE l.tenant_id = $1 AND l.id = $3");
    BY_KEY = concat!("SELECT ", record_columns!(), " FROM licenses l ", record_joins!(), " WHERE l.tenant_id = $1 AND l.key_hash = $3");
}

/// A license with all that a vendor is shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseRecord {
    /// The license.
    pub license: License,
    /// Its policy.
    pub policy: Policy,
    /// The code of its product.
    pub product: ProductCode,
    /// What the vendor noted on it.
    pub memo: Option<Memo>,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
    /// Its checks; absent when it was never checked.
    pub checks: Option<CheckTally>,
    /// Its machines that hold a seat.
    pub seats_used: u32,
}

/// Records of licenses of one tenant.
pub struct LicenseRecords<'a>(pub(crate) &'a mut Tx);

impl LicenseRecords<'_> {
    /// The record of a license, with the seats that are held at `now`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn by_id(&mut self, id: LicenseId, now: Timestamp) -> Result<Option<LicenseRecord>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<RecordRow> = on!(self.0, c => sqlx::query_as(BY_ID)
            .bind(tenant).bind(At(now)).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(LicenseRecord::try_from).transpose()
    }

    /// The record of the license with that key, with the seats that are held at `now`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn by_key(&mut self, key_hash: &[u8; 32], now: Timestamp) -> Result<Option<LicenseRecord>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<RecordRow> = on!(self.0, c => sqlx::query_as(BY_KEY)
            .bind(tenant).bind(At(now)).bind(key_hash.as_slice()).fetch_optional(c).await)?;
        row.map(LicenseRecord::try_from).transpose()
    }
}

#[derive(FromRow)]
pub(crate) struct RecordRow {
    #[sqlx(flatten)]
    license: LicenseRow,
    #[sqlx(flatten)]
    policy: PolicyRow,
    record_product_code: String,
    record_memo: Option<String>,
    record_metadata: String,
    record_checks: i64,
    record_first_checked_at: Option<At>,
    record_last_checked_at: At,
    record_last_checked_from: Option<String>,
    record_seats_used: i64,
}

impl TryFrom<RecordRow> for LicenseRecord {
    type Error = crate::Error;

    fn try_from(row: RecordRow) -> Result<Self> {
        let license = License::try_from(row.license)?;
        let at = Row::new("licenses", license.id);
        let count = at.count("checks", row.record_checks)?;
        let checks = row.record_first_checked_at.map(|first| CheckTally {
            count,
            first: first.0,
            last: row.record_last_checked_at.0,
            address: row.record_last_checked_from,
        });
        Ok(Self {
            policy: row.policy.try_into()?,
            product: at.parse("product_id", &row.record_product_code)?,
            memo: at.optional("memo", row.record_memo)?,
            metadata: at.metadata("metadata", &row.record_metadata)?,
            checks,
            seats_used: at.count("seats_used", row.record_seats_used)?,
            license,
        })
    }
}
