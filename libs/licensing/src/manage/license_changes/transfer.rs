//! Give a license to another customer, or another policy.

use model::{
    Action, CustomerId, Invalid, LicenseId, LicenseState, PolicyCode, Tenant, license::RevokedIsFinal,
};
use serde_json::Map;
use store::LicenseRecord;

use super::Change;
use crate::{Call, Error, Licensing, Precondition};

/// Where a license goes; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Transfer {
    /// Whom it belongs to from now on; nobody, when the inner one is absent.
    pub customer: Option<Option<CustomerId>>,
    /// Its template from now on.
    pub policy: Option<PolicyCode>,
}

impl Licensing {
    /// Gives a license to another customer, or another policy of its product. Where it is already, nothing changes.
    ///
    /// Its end, its overrides, what was counted and its machines stay: whatever the new policy does not have in common
    /// with the old one counts from the next check on. The term of the new policy is that of renewals and, where no
    /// term has begun, of the first activation.
    ///
    /// # Errors
    /// [`Error::NotFound`] of the license, the customer or the policy; [`Error::PreconditionFailed`];
    /// [`Error::Conflict`] when it is revoked; [`Error::Invalid`] when the policy is of another product;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn transfer_license(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
        transfer: Transfer,
        precondition: &Precondition,
    ) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let before = self.hold(&mut tx, id, precondition, now).await?;
        if before.license.state == LicenseState::Revoked {
            return Err(Error::Conflict(RevokedIsFinal.to_string()));
        }
        let mut after = before.license.clone();
        if let Some(code) = &transfer.policy {
            let policy = tx.policies().by_code(code).await?.ok_or(Error::NotFound("policy"))?;
            if policy.product_id != after.product_id {
                let invalid = Invalid::new("a policy of the product that the license is for");
                return Err(Error::Invalid { field: "policy", invalid });
            }
            after.policy_id = policy.id;
        }
        match transfer.customer {
            Some(Some(customer)) => {
                tx.customers().by_id(customer).await?.ok_or(Error::NotFound("customer"))?;
                after.customer_id = Some(customer);
            }
            Some(None) => after.customer_id = None,
            None => {}
        }
        if after == before.license {
            return Ok(before);
        }
        let change = Change { call, action: Action::LicenseTransfer, before: &before, now };
        let transferred = self.put(&mut tx, &change, after, Map::new()).await?;
        self.commit(tx).await?;
        Ok(transferred)
    }
}
