//! Figures of one tenant, for its operator.

use model::Timestamp;
use sqlx::FromRow;

use crate::{error::Result, sql::At, tables::parse::Row, tx::Tx};

statements! {
    LICENSES = "SELECT state, count(*) AS count FROM licenses WHERE tenant_id = $1 GROUP BY state";
    MACHINES = "SELECT count(*) FROM machines WHERE tenant_id = $1 AND state = 'active'";
    CUSTOMERS = "SELECT count(*) FROM customers WHERE tenant_id = $1";
    PRODUCTS = "SELECT count(*) FROM products WHERE tenant_id = $1";
    API_KEYS = "SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL";
    EVENTS = "SELECT count(*) FROM events WHERE tenant_id = $1";
    LAST_CHECK = "SELECT last_checked_at FROM license_checks WHERE tenant_id = $1 AND first_checked_at IS NOT NULL \
        ORDER BY last_checked_at DESC LIMIT 1";
}

/// How much a tenant has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Licenses that are active, expired ones included.
    pub active_licenses: u64,
    /// Licenses that are suspended.
    pub suspended_licenses: u64,
    /// Licenses that are revoked.
    pub revoked_licenses: u64,
    /// Machines on which a license is activated.
    pub active_machines: u64,
    /// Customers.
    pub customers: u64,
    /// Products.
    pub products: u64,
    /// API keys that are not revoked.
    pub api_keys: u64,
    /// Entries of the audit log.
    pub events: u64,
    /// When a license was last checked.
    pub last_checked_at: Option<Timestamp>,
}

impl Tx {
    /// The figures of the tenant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn figures(&mut self) -> Result<Figures> {
        let tenant = self.tenant.uuid();
        let mut figures = Figures::default();
        let states: Vec<StateRow> = on!(self, c => sqlx::query_as(LICENSES).bind(tenant).fetch_all(c).await)?;
        for row in states {
            let count = Row::new("licenses", &row.state).count("count", row.count)?;
            match row.state.as_str() {
                "suspended" => figures.suspended_licenses = count,
                "revoked" => figures.revoked_licenses = count,
                _ => figures.active_licenses = count,
            }
        }
        for (statement, figure) in [
            (MACHINES, &mut figures.active_machines),
            (CUSTOMERS, &mut figures.customers),
            (PRODUCTS, &mut figures.products),
            (API_KEYS, &mut figures.api_keys),
            (EVENTS, &mut figures.events),
        ] {
            let statement: &'static str = statement;
            let count: i64 = on!(self, c => sqlx::query_scalar(statement).bind(tenant).fetch_one(c).await)?;
            *figure = Row::new("tenants", tenant).count("count", count)?;
        }
        let last: Option<At> =
            on!(self, c => sqlx::query_scalar(LAST_CHECK).bind(tenant).fetch_optional(c).await)?;
        figures.last_checked_at = last.map(|at| at.0);
        Ok(figures)
    }
}

#[derive(FromRow)]
struct StateRow {
    state: String,
    count: i64,
}
