//! Lists with optional filters: every combination of filters is a statement of its own, put together from constant
//! pieces and known to the audits before it is ever run.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::sql::Statement;

/// The pieces of a list with optional filters.
pub(crate) struct Pieces {
    /// The module and constant that hold it.
    pub(crate) name: &'static str,
    /// What all its statements begin with: from `SELECT` to the conditions that are always there.
    pub(crate) select: &'static str,
    /// How many parameters that has.
    pub(crate) parameters: usize,
    /// The filters by name, each with `?` where its one parameter stands; parameters are bound in this order.
    pub(crate) filters: &'static [(&'static str, &'static str)],
    /// What all its statements end with, ascending and descending: from the condition on where the piece begins.
    pub(crate) orders: [&'static str; 2],
}

/// The statements of a list, one for each combination of filters and each direction.
pub(crate) type Filtered = LazyLock<BTreeMap<(usize, bool), Statement>>;

/// Puts the statements together. They live as long as the program, as constants do.
pub(crate) fn filtered(pieces: &Pieces) -> BTreeMap<(usize, bool), Statement> {
    let mut all = BTreeMap::new();
    for chosen in 0..1_usize << pieces.filters.len() {
        for descending in [false, true] {
            let mut name = format!("{}{}", pieces.name, if descending { "_DESCENDING" } else { "" });
            let mut sql = pieces.select.to_owned();
            let mut parameter = pieces.parameters;
            for (place, (filter, condition)) in pieces.filters.iter().enumerate() {
                if chosen & 1 << place != 0 {
                    parameter += 1;
                    name.push_str("_BY_");
                    name.push_str(filter);
                    sql.push_str(" AND ");
                    sql.push_str(&condition.replace('?', &format!("${parameter}")));
                }
            }
            sql.push_str(if descending { pieces.orders[1] } else { pieces.orders[0] });
            let statement = Statement { name: name.leak(), sql: sql.leak() };
            all.insert((chosen, descending), statement);
        }
    }
    all
}

/// The statement for the filters that are given, in their order.
pub(crate) fn pick(statements: &'static Filtered, given: &[bool], descending: bool) -> &'static str {
    let chosen = given.iter().enumerate().filter(|(_, given)| **given).map(|(place, _)| 1 << place).sum();
    // All combinations are there, so the fallback is never taken: it is no statement, and would be refused.
    statements.get(&(chosen, descending)).map_or("", |statement| statement.sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIST: Filtered = LazyLock::new(|| {
        filtered(&Pieces {
            name: "LIST",
            select: "SELECT 1 FROM t WHERE tenant_id = $1",
            parameters: 2,
            filters: &[("A", "a = ?"), ("B", "b < ?")],
            orders: [" ORDER BY id LIMIT $2", " ORDER BY id DESC LIMIT $2"],
        })
    });

    #[test]
    fn every_combination_is_there_with_its_parameters_in_order() {
        assert_eq!(LIST.len(), 8);
        for (given, descending, expected) in [
            ([false, false], false, "SELECT 1 FROM t WHERE tenant_id = $1 ORDER BY id LIMIT $2"),
            (
                [false, true],
                true,
                "SELECT 1 FROM t WHERE tenant_id = $1 AND b < $3 ORDER BY id DESC LIMIT $2",
            ),
            (
                [true, true],
                false,
                "SELECT 1 FROM t WHERE tenant_id = $1 AND a = $3 AND b < $4 ORDER BY id LIMIT $2",
            ),
        ] {
            assert_eq!(pick(&LIST, &given, descending), expected);
        }
        let names: Vec<_> = LIST.values().map(|statement| statement.name).collect();
        assert_eq!(&names[..4], ["LIST", "LIST_DESCENDING", "LIST_BY_A", "LIST_DESCENDING_BY_A"]);
    }
}
