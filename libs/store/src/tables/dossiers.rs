//! A license with all that a decision on it needs, in one query.

use std::sync::Arc;

use model::{
    ClientKey, CustomerId, Fingerprint, License, Machine, Policy, Product, Timestamp, decide::NamedCustomer,
};
use serde::{Deserialize, Serialize};
use sqlx::{ColumnIndex, Decode, FromRow, Type};
use uuid::Uuid;

use crate::{
    error::Result,
    tables::{
        licenses::{LicenseRow, license_columns},
        machines::{MachineRow, holds_seat, machine_columns},
        parse::Row,
        policies::{PolicyRow, policy_columns},
        products::{ProductRow, product_columns},
    },
    tx::Tx,
};

statements! {
    BY_KEY = concat!(
        "SELECT ", license_columns!(), ", ", policy_columns!(), ", ", product_columns!(), ", ", machine_columns!(), ", \
         c.id AS named_customer_id, \
         (SELECT count(*) FROM machines s WHERE s.tenant_id = $1 AND s.license_id = l.id AND ",
        holds_seat!("p.seat_kind", "$5"), ") AS seats_used \
         FROM licenses l \
         JOIN policies p ON p.tenant_id = $1 AND p.id = l.policy_id \
         JOIN products r ON r.tenant_id = $1 AND r.id = l.product_id \
         LEFT JOIN machines m ON m.tenant_id = $1 AND m.license_id = l.id AND m.fingerprint = $3 \
         LEFT JOIN customers c ON c.tenant_id = $1 AND c.client_key = $4 \
         WHERE l.tenant_id = $1 AND l.key_hash = $2"
    );
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct DossierQuery<'a> {
    /// The keyed hash of the license key.
    pub key_hash: &'a [u8; 32],
    /// The machine that was presented.
    pub fingerprint: Option<&'a Fingerprint>,
    /// The customer that was named.
    pub customer: Option<&'a ClientKey>,
    /// Now: floating seats lapse.
    pub now: Timestamp,
}

/// A license with all that a decision on it needs. Cheap to clone: most are held for the next check.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The license.
    pub license: Arc<License>,
    /// Its policy.
    pub policy: Arc<Policy>,
    /// Its product.
    pub product: Arc<Product>,
    /// Its machine with the presented fingerprint.
    pub machine: Option<Arc<Machine>>,
    /// Its machines that hold a seat.
    pub seats_used: u32,
    /// The customer that was named.
    pub customer: NamedCustomer,
}

/// Dossiers of one tenant.
pub struct Dossiers<'a>(pub(crate) &'a mut Tx);

impl Dossiers<'_> {
    /// The dossier of the license with that key.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn by_key(&mut self, query: &DossierQuery<'_>) -> Result<Option<Dossier>> {
        let row = self.row_by_key(query).await?;
        row.map(|row| row.dossier(query.customer.is_some())).transpose()
    }

    /// The dossier of the license with that key, with bytes that [`Dossier::from_bytes`] reads.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn by_key_with_bytes(
        &mut self,
        query: &DossierQuery<'_>,
    ) -> Result<Option<(Dossier, Vec<u8>)>> {
        let Some(row) = self.row_by_key(query).await? else { return Ok(None) };
        // Nothing in a row can fail to be written.
        let bytes = serde_json::to_vec(&row).unwrap_or_default();
        Ok(Some((row.dossier(query.customer.is_some())?, bytes)))
    }

    async fn row_by_key(&mut self, query: &DossierQuery<'_>) -> Result<Option<DossierRow>> {
        let tenant = self.0.tenant.uuid();
        Ok(on!(self.0, c => sqlx::query_as(BY_KEY)
            .bind(tenant)
            .bind(query.key_hash.as_slice())
            .bind(query.fingerprint.map(Fingerprint::as_str))
            .bind(query.customer.map(ClientKey::as_str))
            .bind(crate::sql::At(query.now))
            .fetch_optional(c).await)?)
    }
}

impl Dossier {
    /// Whether what it shows of the license is the same at all times.
    #[must_use]
    pub fn shows_the_same(&self) -> bool {
        let overrides = &self.license.overrides.entitlements;
        self.policy.rules.entitlements.is_lasting() && overrides.is_lasting()
    }

    /// Reads what [`Dossiers::by_key_with_bytes`] wrote for a query that named a customer, or did not; `None` when it
    /// was written by another version, or is damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], names_customer: bool) -> Option<Self> {
        let row: DossierRow = serde_json::from_slice(bytes).ok()?;
        row.dossier(names_customer).ok()
    }
}

impl DossierRow {
    fn dossier(self, names_customer: bool) -> Result<Dossier> {
        let license = License::try_from(self.license)?;
        let customer = match (names_customer, self.named_customer_id) {
            (false, _) => NamedCustomer::Nobody,
            (true, None) => NamedCustomer::Unknown,
            (true, Some(id)) => NamedCustomer::Known(CustomerId::from_uuid(id)),
        };
        Ok(Dossier {
            seats_used: Row::new("licenses", license.id).count("seats_used", self.seats_used)?,
            license: Arc::new(license),
            policy: Arc::new(self.policy.try_into()?),
            product: Arc::new(self.product.try_into()?),
            machine: self.machine.0.map(Machine::try_from).transpose()?.map(Arc::new),
            customer,
        })
    }
}

#[derive(FromRow, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DossierRow {
    #[sqlx(flatten)]
    license: LicenseRow,
    #[sqlx(flatten)]
    policy: PolicyRow,
    #[sqlx(flatten)]
    product: ProductRow,
    #[sqlx(flatten)]
    machine: MaybeMachine,
    named_customer_id: Option<Uuid>,
    seats_used: i64,
}

/// A machine that an outer join may not have found.
#[derive(Serialize, Deserialize)]
struct MaybeMachine(Option<MachineRow>);

impl<'r, R> FromRow<'r, R> for MaybeMachine
where
    R: sqlx::Row,
    MachineRow: FromRow<'r, R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    &'static str: ColumnIndex<R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        let found = row.try_get::<Option<Uuid>, _>("machine_id")?;
        found.map(|_| MachineRow::from_row(row)).transpose().map(Self)
    }
}
