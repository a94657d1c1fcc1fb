//! Lists of licenses, by what they are filtered and sorted by: one statement for each way, and an index for each statement.
//!
//! Every statement reads the keys of a piece from indexes first, then the records of that piece. Where licenses of any
//! state are wanted, it reads a piece of each state and takes the first of all of them: so one index serves both.

use model::{LicenseState, ProductId, Timestamp};
use uuid::Uuid;

use crate::{
    error::Result,
    license_list::{Bounds, LicenseList, LicensePage, LicenseScope, between},
    sql::At,
    tables::{
        license_records::{LicenseRecord, RecordRow, record_columns, record_joins},
        licenses::license_columns,
        machines::holds_seat,
        policies::policy_columns,
    },
    tx::Tx,
};

/// The records of the licenses whose keys `$branches` give: the first `$3` of them in the order `$keys`, shown in the
/// order `$order`.
macro_rules! records {
    ($branches:expr, $keys:expr, $order:expr) => {
        concat!(
            "SELECT ",
            record_columns!(),
            " FROM (SELECT u.id FROM (",
            $branches,
            ") u ORDER BY ",
            $keys,
            " LIMIT $3) q \
             JOIN licenses l ON l.tenant_id = $1 AND l.id = q.id ",
            record_joins!(),
            " ORDER BY ",
            $order
        )
    };
}

/// One branch for each state. The number of a piece's keys is written out, since PostgreSQL plans for a tenth of all
/// rows where it is a parameter.
macro_rules! any_state {
    ($branch:ident, $scope:literal, $dir:literal) => {
        concat!(
            $branch!($scope, " AND n.state = 'active'", $dir),
            " UNION ALL ",
            $branch!($scope, " AND n.state = 'suspended'", $dir),
            " UNION ALL ",
            $branch!($scope, " AND n.state = 'revoked'", $dir)
        )
    };
}

/// Keys between `$4` and `$5`, by creation.
macro_rules! created {
    ($scope:literal, $state:literal, $dir:literal) => {
        concat!(
            "SELECT b.id FROM (SELECT n.id FROM licenses n WHERE n.tenant_id = $1",
            $scope,
            $state,
            " AND n.id > $4 AND n.id < $5 ORDER BY n.id",
            $dir,
            " LIMIT 101) b"
        )
    };
}

/// Keys between `$4, $5` and `$6, $7` by expiry, and of those that never expire the ones between `$8` and `$9`.
macro_rules! expiring {
    ($scope:literal, $state:literal, $dir:literal) => {
        concat!(
            "SELECT b.id, b.expires_at FROM (SELECT n.id, n.expires_at FROM licenses n WHERE n.tenant_id = $1", $scope,
            $state, " AND (n.expires_at, n.id) > ($4, $5) AND (n.expires_at, n.id) < ($6, $7) ORDER BY n.expires_at",
            $dir, ", n.id", $dir, " LIMIT 101) b UNION ALL \
            SELECT b.id, b.expires_at FROM (SELECT n.id, n.expires_at FROM licenses n WHERE n.tenant_id = $1", $scope,
            $state, " AND n.expires_at IS NULL AND n.id > $8 AND n.id < $9 ORDER BY n.expires_at", $dir, ", n.id", $dir,
            " LIMIT 101) b"
        )
    };
}

macro_rules! by_creation {
    ($branches:expr, $dir:literal) => {
        records!($branches, concat!("u.id", $dir), concat!("l.id", $dir))
    };
}

macro_rules! by_expiry {
    ($branches:expr, $dir:literal) => {
        records!(
            $branches,
            concat!("u.expires_at IS NULL", $dir, ", u.expires_at", $dir, ", u.id", $dir),
            concat!("l.expires_at IS NULL", $dir, ", l.expires_at", $dir, ", l.id", $dir)
        )
    };
}

macro_rules! by_last_check {
    ($scope:literal, $dir:literal) => {
        records!(
            concat!(
                "SELECT n.license_id AS id, n.last_checked_at FROM license_checks n WHERE n.tenant_id = $1", $scope,
                " AND (n.last_checked_at, n.license_id) > ($4, $5) AND (n.last_checked_at, n.license_id) < ($6, $7) \
                ORDER BY n.last_checked_at", $dir, ", n.license_id", $dir, " LIMIT 101"
            ),
            concat!("u.last_checked_at", $dir, ", u.id", $dir),
            concat!("k.last_checked_at", $dir, ", k.license_id", $dir)
        )
    };
}

macro_rules! by_metadata {
    ($value:literal, $dir:literal) => {
        by_creation!(
            concat!(
                "SELECT n.license_id AS id FROM license_metadata n WHERE n.tenant_id = $1 AND n.name = $6",
                $value,
                " AND n.license_id > $4 AND n.license_id < $5 ORDER BY n.license_id",
                $dir,
                " LIMIT 101"
            ),
            $dir
        )
    };
}

statements! {
    ALL_ANY_CREATED_ASC = by_creation!(created!("", "", ""), "");
    ALL_ANY_CREATED_DESC = by_creation!(created!("", "", " DESC"), " DESC");
    ALL_ONE_CREATED_ASC = by_creation!(created!("", " AND n.state = $6", ""), "");
    ALL_ONE_CREATED_DESC = by_creation!(created!("", " AND n.state = $6", " DESC"), " DESC");
    PRODUCT_ANY_CREATED_ASC = by_creation!(any_state!(created, " AND n.product_id = $6", ""), "");
    PRODUCT_ANY_CREATED_DESC = by_creation!(any_state!(created, " AND n.product_id = $6", " DESC"), " DESC");
    PRODUCT_ONE_CREATED_ASC = by_creation!(created!(" AND n.product_id = $6", " AND n.state = $7", ""), "");
    PRODUCT_ONE_CREATED_DESC = by_creation!(created!(" AND n.product_id = $6", " AND n.state = $7", " DESC"), " DESC");
    POLICY_ANY_CREATED_ASC = by_creation!(any_state!(created, " AND n.policy_id = $6", ""), "");
    POLICY_ANY_CREATED_DESC = by_creation!(any_state!(created, " AND n.policy_id = $6", " DESC"), " DESC");
    POLICY_ONE_CREATED_ASC = by_creation!(created!(" AND n.policy_id = $6", " AND n.state = $7", ""), "");
    POLICY_ONE_CREATED_DESC = by_creation!(created!(" AND n.policy_id = $6", " AND n.state = $7", " DESC"), " DESC");
    CUSTOMER_ANY_CREATED_ASC = by_creation!(any_state!(created, " AND n.customer_id = $6", ""), "");
    CUSTOMER_ANY_CREATED_DESC = by_creation!(any_state!(created, " AND n.customer_id = $6", " DESC"), " DESC");
    CUSTOMER_ONE_CREATED_ASC = by_creation!(created!(" AND n.customer_id = $6", " AND n.state = $7", ""), "");
    CUSTOMER_ONE_CREATED_DESC = by_creation!(created!(" AND n.customer_id = $6", " AND n.state = $7", " DESC"), " DESC");
    ALL_ANY_EXPIRING_ASC = by_expiry!(any_state!(expiring, "", ""), "");
    ALL_ANY_EXPIRING_DESC = by_expiry!(any_state!(expiring, "", " DESC"), " DESC");
    ALL_ONE_EXPIRING_ASC = by_expiry!(expiring!("", " AND n.state = $10", ""), "");
    ALL_ONE_EXPIRING_DESC = by_expiry!(expiring!("", " AND n.state = $10", " DESC"), " DESC");
    PRODUCT_ANY_EXPIRING_ASC = by_expiry!(any_state!(expiring, " AND n.product_id = $10", ""), "");
    PRODUCT_ANY_EXPIRING_DESC = by_expiry!(any_state!(expiring, " AND n.product_id = $10", " DESC"), " DESC");
    PRODUCT_ONE_EXPIRING_ASC = by_expiry!(expiring!(" AND n.product_id = $10", " AND n.state = $11", ""), "");
    PRODUCT_ONE_EXPIRING_DESC = by_expiry!(expiring!(" AND n.product_id = $10", " AND n.state = $11", " DESC"), " DESC");
    POLICY_ANY_EXPIRING_ASC = by_expiry!(any_state!(expiring, " AND n.policy_id = $10", ""), "");
    POLICY_ANY_EXPIRING_DESC = by_expiry!(any_state!(expiring, " AND n.policy_id = $10", " DESC"), " DESC");
    POLICY_ONE_EXPIRING_ASC = by_expiry!(expiring!(" AND n.policy_id = $10", " AND n.state = $11", ""), "");
    POLICY_ONE_EXPIRING_DESC = by_expiry!(expiring!(" AND n.policy_id = $10", " AND n.state = $11", " DESC"), " DESC");
    CUSTOMER_ANY_EXPIRING_ASC = by_expiry!(any_state!(expiring, " AND n.customer_id = $10", ""), "");
    CUSTOMER_ANY_EXPIRING_DESC = by_expiry!(any_state!(expiring, " AND n.customer_id = $10", " DESC"), " DESC");
    CUSTOMER_ONE_EXPIRING_ASC = by_expiry!(expiring!(" AND n.customer_id = $10", " AND n.state = $11", ""), "");
    CUSTOMER_ONE_EXPIRING_DESC = by_expiry!(expiring!(" AND n.customer_id = $10", " AND n.state = $11", " DESC"), " DESC");
    CHECKED_ASC = by_last_check!("", "");
    PRODUCT_CHECKED_ASC = by_last_check!(" AND n.product_id = $8", "");
    NAMED_ASC = by_metadata!("", "");
    VALUED_ASC = by_metadata!(" AND n.value = $7", "");
    CHECKED_DESC = by_last_check!("", " DESC");
    PRODUCT_CHECKED_DESC = by_last_check!(" AND n.product_id = $8", " DESC");
    NAMED_DESC = by_metadata!("", " DESC");
    VALUED_DESC = by_metadata!(" AND n.value = $7", " DESC");
}

/// A statement for each direction: ascending, then descending.
struct Directions(&'static str, &'static str);

/// Statements for licenses of any state, and of one.
struct States(Directions, Directions);

/// Statements for each scope.
struct Scopes {
    all: States,
    product: States,
    policy: States,
    customer: States,
}

const CREATED: Scopes = Scopes {
    all: States(
        Directions(ALL_ANY_CREATED_ASC, ALL_ANY_CREATED_DESC),
        Directions(ALL_ONE_CREATED_ASC, ALL_ONE_CREATED_DESC),
    ),
    product: States(
        Directions(PRODUCT_ANY_CREATED_ASC, PRODUCT_ANY_CREATED_DESC),
        Directions(PRODUCT_ONE_CREATED_ASC, PRODUCT_ONE_CREATED_DESC),
    ),
    policy: States(
        Directions(POLICY_ANY_CREATED_ASC, POLICY_ANY_CREATED_DESC),
        Directions(POLICY_ONE_CREATED_ASC, POLICY_ONE_CREATED_DESC),
    ),
    customer: States(
        Directions(CUSTOMER_ANY_CREATED_ASC, CUSTOMER_ANY_CREATED_DESC),
        Directions(CUSTOMER_ONE_CREATED_ASC, CUSTOMER_ONE_CREATED_DESC),
    ),
};

const EXPIRING: Scopes = Scopes {
    all: States(
        Directions(ALL_ANY_EXPIRING_ASC, ALL_ANY_EXPIRING_DESC),
        Directions(ALL_ONE_EXPIRING_ASC, ALL_ONE_EXPIRING_DESC),
    ),
    product: States(
        Directions(PRODUCT_ANY_EXPIRING_ASC, PRODUCT_ANY_EXPIRING_DESC),
        Directions(PRODUCT_ONE_EXPIRING_ASC, PRODUCT_ONE_EXPIRING_DESC),
    ),
    policy: States(
        Directions(POLICY_ANY_EXPIRING_ASC, POLICY_ANY_EXPIRING_DESC),
        Directions(POLICY_ONE_EXPIRING_ASC, POLICY_ONE_EXPIRING_DESC),
    ),
    customer: States(
        Directions(CUSTOMER_ANY_EXPIRING_ASC, CUSTOMER_ANY_EXPIRING_DESC),
        Directions(CUSTOMER_ONE_EXPIRING_ASC, CUSTOMER_ONE_EXPIRING_DESC),
    ),
};

impl Directions {
    const fn pick(&self, page: &LicensePage) -> &'static str {
        if page.descending { self.1 } else { self.0 }
    }
}

impl Scopes {
    const fn pick(
        &self,
        scope: LicenseScope,
        state: Option<LicenseState>,
        page: &LicensePage,
    ) -> &'static str {
        let states = match scope {
            LicenseScope::All => &self.all,
            LicenseScope::Product(_) => &self.product,
            LicenseScope::Policy(_) => &self.policy,
            LicenseScope::Customer(_) => &self.customer,
        };
        if state.is_some() { states.1.pick(page) } else { states.0.pick(page) }
    }
}

/// Lists of licenses of one tenant.
pub struct LicenseLists<'a>(pub(crate) &'a mut Tx);

impl LicenseLists<'_> {
    /// A piece of a list, with the seats that are held at `now`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list(
        &mut self,
        list: &LicenseList,
        page: &LicensePage,
        now: Timestamp,
    ) -> Result<Vec<LicenseRecord>> {
        let rows = match list {
            LicenseList::ByCreation { scope, state } => {
                let statement = CREATED.pick(*scope, *state, page);
                self.created(statement, page, now, scope.id(), [state.map(LicenseState::code), None]).await
            }
            LicenseList::ByExpiry { scope, state, from, before } => {
                let statement = EXPIRING.pick(*scope, *state, page);
                let bounds = Bounds::new(page, *from, *before);
                self.expiring(statement, page, now, &bounds, scope.id(), *state).await
            }
            LicenseList::ByLastCheck { product } => {
                let statement = match product {
                    Some(_) => Directions(PRODUCT_CHECKED_ASC, PRODUCT_CHECKED_DESC),
                    None => Directions(CHECKED_ASC, CHECKED_DESC),
                };
                self.checked(statement.pick(page), page, now, product.map(ProductId::uuid)).await
            }
            LicenseList::ByMetadata { name, value } => {
                let statement = match value {
                    Some(_) => Directions(VALUED_ASC, VALUED_DESC),
                    None => Directions(NAMED_ASC, NAMED_DESC),
                };
                self.created(statement.pick(page), page, now, None, [Some(name), value.as_deref()]).await
            }
        };
        rows?.into_iter().map(LicenseRecord::try_from).collect()
    }

    async fn created(
        &mut self,
        statement: &'static str,
        page: &LicensePage,
        now: Timestamp,
        scope: Option<Uuid>,
        texts: [Option<&str>; 2],
    ) -> Result<Vec<RecordRow>> {
        let tenant = self.0.tenant.uuid();
        let (above, below) = between(page.after.map(|place| place.id.uuid()), page.descending);
        Ok(on!(self.0, c => {
            let mut query = sqlx::query_as(statement)
                .bind(tenant).bind(At(now)).bind(page.limit()).bind(above).bind(below);
            if let Some(scope) = scope {
                query = query.bind(scope);
            }
            for text in texts.into_iter().flatten() {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?)
    }

    async fn expiring(
        &mut self,
        statement: &'static str,
        page: &LicensePage,
        now: Timestamp,
        bounds: &Bounds,
        scope: Option<Uuid>,
        state: Option<LicenseState>,
    ) -> Result<Vec<RecordRow>> {
        let tenant = self.0.tenant.uuid();
        Ok(on!(self.0, c => {
            let mut query = sqlx::query_as(statement)
                .bind(tenant).bind(At(now)).bind(page.limit())
                .bind(At(bounds.above.0)).bind(bounds.above.1).bind(At(bounds.below.0)).bind(bounds.below.1)
                .bind(bounds.never.0).bind(bounds.never.1);
            if let Some(scope) = scope {
                query = query.bind(scope);
            }
            if let Some(state) = state {
                query = query.bind(state.code());
            }
            query.fetch_all(c).await
        })?)
    }

    async fn checked(
        &mut self,
        statement: &'static str,
        page: &LicensePage,
        now: Timestamp,
        product: Option<Uuid>,
    ) -> Result<Vec<RecordRow>> {
        let tenant = self.0.tenant.uuid();
        let bounds = Bounds::new(page, None, None);
        Ok(on!(self.0, c => {
            let mut query = sqlx::query_as(statement)
                .bind(tenant).bind(At(now)).bind(page.limit())
                .bind(At(bounds.above.0)).bind(bounds.above.1).bind(At(bounds.below.0)).bind(bounds.below.1);
            if let Some(product) = product {
                query = query.bind(product);
            }
            query.fetch_all(c).await
        })?)
    }
}
