//! Give out licenses, customers and machines, page by page.

use model::{
    Action, ClientKey, Customer, CustomerId, License, LicenseId, LicenseKey, LicenseState, Machine,
    MachineId, Memo, Metadata, PolicyCode, ProductCode, Subject, Tenant,
};
use serde_json::json;
use store::LicenseSelection;

use crate::{Call, Error, Licensing, audit::Entry};

/// Rows in one page: few enough for little memory, many enough for few round trips.
const PAGE: u32 = 1_000;

/// A page of an export, with the identifier that the next one begins behind; absent at the end.
#[derive(Debug)]
pub struct Exported<T, I> {
    /// What is on the page.
    pub items: Vec<T>,
    /// Where the next page begins.
    pub next: Option<I>,
}

impl<T, I> Exported<T, I> {
    fn page(items: Vec<T>, id: impl Fn(&T) -> I) -> Self {
        let is_full = items.len() >= PAGE as usize;
        let next = items.last().filter(|_| is_full).map(id);
        Self { items, next }
    }
}

/// A license with what an import needs to make it again.
#[derive(Debug)]
pub struct ExportedLicense {
    /// The license.
    pub license: License,
    /// Its key, when keys are wanted.
    pub key: Option<LicenseKey>,
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
    /// Whether it never ends although its policy has a term that would have begun.
    pub never_ends: bool,
}

/// A machine with what an import needs to make it again.
#[derive(Debug)]
pub struct ExportedMachine {
    /// The machine.
    pub machine: Machine,
    /// The key of its license, when keys are wanted.
    pub license_key: Option<LicenseKey>,
}

/// Which licenses are exported, by name.
#[derive(Clone, Debug, Default)]
pub struct LicenseFilter {
    /// Those of one product.
    pub product: Option<ProductCode>,
    /// Those of one policy.
    pub policy: Option<PolicyCode>,
    /// Those of one state.
    pub state: Option<LicenseState>,
}

impl Licensing {
    /// Finds what a filter names, and notes in the audit log that keys are given out, when they are wanted.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn begin_license_export(
        &self,
        tenant: &Tenant,
        call: &Call,
        filter: &LicenseFilter,
        with_keys: bool,
    ) -> Result<LicenseSelection, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let product = match &filter.product {
            None => None,
            Some(code) => Some(tx.products().by_code(code).await?.ok_or(Error::NotFound("product"))?.id),
        };
        let policy = match &filter.policy {
            None => None,
            Some(code) => {
                let found = tx.policies().by_code(code).await?;
                let of_product = |policy: &model::Policy| product.is_none_or(|id| policy.product_id == id);
                Some(found.filter(of_product).ok_or(Error::NotFound("policy"))?.id)
            }
        };
        tx.end().await?;
        if with_keys {
            let named = json!({
                "of": "licenses",
                "product": filter.product.as_ref().map(ProductCode::as_str),
                "policy": filter.policy.as_ref().map(PolicyCode::as_str),
                "state": filter.state.map(LicenseState::code),
            });
            self.audit_keys(tenant, call, named).await?;
        }
        Ok(LicenseSelection { product, policy, state: filter.state })
    }

    /// Notes in the audit log that the keys of machines' licenses are given out, when they are wanted.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn begin_machine_export(
        &self,
        tenant: &Tenant,
        call: &Call,
        with_keys: bool,
    ) -> Result<(), Error> {
        if with_keys { self.audit_keys(tenant, call, json!({ "of": "machines" })).await } else { Ok(()) }
    }

    async fn audit_keys(
        &self,
        tenant: &Tenant,
        call: &Call,
        details: serde_json::Value,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        tx.changes_no_check();
        let entry = Entry::done(Action::KeysExport, Subject::Tenant(tenant.id), details);
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await
    }

    /// The page of licenses behind that identifier. Whatever is there from the first page to the last is on exactly one
    /// of them, as it is when that page is read.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn export_licenses(
        &self,
        tenant: &Tenant,
        selection: &LicenseSelection,
        with_keys: bool,
        after: Option<LicenseId>,
    ) -> Result<Exported<ExportedLicense, LicenseId>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let records = tx.transfers().licenses(selection, after, PAGE).await?;
        tx.end().await?;
        let exported = |record: store::LicenseExport| {
            let id = record.license.id;
            let key = with_keys.then(|| self.unseal_key(tenant, id, &record.key_sealed)).transpose()?;
            Ok(ExportedLicense {
                key,
                policy: record.policy,
                product: record.product,
                customer: record.customer,
                memo: record.memo,
                metadata: record.metadata,
                never_ends: record.has_term && record.license.expires_at.is_none(),
                license: record.license,
            })
        };
        let items: Result<Vec<_>, Error> = records.into_iter().map(exported).collect();
        Ok(Exported::page(items?, |item| item.license.id))
    }

    /// The page of customers behind that identifier.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn export_customers(
        &self,
        tenant: &Tenant,
        after: Option<CustomerId>,
    ) -> Result<Exported<Customer, CustomerId>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let items = tx.transfers().customers(after, PAGE).await?;
        tx.end().await?;
        Ok(Exported::page(items, |customer| customer.id))
    }

    /// The page of machines behind that identifier.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn export_machines(
        &self,
        tenant: &Tenant,
        with_keys: bool,
        after: Option<MachineId>,
    ) -> Result<Exported<ExportedMachine, MachineId>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let records = tx.transfers().machines(after, PAGE).await?;
        tx.end().await?;
        let exported = |record: store::MachineExport| {
            let license = record.machine.license_id;
            let key = with_keys.then(|| self.unseal_key(tenant, license, &record.key_sealed)).transpose()?;
            Ok(ExportedMachine { machine: record.machine, license_key: key })
        };
        let items: Result<Vec<_>, Error> = records.into_iter().map(exported).collect();
        Ok(Exported::page(items?, |item| item.machine.id))
    }
}
