//! What the store may fail with. Nothing above it sees a database driver's error type.

use model::Invalid;

/// The result of a store method.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be reached, is busy, or failed; trying again later may work.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused the statement itself: a fault of ours.
    #[error("the database refused a statement")]
    Statement(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds what this version cannot read.
    #[error("table {table}, column {column}, row {row}: {problem}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What identifies the row.
        row: String,
        /// Which rule the value breaks.
        problem: Invalid,
    },
    /// The tenant may have no more of these; nothing was added.
    #[error("the tenant may have no more {}", .0.name())]
    LimitReached(model::Limited),
    /// A row would refer to one that is not there: whoever looked for it did so before another deleted it.
    #[error("what a row would refer to is not there")]
    Dangling(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something else waits for the same rows too long.
    #[error("another request holds the same rows")]
    Busy,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) if database.is_foreign_key_violation() => {
                Self::Dangling(Box::new(error))
            }
            sqlx::Error::Database(database) => match database.code().as_deref() {
                // PostgreSQL: lock_not_available, deadlock, serialization failure
                Some("55P03" | "40P01" | "40001") => Self::Busy,
                // PostgreSQL: connection exceptions, insufficient resources, operator intervention, system errors
                Some(code)
                    if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
                        && code.len() == 5 =>
                {
                    Self::Unavailable(Box::new(error))
                }
                // SQLite: busy, locked, I/O error, full, cannot open, read-only, with extended codes in the upper bits
                Some(code) if code.len() < 5 && sqlite_is_unavailable(code) => {
                    Self::Unavailable(Box::new(error))
                }
                _ => Self::Statement(Box::new(error)),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(Box::new(error)),
            _ => Self::Statement(Box::new(error)),
        }
    }
}

/// Whether something was deleted, or not: not when another row refers to it, which the statement did not see yet.
pub(crate) fn deleted(done: std::result::Result<u64, sqlx::Error>) -> Result<bool> {
    match done {
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => Ok(false),
        done => Ok(done? == 1),
    }
}

/// Primary result codes of SQLite: `SQLITE_BUSY`, `LOCKED`, `READONLY`, `IOERR`, `FULL`, `CANTOPEN`.
fn sqlite_is_unavailable(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}
