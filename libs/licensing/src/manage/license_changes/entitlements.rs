//! What a license has over the entitlements of its policy.

use model::{Action, Entitlement, EntitlementCode, Entitlements, License, LicenseId, Overrides, Tenant};
use serde_json::{Map, json};
use store::{LicenseRecord, Tx};

use super::Change;
use crate::{Call, Error, Licensing, Precondition};

impl Licensing {
    /// Sets an entitlement of a license, over that of its policy. Setting it to what it is changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Invalid`] when the value breaks its rule, or the
    /// license would have too many; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn set_license_entitlement(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
        code: EntitlementCode,
        entitlement: Entitlement,
        precondition: &Precondition,
    ) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let invalid = |invalid| Error::Invalid { field: "value", invalid };
        let value = entitlement.value.checked().map_err(invalid)?;
        let mut tx = self.inner.store.write(tenant.id).await?;
        let before = self.hold(&mut tx, id, precondition, now).await?;
        let mut entitlements = before.license.overrides.entitlements.clone();
        entitlements.set(code.clone(), Entitlement { value, ..entitlement });
        let entitlements = entitlements.checked().map_err(invalid)?;
        let change = Change { call, action: Action::LicenseUpdate, before: &before, now };
        self.put_entitlements(tx, &change, &code, entitlements).await
    }

    /// Takes an entitlement of a license away, so that it is what the policy says again.
    ///
    /// # Errors
    /// [`Error::NotFound`] of the license, or of the entitlement among those of the license itself;
    /// [`Error::PreconditionFailed`]; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn remove_license_entitlement(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
        code: &EntitlementCode,
        precondition: &Precondition,
    ) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let before = self.hold(&mut tx, id, precondition, now).await?;
        let mut entitlements = before.license.overrides.entitlements.clone();
        if !entitlements.remove(code) {
            return Err(Error::NotFound("entitlement"));
        }
        let change = Change { call, action: Action::LicenseUpdate, before: &before, now };
        self.put_entitlements(tx, &change, code, entitlements).await
    }

    async fn put_entitlements(
        &self,
        mut tx: Tx,
        change: &Change<'_>,
        code: &EntitlementCode,
        entitlements: Entitlements,
    ) -> Result<LicenseRecord, Error> {
        let license = &change.before.license;
        let overrides = Overrides { entitlements, ..license.overrides.clone() };
        if overrides == license.overrides {
            return Ok(change.before.clone());
        }
        let after = License { overrides, ..license.clone() };
        let more = Map::from_iter([("entitlement".to_owned(), json!(code.as_str()))]);
        let changed = self.put(&mut tx, change, after, more).await?;
        self.commit(tx).await?;
        Ok(changed)
    }
}
