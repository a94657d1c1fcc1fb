//! Writing many rows at a time.

use std::collections::HashMap;

use model::{Policy, PolicyCode, PolicyId, ProductCode, ProductId, Tenant, Timestamp};
use store::{NumberKind, Tx};

use super::import::{ImportCount, ImportMode};
use crate::{Call, Error, Licensing, audit::Entry};

/// Whose import it is.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) licensing: &'a Licensing,
    pub(super) tenant: &'a Tenant,
    pub(super) call: &'a Call,
    pub(super) now: Timestamp,
}

impl<'a> Setting<'a> {
    pub(super) fn new(licensing: &'a Licensing, tenant: &'a Tenant, call: &'a Call) -> Self {
        Self { licensing, tenant, call, now: licensing.inner.clock.now() }
    }

    /// Begins the transaction of an import whose lines need new numbers; gives the first of them.
    ///
    /// The numbers are taken in a transaction of their own before: whoever makes something else would otherwise wait
    /// for the end of the import. A dry run takes none for good.
    pub(super) async fn begin(
        &self,
        kind: NumberKind,
        count: ImportCount,
        mode: ImportMode,
    ) -> Result<(Tx, u32), Error> {
        let store = &self.licensing.inner.store;
        let mut tx = store.write(self.tenant.id).await?;
        if count.highest > 0 {
            tx.numbers().skip(kind, count.highest).await?;
        }
        let first = tx.numbers().take(kind, count.numberless).await?;
        let last = first.saturating_add(i64::from(count.numberless));
        let (Ok(first), Ok(_)) = (u32::try_from(first), u32::try_from(last)) else {
            return Err(Error::Conflict("no numbers are left".into()));
        };
        if !mode.dry_run {
            tx.changes_no_check();
            self.licensing.commit(tx).await?;
            tx = store.write(self.tenant.id).await?;
        }
        Ok((tx, first))
    }

    /// Writes one event for each thing that was brought in.
    pub(super) async fn audit(&self, tx: &mut Tx, entries: Vec<Entry>) -> Result<(), Error> {
        self.licensing.audit_many(tx, self.call, self.now, entries).await
    }
}

/// Policies, and the codes of their products, that earlier lines have named.
#[derive(Default)]
pub(super) struct Catalog {
    policies: HashMap<PolicyCode, Option<Policy>>,
    by_id: HashMap<PolicyId, Policy>,
    products: HashMap<ProductId, ProductCode>,
}

impl Catalog {
    /// Names that are remembered: more than a vendor has, and little memory where a file names nonsense.
    const MOST: usize = 10_000;

    pub(super) async fn policy(&mut self, tx: &mut Tx, code: &PolicyCode) -> Result<Option<Policy>, Error> {
        if let Some(found) = self.policies.get(code) {
            return Ok(found.clone());
        }
        if self.policies.len() >= Self::MOST {
            self.policies.clear();
        }
        let found = tx.policies().by_code(code).await?;
        self.policies.insert(code.clone(), found.clone());
        Ok(found)
    }

    pub(super) async fn policy_by_id(&mut self, tx: &mut Tx, id: PolicyId) -> Result<Policy, Error> {
        if let Some(found) = self.by_id.get(&id) {
            return Ok(found.clone());
        }
        let found = tx.policies().by_id(id).await?;
        let found = found.ok_or(Error::Internal("a license has no policy", None))?;
        self.by_id.insert(id, found.clone());
        Ok(found)
    }

    /// The code of a policy's product.
    pub(super) async fn product(&mut self, tx: &mut Tx, id: ProductId) -> Result<ProductCode, Error> {
        if let Some(found) = self.products.get(&id) {
            return Ok(found.clone());
        }
        let found = tx.products().by_id(id).await?;
        let found = found.ok_or(Error::Internal("a policy has no product", None))?;
        self.products.insert(id, found.code.clone());
        Ok(found.code)
    }
}
