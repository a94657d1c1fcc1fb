//! What exports read, page by page, and what imports look up, many at a time.

use std::collections::HashMap;

use model::{
    ClientKey, Customer, CustomerId, Fingerprint, License, LicenseId, LicenseState, Machine, Memo, Metadata,
    PolicyCode, PolicyId, ProductCode, ProductId, TermStart,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    error::Result,
    tables::{
        customers::CustomerRow,
        licenses::{LicenseRow, license_columns},
        machines::{MachineRow, machine_columns},
        parse::Row,
    },
    tx::Tx,
};

/// Licenses with what stands in other tables or columns, in the order of their identifiers.
macro_rules! licenses {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            license_columns!(),
            ", l.memo AS memo, l.metadata AS metadata, l.key_sealed AS key_sealed, \
             p.code AS policy_code, p.term AS policy_term, p.term_starts AS policy_term_starts, \
             r.code AS product_code, c.client_key AS client_key \
             FROM licenses l \
             JOIN policies p ON p.tenant_id = $1 AND p.id = l.policy_id \
             JOIN products r ON r.tenant_id = $1 AND r.id = l.product_id \
             LEFT JOIN customers c ON c.tenant_id = $1 AND c.id = l.customer_id \
             WHERE l.tenant_id = $1 AND l.id > $2 AND ($4 = '' OR l.state = $4) ",
            $condition,
            "\
             ORDER BY l.id LIMIT $3"
        )
    };
}

statements! {
    LICENSES = licenses!("");
    LICENSES_OF_PRODUCT = licenses!("AND l.product_id = $5 ");
    LICENSES_OF_POLICY = licenses!("AND l.policy_id = $5 ");
    CUSTOMERS = "SELECT id, number, name, email, client_key, metadata, revision, created_at, updated_at FROM customers \
        WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    MACHINES = concat!("SELECT ", machine_columns!(), ", l.key_sealed AS key_sealed FROM machines m \
        JOIN licenses l ON l.tenant_id = $1 AND l.id = m.license_id \
        WHERE m.tenant_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3");
    CUSTOMER_IDS = "SELECT client_key, id FROM customers WHERE tenant_id = $1 AND client_key IN ( \
        $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, \
        $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, \
        $63, $64, $65)";
    MACHINE_BY_FINGERPRINT = concat!("SELECT ", machine_columns!(), " FROM machines m \
        WHERE m.tenant_id = $1 AND m.license_id = $2 AND m.fingerprint = $3");
}

/// Client keys that are looked up in one statement.
const AT_A_TIME: usize = 64;

/// Which licenses an export has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LicenseSelection {
    /// Those of one product.
    pub product: Option<ProductId>,
    /// Those of one policy. The product is not looked at then.
    pub policy: Option<PolicyId>,
    /// Those of one state.
    pub state: Option<LicenseState>,
}

/// A license as an export shows it.
#[derive(Debug)]
pub struct LicenseExport {
    /// The license.
    pub license: License,
    /// The code of its policy.
    pub policy: PolicyCode,
    /// The code of its product.
    pub product: ProductCode,
    /// The client key of its customer.
    pub customer: Option<ClientKey>,
    /// What the vendor noted on it.
    pub memo: Option<Memo>,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
    /// Whether its policy gave it a term, or would give it one when it is made.
    pub has_term: bool,
    /// Its key, sealed.
    pub key_sealed: Vec<u8>,
}

/// A machine as an export shows it.
#[derive(Debug)]
pub struct MachineExport {
    /// The machine.
    pub machine: Machine,
    /// The key of its license, sealed.
    pub key_sealed: Vec<u8>,
}

/// Exports and imports of one tenant.
pub struct Transfers<'a>(pub(crate) &'a mut Tx);

impl Transfers<'_> {
    /// The next licenses behind that identifier, at most `most`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn licenses(
        &mut self,
        selection: &LicenseSelection,
        after: Option<LicenseId>,
        most: u32,
    ) -> Result<Vec<LicenseExport>> {
        let tenant = self.0.tenant.uuid();
        let after = after.map_or(Uuid::nil(), LicenseId::uuid);
        let most = i64::from(most);
        let state = selection.state.map_or("", LicenseState::code);
        let policy = selection.policy.map(PolicyId::uuid);
        let rows: Vec<LicenseExportRow> = match policy.or(selection.product.map(ProductId::uuid)) {
            None => on!(self.0, c => sqlx::query_as(LICENSES)
                .bind(tenant).bind(after).bind(most).bind(state).fetch_all(c).await)?,
            Some(id) if policy.is_some() => on!(self.0, c => sqlx::query_as(LICENSES_OF_POLICY)
                .bind(tenant).bind(after).bind(most).bind(state).bind(id).fetch_all(c).await)?,
            Some(id) => on!(self.0, c => sqlx::query_as(LICENSES_OF_PRODUCT)
                .bind(tenant).bind(after).bind(most).bind(state).bind(id).fetch_all(c).await)?,
        };
        rows.into_iter().map(LicenseExport::try_from).collect()
    }

    /// The next customers behind that identifier, at most `most`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn customers(&mut self, after: Option<CustomerId>, most: u32) -> Result<Vec<Customer>> {
        let tenant = self.0.tenant.uuid();
        let after = after.map_or(Uuid::nil(), CustomerId::uuid);
        let rows: Vec<CustomerRow> = on!(self.0, c => sqlx::query_as(CUSTOMERS)
            .bind(tenant).bind(after).bind(i64::from(most)).fetch_all(c).await)?;
        rows.into_iter().map(Customer::try_from).collect()
    }

    /// The next machines behind that identifier, at most `most`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn machines(
        &mut self,
        after: Option<model::MachineId>,
        most: u32,
    ) -> Result<Vec<MachineExport>> {
        let tenant = self.0.tenant.uuid();
        let after = after.map_or(Uuid::nil(), model::MachineId::uuid);
        let rows: Vec<MachineExportRow> = on!(self.0, c => sqlx::query_as(MACHINES)
            .bind(tenant).bind(after).bind(i64::from(most)).fetch_all(c).await)?;
        let record = |row: MachineExportRow| {
            Ok(MachineExport { machine: row.machine.try_into()?, key_sealed: row.key_sealed })
        };
        rows.into_iter().map(record).collect()
    }

    /// The customers with these client keys; those that do not exist are left out.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn customer_ids(&mut self, keys: &[ClientKey]) -> Result<HashMap<ClientKey, CustomerId>> {
        let tenant = self.0.tenant.uuid();
        let mut found = HashMap::new();
        for some in keys.chunks(AT_A_TIME) {
            // The statement has a fixed number of places: the first key fills those that are left.
            let places = || some.iter().chain(std::iter::repeat(some.first()).flatten()).take(AT_A_TIME);
            let rows: Vec<(String, Uuid)> = on!(self.0, c => {
                let mut query = sqlx::query_as(CUSTOMER_IDS).bind(tenant);
                for key in places() {
                    query = query.bind(key.as_str());
                }
                query.fetch_all(c).await
            })?;
            for (key, id) in rows {
                let key = Row::new("customers", id).parse("client_key", &key)?;
                found.insert(key, CustomerId::from_uuid(id));
            }
        }
        Ok(found)
    }

    /// The machine of a license with that fingerprint.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn machine_by_fingerprint(
        &mut self,
        license: LicenseId,
        fingerprint: &Fingerprint,
    ) -> Result<Option<Machine>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<MachineRow> = on!(self.0, c => sqlx::query_as(MACHINE_BY_FINGERPRINT)
            .bind(tenant).bind(license.uuid()).bind(fingerprint.as_str()).fetch_optional(c).await)?;
        row.map(Machine::try_from).transpose()
    }
}

#[derive(FromRow)]
struct LicenseExportRow {
    #[sqlx(flatten)]
    license: LicenseRow,
    memo: Option<String>,
    metadata: String,
    key_sealed: Vec<u8>,
    policy_code: String,
    policy_term: Option<String>,
    policy_term_starts: String,
    product_code: String,
    client_key: Option<String>,
}

#[derive(FromRow)]
struct MachineExportRow {
    #[sqlx(flatten)]
    machine: MachineRow,
    key_sealed: Vec<u8>,
}

impl TryFrom<LicenseExportRow> for LicenseExport {
    type Error = crate::Error;

    fn try_from(row: LicenseExportRow) -> Result<Self> {
        let license = License::try_from(row.license)?;
        let at = Row::new("licenses", license.id);
        let term_starts = at.check("term_starts", TermStart::from_code(&row.policy_term_starts))?;
        let started = term_starts == TermStart::Creation || license.term_started_at.is_some();
        Ok(Self {
            policy: at.parse("policy_id", &row.policy_code)?,
            product: at.parse("product_id", &row.product_code)?,
            customer: at.optional("customer_id", row.client_key)?,
            memo: at.optional("memo", row.memo)?,
            metadata: at.metadata("metadata", &row.metadata)?,
            has_term: row.policy_term.is_some() && started,
            key_sealed: row.key_sealed,
            license,
        })
    }
}
