//! All rows of one tenant, table by table: for writing them into an archive, and for bringing them back.

use model::{Tenant, Timestamp};
use sqlx::{Row as _, types::Json};
use uuid::Uuid;

use self::ColumnKind::{At as Instant, Bool, Bytes, Int, Json as Document, Text, Uuid as Id};
use crate::{
    error::Result,
    platform::{TenantRow, tenant_columns},
    sql::At,
    tx::{Connection, Tx},
};

statements! {
    TENANT = concat!("SELECT ", tenant_columns!(), " FROM tenants t WHERE t.id = $1");
    READ_NUMBERS = "SELECT r.kind, r.next FROM numbers r WHERE r.tenant_id = $1 AND r.kind > $2 ORDER BY r.kind LIMIT \
        $3";
    ADD_NUMBERS = "INSERT INTO numbers (tenant_id, kind, next) VALUES ($1, $2, $3)";
    READ_SIGNING_KEYS = "SELECT r.id, r.state, r.public_key, r.sealed_private, r.created_at, r.activated_at, r.retired_at, \
        r.leases_until FROM signing_keys r WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3";
    ADD_SIGNING_KEYS = "INSERT INTO signing_keys (tenant_id, id, state, public_key, sealed_private, created_at, \
        activated_at, retired_at, leases_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    READ_MEMBERS = "SELECT r.id, r.email, r.name, r.role, r.created_at FROM members r WHERE r.tenant_id = $1 AND r.id \
        > $2 ORDER BY r.id LIMIT $3";
    ADD_MEMBERS = "INSERT INTO members (tenant_id, id, email, name, role, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    READ_API_KEYS = "SELECT r.id, r.public_id, r.name, r.secret_hash, r.scopes, r.created_at, r.expires_at, \
        r.revoked_at, r.last_used_at FROM api_keys r WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY r.id LIMIT \
        $3";
    ADD_API_KEYS = "INSERT INTO api_keys (tenant_id, id, public_id, name, secret_hash, scopes, created_at, expires_at, \
        revoked_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    READ_PRODUCTS = "SELECT r.id, r.code, r.number, r.name, r.support_message, r.product_key, r.key_format, r.metadata, \
        r.revision, r.created_at, r.updated_at FROM products r WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY \
        r.id LIMIT $3";
    ADD_PRODUCTS = "INSERT INTO products (tenant_id, id, code, number, name, support_message, product_key, key_format, \
        metadata, revision, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    READ_POLICIES = "SELECT r.id, r.product_id, r.code, r.name, r.term, r.term_starts, r.seats, r.seat_kind, \
        r.overage_percent, r.activation_limit, r.deactivation_limit, r.requires_customer, r.lease_seconds, \
        r.refresh_seconds, r.grace_seconds, r.offline_lease_seconds, r.entitlements, r.trial, r.metadata, \
        r.revision, r.created_at, r.updated_at FROM policies r WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY \
        r.id LIMIT $3";
    ADD_POLICIES = "INSERT INTO policies (tenant_id, id, product_id, code, name, term, term_starts, seats, seat_kind, \
        overage_percent, activation_limit, deactivation_limit, requires_customer, lease_seconds, \
        refresh_seconds, grace_seconds, offline_lease_seconds, entitlements, trial, metadata, revision, \
        created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
        $17, $18, $19, $20, $21, $22, $23)";
    READ_CUSTOMERS = "SELECT r.id, r.number, r.name, r.email, r.client_key, r.metadata, r.revision, r.created_at, \
        r.updated_at FROM customers r WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3";
    ADD_CUSTOMERS = "INSERT INTO customers (tenant_id, id, number, name, email, client_key, metadata, revision, \
        created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    READ_LICENSES = "SELECT r.id, r.number, r.product_id, r.policy_id, r.customer_id, r.key_hash, r.key_sealed, \
        r.key_hint, r.memo, r.seats, r.activation_limit, r.entitlements, r.state, r.term_started_at, \
        r.expires_at, r.activations_used, r.deactivations_used, r.version, r.metadata, r.revision, \
        r.created_at, r.updated_at FROM licenses r WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3";
    ADD_LICENSES = "INSERT INTO licenses (tenant_id, id, number, product_id, policy_id, customer_id, key_hash, \
        key_sealed, key_hint, memo, seats, activation_limit, entitlements, state, term_started_at, expires_at, \
        activations_used, deactivations_used, version, metadata, revision, created_at, updated_at) VALUES ($1, \
        $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
    READ_LICENSE_METADATA = "SELECT r.license_id, r.name, r.value FROM license_metadata r WHERE r.tenant_id = $1 AND \
        (r.license_id, r.name) > ($2, $3) ORDER BY r.license_id, r.name LIMIT $4";
    ADD_LICENSE_METADATA = "INSERT INTO license_metadata (tenant_id, license_id, name, value) VALUES ($1, $2, $3, $4)";
    READ_LICENSE_CHECKS = "SELECT r.license_id, r.product_id, r.checks, r.first_checked_at, r.last_checked_at, \
        r.last_checked_from FROM license_checks r WHERE r.tenant_id = $1 AND r.license_id > $2 ORDER BY \
        r.license_id LIMIT $3";
    ADD_LICENSE_CHECKS = "INSERT INTO license_checks (tenant_id, license_id, product_id, checks, first_checked_at, \
        last_checked_at, last_checked_from) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    READ_MACHINES = "SELECT r.id, r.license_id, r.fingerprint, r.name, r.state, r.activated_at, r.deactivated_at, \
        r.lease_id, r.lease_key_id, r.lease_expires_at, r.lease_grace_until, r.checks, r.first_checked_at, \
        r.last_checked_at, r.last_checked_from, r.first_start_at, r.last_end_at, r.revision FROM machines r \
        WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3";
    ADD_MACHINES = "INSERT INTO machines (tenant_id, id, license_id, fingerprint, name, state, activated_at, \
        deactivated_at, lease_id, lease_key_id, lease_expires_at, lease_grace_until, checks, first_checked_at, \
        last_checked_at, last_checked_from, first_start_at, last_end_at, revision) VALUES ($1, $2, $3, $4, $5, \
        $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    READ_EVENTS = "SELECT r.id, r.at, r.actor, r.actor_id, r.action, r.subject_kind, r.subject_id, r.license_id, \
        r.refused_for, r.address, r.request_id, r.details FROM events r WHERE r.tenant_id = $1 AND r.id > $2 \
        ORDER BY r.id LIMIT $3";
    ADD_EVENTS = "INSERT INTO events (tenant_id, id, at, actor, actor_id, action, subject_kind, subject_id, \
        license_id, refused_for, address, request_id, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
        $10, $11, $12, $13)";
    READ_USAGE_DAYS = "SELECT r.day, r.kind, r.count FROM usage_days r WHERE r.tenant_id = $1 AND (r.day, r.kind) > \
        ($2, $3) ORDER BY r.day, r.kind LIMIT $4";
    ADD_USAGE_DAYS = "INSERT INTO usage_days (tenant_id, day, kind, count) VALUES ($1, $2, $3, $4)";
}

/// A table that belongs into an archive.
#[derive(Debug)]
pub struct ArchiveTable {
    /// Its name.
    pub name: &'static str,
    /// Its columns but `tenant_id`; the first of them tell its rows apart.
    pub columns: &'static [(&'static str, ColumnKind)],
    /// How many columns tell its rows apart.
    keys: usize,
    read: &'static str,
    add: &'static str,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A UUID.
    Uuid,
    /// A text.
    Text,
    /// A whole number.
    Int,
    /// A flag.
    Bool,
    /// An instant.
    At,
    /// Bytes.
    Bytes,
    /// A JSON value.
    Json,
}

/// What a column of a row holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ArchiveValue {
    /// Nothing.
    Absent,
    /// A UUID.
    Uuid(Uuid),
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A flag.
    Bool(bool),
    /// An instant.
    At(Timestamp),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A JSON value.
    Json(serde_json::Value),
}

/// A row: one value for each column.
pub type ArchiveRow = Vec<ArchiveValue>;

/// The tables, each after those that it refers to. Answers that are kept for idempotency keys and events that others
/// still have to be told of do not travel.
pub const ARCHIVE_TABLES: &[ArchiveTable] = &[
    ArchiveTable {
        name: "numbers",
        keys: 1,
        columns: &[("kind", Text), ("next", Int)],
        read: READ_NUMBERS,
        add: ADD_NUMBERS,
    },
    ArchiveTable {
        name: "signing_keys",
        keys: 1,
        columns: &[
            ("id", Text),
            ("state", Text),
            ("public_key", Bytes),
            ("sealed_private", Bytes),
            ("created_at", Instant),
            ("activated_at", Instant),
            ("retired_at", Instant),
            ("leases_until", Instant),
        ],
        read: READ_SIGNING_KEYS,
        add: ADD_SIGNING_KEYS,
    },
    ArchiveTable {
        name: "members",
        keys: 1,
        columns: &[("id", Id), ("email", Text), ("name", Text), ("role", Text), ("created_at", Instant)],
        read: READ_MEMBERS,
        add: ADD_MEMBERS,
    },
    ArchiveTable {
        name: "api_keys",
        keys: 1,
        columns: &[
            ("id", Id),
            ("public_id", Text),
            ("name", Text),
            ("secret_hash", Bytes),
            ("scopes", Text),
            ("created_at", Instant),
            ("expires_at", Instant),
            ("revoked_at", Instant),
            ("last_used_at", Instant),
        ],
        read: READ_API_KEYS,
        add: ADD_API_KEYS,
    },
    ArchiveTable {
        name: "products",
        keys: 1,
        columns: &[
            ("id", Id),
            ("code", Text),
            ("number", Int),
            ("name", Text),
            ("support_message", Text),
            ("product_key", Text),
            ("key_format", Text),
            ("metadata", Text),
            ("revision", Int),
            ("created_at", Instant),
            ("updated_at", Instant),
        ],
        read: READ_PRODUCTS,
        add: ADD_PRODUCTS,
    },
    ArchiveTable {
        name: "policies",
        keys: 1,
        columns: &[
            ("id", Id),
            ("product_id", Id),
            ("code", Text),
            ("name", Text),
            ("term", Text),
            ("term_starts", Text),
            ("seats", Int),
            ("seat_kind", Text),
            ("overage_percent", Int),
            ("activation_limit", Int),
            ("deactivation_limit", Int),
            ("requires_customer", Bool),
            ("lease_seconds", Int),
            ("refresh_seconds", Int),
            ("grace_seconds", Int),
            ("offline_lease_seconds", Int),
            ("entitlements", Document),
            ("trial", Bool),
            ("metadata", Text),
            ("revision", Int),
            ("created_at", Instant),
            ("updated_at", Instant),
        ],
        read: READ_POLICIES,
        add: ADD_POLICIES,
    },
    ArchiveTable {
        name: "customers",
        keys: 1,
        columns: &[
            ("id", Id),
            ("number", Int),
            ("name", Text),
            ("email", Text),
            ("client_key", Text),
            ("metadata", Text),
            ("revision", Int),
            ("created_at", Instant),
            ("updated_at", Instant),
        ],
        read: READ_CUSTOMERS,
        add: ADD_CUSTOMERS,
    },
    ArchiveTable {
        name: "licenses",
        keys: 1,
        columns: &[
            ("id", Id),
            ("number", Int),
            ("product_id", Id),
            ("policy_id", Id),
            ("customer_id", Id),
            ("key_hash", Bytes),
            ("key_sealed", Bytes),
            ("key_hint", Text),
            ("memo", Text),
            ("seats", Int),
            ("activation_limit", Int),
            ("entitlements", Document),
            ("state", Text),
            ("term_started_at", Instant),
            ("expires_at", Instant),
            ("activations_used", Int),
            ("deactivations_used", Int),
            ("version", Int),
            ("metadata", Text),
            ("revision", Int),
            ("created_at", Instant),
            ("updated_at", Instant),
        ],
        read: READ_LICENSES,
        add: ADD_LICENSES,
    },
    ArchiveTable {
        name: "license_metadata",
        keys: 2,
        columns: &[("license_id", Id), ("name", Text), ("value", Text)],
        read: READ_LICENSE_METADATA,
        add: ADD_LICENSE_METADATA,
    },
    ArchiveTable {
        name: "license_checks",
        keys: 1,
        columns: &[
            ("license_id", Id),
            ("product_id", Id),
            ("checks", Int),
            ("first_checked_at", Instant),
            ("last_checked_at", Instant),
            ("last_checked_from", Text),
        ],
        read: READ_LICENSE_CHECKS,
        add: ADD_LICENSE_CHECKS,
    },
    ArchiveTable {
        name: "machines",
        keys: 1,
        columns: &[
            ("id", Id),
            ("license_id", Id),
            ("fingerprint", Text),
            ("name", Text),
            ("state", Text),
            ("activated_at", Instant),
            ("deactivated_at", Instant),
            ("lease_id", Id),
            ("lease_key_id", Text),
            ("lease_expires_at", Instant),
            ("lease_grace_until", Instant),
            ("checks", Int),
            ("first_checked_at", Instant),
            ("last_checked_at", Instant),
            ("last_checked_from", Text),
            ("first_start_at", Instant),
            ("last_end_at", Instant),
            ("revision", Int),
        ],
        read: READ_MACHINES,
        add: ADD_MACHINES,
    },
    ArchiveTable {
        name: "events",
        keys: 1,
        columns: &[
            ("id", Id),
            ("at", Instant),
            ("actor", Text),
            ("actor_id", Id),
            ("action", Text),
            ("subject_kind", Text),
            ("subject_id", Text),
            ("license_id", Id),
            ("refused_for", Text),
            ("address", Text),
            ("request_id", Text),
            ("details", Document),
        ],
        read: READ_EVENTS,
        add: ADD_EVENTS,
    },
    ArchiveTable {
        name: "usage_days",
        keys: 2,
        columns: &[("day", Int), ("kind", Text), ("count", Int)],
        read: READ_USAGE_DAYS,
        add: ADD_USAGE_DAYS,
    },
];

impl Tx {
    /// The tenant itself.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn archived_tenant(&mut self) -> Result<Option<Tenant>> {
        let tenant = self.tenant.uuid();
        let row: Option<TenantRow> =
            on!(self, c => sqlx::query_as(TENANT).bind(tenant).fetch_optional(c).await)?;
        row.map(Tenant::try_from).transpose()
    }

    /// The rows of a table that follow a row, at most `most`; from the first, when there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn archive_rows(
        &mut self,
        table: &ArchiveTable,
        after: Option<&ArchiveRow>,
        most: u32,
    ) -> Result<Vec<ArchiveRow>> {
        macro_rules! read {
            ($connection:expr) => {{
                let statement: &'static str = table.read;
                let mut query = sqlx::query(statement).bind(self.tenant.uuid());
                for (place, (_, kind)) in table.columns.iter().take(table.keys).enumerate() {
                    query = match (kind, after.and_then(|row| row.get(place))) {
                        (Id, Some(ArchiveValue::Uuid(id))) => query.bind(*id),
                        (Id, _) => query.bind(Uuid::nil()),
                        (Int, Some(ArchiveValue::Int(number))) => query.bind(*number),
                        (Int, _) => query.bind(i64::MIN),
                        (_, Some(ArchiveValue::Text(text))) => query.bind(text.clone()),
                        (_, _) => query.bind(String::new()),
                    };
                }
                let rows = query.bind(i64::from(most)).fetch_all($connection).await?;
                let mut found = Vec::with_capacity(rows.len());
                for row in rows {
                    let mut values = ArchiveRow::with_capacity(table.columns.len());
                    for (place, (_, kind)) in table.columns.iter().enumerate() {
                        let value = match kind {
                            Id => row.try_get::<Option<Uuid>, _>(place)?.map(ArchiveValue::Uuid),
                            Text => row.try_get::<Option<String>, _>(place)?.map(ArchiveValue::Text),
                            Int => row.try_get::<Option<i64>, _>(place)?.map(ArchiveValue::Int),
                            Bool => row.try_get::<Option<bool>, _>(place)?.map(ArchiveValue::Bool),
                            Instant => row.try_get::<Option<At>, _>(place)?.map(|at| ArchiveValue::At(at.0)),
                            Bytes => row.try_get::<Option<Vec<u8>>, _>(place)?.map(ArchiveValue::Bytes),
                            Document => row
                                .try_get::<Option<Json<serde_json::Value>>, _>(place)?
                                .map(|json| ArchiveValue::Json(json.0)),
                        };
                        values.push(value.unwrap_or(ArchiveValue::Absent));
                    }
                    found.push(values);
                }
                Ok(found)
            }};
        }
        match &mut self.connection {
            Connection::Postgres(tx) => read!(&mut **tx),
            Connection::Sqlite(tx) => read!(&mut **tx),
        }
    }

    /// Adds a row as it was in an archive, with a value of its kind, or none, for each column.
    ///
    /// # Errors
    /// When the database does not answer, or the row breaks a rule of the table.
    pub async fn restore_row(&mut self, table: &ArchiveTable, row: ArchiveRow) -> Result<()> {
        macro_rules! add {
            ($connection:expr) => {{
                let statement: &'static str = table.add;
                let mut query = sqlx::query(statement).bind(self.tenant.uuid());
                for ((_, kind), value) in table.columns.iter().zip(row) {
                    query = match value {
                        ArchiveValue::Uuid(id) => query.bind(id),
                        ArchiveValue::Text(text) => query.bind(text),
                        ArchiveValue::Int(number) => query.bind(number),
                        ArchiveValue::Bool(flag) => query.bind(flag),
                        ArchiveValue::At(at) => query.bind(At(at)),
                        ArchiveValue::Bytes(bytes) => query.bind(bytes),
                        ArchiveValue::Json(value) => query.bind(Json(value)),
                        // PostgreSQL wants to know what is absent.
                        ArchiveValue::Absent => match kind {
                            Id => query.bind(None::<Uuid>),
                            Text => query.bind(None::<String>),
                            Int => query.bind(None::<i64>),
                            Bool => query.bind(None::<bool>),
                            Instant => query.bind(None::<At>),
                            Bytes => query.bind(None::<Vec<u8>>),
                            Document => query.bind(None::<Json<serde_json::Value>>),
                        },
                    };
                }
                query.execute($connection).await?;
                Ok(())
            }};
        }
        match &mut self.connection {
            Connection::Postgres(tx) => add!(&mut **tx),
            Connection::Sqlite(tx) => add!(&mut **tx),
        }
    }
}
