//! Statements, written once for both databases and listed for the audits.

use sqlx::{
    Decode, Encode, Postgres, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef},
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef},
};
use time::OffsetDateTime;

/// One statement, for the audits that prepare all of them on both databases.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// The module and constant that hold it.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

/// Declares the statements of a table as constants and lists them in `STATEMENTS`.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+
        pub(crate) const STATEMENTS: &[$crate::sql::Statement] = &[
            $($crate::sql::Statement { name: concat!(module_path!(), "::", stringify!($name)), sql: $name },)+
        ];
    };
}

/// Writes a query once; the compiler checks it against both drivers. `$conn` is the connection to run it on.
macro_rules! on {
    ($tx:expr, $conn:ident => $query:expr) => {
        match &mut $tx.connection {
            $crate::tx::Connection::Postgres(tx) => {
                let $conn = &mut **tx;
                $query
            }
            $crate::tx::Connection::Sqlite(tx) => {
                let $conn = &mut **tx;
                $query
            }
        }
    };
}

/// Every statement of the store that runs on both databases.
#[must_use]
pub fn statements() -> Vec<Statement> {
    let fixed = crate::tables::STATEMENTS.iter().copied().flatten().copied();
    fixed.chain(crate::tables::filtered()).collect()
}

/// An instant as the databases keep it: `timestamptz`, or microseconds since 1970 (SQLite's text times sort wrongly).
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub(crate) model::Timestamp);

impl From<model::Timestamp> for At {
    fn from(instant: model::Timestamp) -> Self {
        Self(instant)
    }
}

impl Type<Postgres> for At {
    fn type_info() -> PgTypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for At {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <OffsetDateTime as Encode<'_, Postgres>>::encode(self.0.date_time(), buffer)
    }
}

impl Decode<'_, Postgres> for At {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let instant = <OffsetDateTime as Decode<'_, Postgres>>::decode(value)?;
        Ok(Self(model::Timestamp::saturating_from(instant)))
    }
}

impl Type<Sqlite> for At {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for At {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<'_, Sqlite>>::encode(self.0.unix_micros(), buffer)
    }
}

impl Decode<'_, Sqlite> for At {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        let micros = <i64 as Decode<'_, Sqlite>>::decode(value)?;
        model::Timestamp::from_unix_micros(micros)
            .map(Self)
            .ok_or_else(|| "an instant outside 1970 to 9999".into())
    }
}
