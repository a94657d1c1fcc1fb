//! Statements, written once for both databases and listed for the audits.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
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

/// Declares statements that only PostgreSQL is asked, and lists them in `STATEMENTS_OF_POSTGRES`.
macro_rules! statements_of_postgres {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+
        pub(crate) const STATEMENTS_OF_POSTGRES: &[$crate::sql::Statement] = &[
            $($crate::sql::Statement { name: concat!(module_path!(), "::", stringify!($name)), sql: $name },)+
        ];
    };
}

/// How many rows the statements of a batch add: each batch of rows is cut into pieces of these sizes, so that few
/// statements are prepared, whatever the number of rows.
const PIECES: [usize; 3] = [100, 10, 1];

/// How many rows a piece of that place in a batch has.
pub(crate) fn piece_size(place: usize) -> usize {
    PIECES.get(place).copied().unwrap_or(1)
}

/// One statement for each size of pieces.
pub(crate) type Batch = [LazyLock<String>; PIECES.len()];

/// Declares inserts of many rows: what comes before `VALUES`, one row with question marks for its parameters (`$1` is
/// the tenant in all of them), and what follows. Lists them in `batches`.
macro_rules! batches {
    ($($name:ident = $head:expr, $row:expr, $tail:expr;)+) => {
        $(static $name: $crate::sql::Batch = [
            std::sync::LazyLock::new(|| $crate::sql::rows($head, $row, $tail, 0)),
            std::sync::LazyLock::new(|| $crate::sql::rows($head, $row, $tail, 1)),
            std::sync::LazyLock::new(|| $crate::sql::rows($head, $row, $tail, 2)),
        ];)+
        pub(crate) fn batches() -> Vec<$crate::sql::Statement> {
            let mut all = Vec::new();
            $(all.extend($name.iter().zip([
                concat!(module_path!(), "::", stringify!($name), "_100"),
                concat!(module_path!(), "::", stringify!($name), "_10"),
                concat!(module_path!(), "::", stringify!($name), "_1"),
            ]).map(|(sql, name)| $crate::sql::Statement { name, sql }));)+
            all
        }
    };
}

/// The insert of the pieces of that size.
pub(crate) fn rows(head: &str, row: &str, tail: &str, size: usize) -> String {
    let count = piece_size(size);
    let mut sql = format!("{head} VALUES ");
    let mut parameter = 1;
    for place in 0..count {
        if place > 0 {
            sql.push_str(", ");
        }
        let mut parts = row.split('?');
        sql.push_str(parts.next().unwrap_or_default());
        for part in parts {
            parameter += 1;
            sql.push('$');
            sql.push_str(&parameter.to_string());
            sql.push_str(part);
        }
    }
    sql.push_str(tail);
    sql
}

/// Cuts rows into pieces, each with the statement for its size.
pub(crate) fn pieces<'a, T>(batch: &'static Batch, mut rows: &'a [T]) -> Vec<(&'static str, &'a [T])> {
    let mut pieces = Vec::new();
    for (statement, size) in batch.iter().zip(PIECES) {
        while let Some((piece, rest)) = rows.split_at_checked(size) {
            pieces.push((statement.as_str(), piece));
            rows = rest;
        }
    }
    pieces
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
    fixed.chain(crate::tables::batches()).chain(crate::tables::filtered()).collect()
}

/// Every statement of the store that only PostgreSQL is asked.
#[must_use]
pub fn statements_of_postgres() -> Vec<Statement> {
    use crate::tables::{checks, events};
    [checks::STATEMENTS_OF_POSTGRES, events::STATEMENTS_OF_POSTGRES].concat()
}

/// Every statement of the store that only SQLite is asked.
#[must_use]
pub fn statements_of_sqlite() -> Vec<Statement> {
    crate::tables::checks::batches()
}

/// An instant as the databases keep it: `timestamptz`, or microseconds since 1970 (SQLite's text times sort wrongly).
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub(crate) model::Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.unix_micros())
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let micros = i64::deserialize(deserializer)?;
        let instant = model::Timestamp::from_unix_micros(micros);
        instant.map(Self).ok_or_else(|| serde::de::Error::custom("an instant that there is not"))
    }
}

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
