//! Suspend, reinstate and revoke a license.

use model::{Action, License, LicenseId, LicenseState, Tenant, license::RevokedIsFinal};
use serde_json::Map;
use store::LicenseRecord;

use super::Change;
use crate::{Call, Error, Licensing, Precondition};

/// A change of a license's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// Not to be used for now.
    Suspend,
    /// To be used again.
    Reinstate,
    /// Never to be used again.
    Revoke,
}

impl StateChange {
    const fn action(self) -> Action {
        match self {
            Self::Suspend => Action::LicenseSuspend,
            Self::Reinstate => Action::LicenseReinstate,
            Self::Revoke => Action::LicenseRevoke,
        }
    }

    const fn of(self, state: LicenseState) -> Result<LicenseState, RevokedIsFinal> {
        match self {
            Self::Suspend => state.suspended(),
            Self::Reinstate => state.reinstated(),
            Self::Revoke => Ok(state.revoked()),
        }
    }
}

impl Licensing {
    /// Changes the state of a license, whatever its revision.
    ///
    /// # Errors
    /// Those of [`Self::set_license_state`].
    pub async fn change_license_state(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
        change: StateChange,
    ) -> Result<License, Error> {
        let changed = self.set_license_state(tenant, call, id, change, &Precondition::Any).await?;
        Ok(changed.license)
    }

    /// Changes the state of a license. Asking for the state that it has changes nothing.
    ///
    /// What was signed before stays signed: apps learn of it with their next check or refresh.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Conflict`] when it is revoked, which is final;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn set_license_state(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
        change: StateChange,
        precondition: &Precondition,
    ) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let before = self.hold(&mut tx, id, precondition, now).await?;
        let state = change.of(before.license.state);
        let state = state.map_err(|RevokedIsFinal| Error::Conflict(RevokedIsFinal.to_string()))?;
        if state == before.license.state {
            return Ok(before);
        }
        let after = License { state, ..before.license.clone() };
        let change = Change { call, action: change.action(), before: &before, now };
        let changed = self.put(&mut tx, &change, after, Map::new()).await?;
        self.commit(tx).await?;
        Ok(changed)
    }
}
