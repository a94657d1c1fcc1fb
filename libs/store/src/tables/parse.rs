//! Reading columns: what does not parse names its table, column and row.

use std::{fmt::Display, str::FromStr};

use model::{Invalid, Limit};

use crate::error::{Error, Result};

/// Names a row in errors.
pub(crate) struct Row {
    table: &'static str,
    id: String,
}

impl Row {
    pub(crate) fn new(table: &'static str, id: impl Display) -> Self {
        Self { table, id: id.to_string() }
    }

    pub(crate) fn check<T>(&self, column: &'static str, value: std::result::Result<T, Invalid>) -> Result<T> {
        value.map_err(|problem| Error::Damaged { table: self.table, column, row: self.id.clone(), problem })
    }

    pub(crate) fn parse<T: FromStr<Err = Invalid>>(&self, column: &'static str, text: &str) -> Result<T> {
        self.check(column, text.parse())
    }

    pub(crate) fn optional<T: FromStr<Err = Invalid>>(
        &self,
        column: &'static str,
        text: Option<String>,
    ) -> Result<Option<T>> {
        text.map(|text| self.parse(column, &text)).transpose()
    }

    pub(crate) fn count<N: TryFrom<i64>>(&self, column: &'static str, value: i64) -> Result<N> {
        self.check(column, N::try_from(value).map_err(|_| Invalid::new("a count in range")))
    }

    /// A limit of a policy: absent means unlimited.
    pub(crate) fn limit(&self, column: &'static str, value: Option<i64>) -> Result<Limit> {
        Ok(value.map(|value| self.count(column, value)).transpose()?.into())
    }

    /// A limit that overrides a policy's: absent means none, −1 means unlimited.
    pub(crate) fn limit_override(&self, column: &'static str, value: Option<i64>) -> Result<Option<Limit>> {
        match value {
            None => Ok(None),
            Some(-1) => Ok(Some(Limit::Unlimited)),
            Some(number) => self.count(column, number).map(|number| Some(Limit::AtMost(number))),
        }
    }
}

/// The column value of a policy's limit.
pub(crate) fn limit_column(limit: Limit) -> Option<i64> {
    limit.number().map(i64::from)
}

/// The column value of a limit that overrides a policy's.
pub(crate) fn override_column(limit: Option<Limit>) -> Option<i64> {
    limit.map(|limit| limit.number().map_or(-1, i64::from))
}
