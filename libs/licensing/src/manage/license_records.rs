//! Show licenses to those who manage them.

use model::{CustomerId, LicenseId, LicenseKey, LicenseState, PolicyCode, ProductCode, Tenant, Timestamp};
use store::{LicenseList, LicensePage, LicensePlace, LicenseRecord, LicenseScope, Tx};

use crate::{Error, Licensing};

/// Whose licenses are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicensesOf {
    /// All of them.
    All,
    /// Those for a product.
    Product(ProductCode),
    /// Those of a policy.
    Policy(PolicyCode),
    /// Those of a customer.
    Customer(CustomerId),
}

/// What is looked for among licenses, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseQuery {
    /// In the order of creation.
    ByCreation {
        /// Whose.
        of: LicensesOf,
        /// Those in this state; in any, when absent.
        state: Option<LicenseState>,
    },
    /// In the order of expiry; those that never expire come after all others.
    ByExpiry {
        /// Whose.
        of: LicensesOf,
        /// Those in this state; in any, when absent.
        state: Option<LicenseState>,
        /// Those that expire, at this instant or later.
        from: Option<Timestamp>,
        /// Those that expire, before this instant.
        before: Option<Timestamp>,
    },
    /// In the order of the last check; those that were never checked come before all others.
    ByLastCheck {
        /// Those for this product; for any, when absent.
        product: Option<ProductCode>,
    },
    /// Those whose metadata has a name, in the order of creation.
    ByMetadata {
        /// The name.
        name: String,
        /// The value that it has; any, when absent.
        value: Option<String>,
    },
}

/// A piece of a list of licenses, each with its place, from which the list can go on.
pub type LicensePiece = Vec<(LicenseRecord, LicensePlace)>;

impl Licensing {
    /// A license with all that a vendor is shown of it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn license_record(&self, tenant: &Tenant, id: LicenseId) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.read(tenant.id).await?;
        let record = tx.license_records().by_id(id, now).await?;
        tx.end().await?;
        record.ok_or(Error::NotFound("license"))
    }

    /// The license with that key, with all that a vendor is shown of it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn license_record_by_key(
        &self,
        tenant: &Tenant,
        key: &LicenseKey,
    ) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let key_hash = self.inner.vault.key_hash(tenant.id, key)?;
        let mut tx = self.inner.store.read(tenant.id).await?;
        let record = tx.license_records().by_key(&key_hash, now).await?;
        tx.end().await?;
        record.ok_or(Error::NotFound("license"))
    }

    /// A piece of a list of licenses; empty where what they are of does not exist.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn licenses(
        &self,
        tenant: &Tenant,
        query: &LicenseQuery,
        page: &LicensePage,
    ) -> Result<LicensePiece, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.read(tenant.id).await?;
        let Some(list) = resolve(&mut tx, query).await? else {
            return Ok(Vec::new());
        };
        let records = tx.license_lists().list(&list, page, now).await?;
        tx.end().await?;
        Ok(records
            .into_iter()
            .map(|record| {
                let place = list.place(&record);
                (record, place)
            })
            .collect())
    }
}

/// The list with identifiers for codes; `None` where a code names nothing.
async fn resolve(tx: &mut Tx, query: &LicenseQuery) -> Result<Option<LicenseList>, Error> {
    Ok(Some(match query {
        LicenseQuery::ByCreation { of, state } => match scope(tx, of).await? {
            Some(scope) => LicenseList::ByCreation { scope, state: *state },
            None => return Ok(None),
        },
        LicenseQuery::ByExpiry { of, state, from, before } => match scope(tx, of).await? {
            Some(scope) => LicenseList::ByExpiry { scope, state: *state, from: *from, before: *before },
            None => return Ok(None),
        },
        LicenseQuery::ByLastCheck { product: None } => LicenseList::ByLastCheck { product: None },
        LicenseQuery::ByLastCheck { product: Some(code) } => match tx.products().by_code(code).await? {
            Some(product) => LicenseList::ByLastCheck { product: Some(product.id) },
            None => return Ok(None),
        },
        LicenseQuery::ByMetadata { name, value } => {
            LicenseList::ByMetadata { name: name.clone(), value: value.clone() }
        }
    }))
}

async fn scope(tx: &mut Tx, of: &LicensesOf) -> Result<Option<LicenseScope>, Error> {
    Ok(match of {
        LicensesOf::All => Some(LicenseScope::All),
        LicensesOf::Product(code) => {
            tx.products().by_code(code).await?.map(|product| LicenseScope::Product(product.id))
        }
        LicensesOf::Policy(code) => {
            tx.policies().by_code(code).await?.map(|policy| LicenseScope::Policy(policy.id))
        }
        LicensesOf::Customer(id) => Some(LicenseScope::Customer(*id)),
    })
}
