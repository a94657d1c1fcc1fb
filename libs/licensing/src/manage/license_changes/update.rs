//! Change a license.

use model::{Action, License, LicenseId, Limit, Memo, Metadata, Overrides, Tenant, Timestamp};
use serde_json::{Map, json};
use store::LicenseRecord;

use super::Change;
use crate::{Call, Error, Licensing, Precondition};

/// What is changed of a license; what is absent stays as it is, and an inner absence takes away.
#[derive(Clone, Debug, Default)]
pub struct LicenseChange {
    /// Machines at a time; as the policy says, when taken away.
    pub seats: Option<Option<Limit>>,
    /// Activations ever; as the policy says, when taken away.
    pub activation_limit: Option<Option<Limit>>,
    /// When it ends. When taken away, a license whose term has begun never ends; one whose term has not begun gets its
    /// end from the term of its policy when it is first activated.
    pub expires_at: Option<Option<Timestamp>>,
    /// What the vendor notes on it.
    pub memo: Option<Option<Memo>>,
    /// What the vendor keeps with it, in place of what was there.
    pub metadata: Option<Metadata>,
}

impl Licensing {
    /// Changes a license. What leaves it as it is changes nothing.
    ///
    /// Fewer seats than are in use free none of them: no other machine gets one until enough of them are free.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn update_license(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
        change: LicenseChange,
        precondition: &Precondition,
    ) -> Result<LicenseRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let before = self.hold(&mut tx, id, precondition, now).await?;
        let overrides = &before.license.overrides;
        let after = License {
            overrides: Overrides {
                seats: change.seats.unwrap_or(overrides.seats),
                activation_limit: change.activation_limit.unwrap_or(overrides.activation_limit),
                entitlements: overrides.entitlements.clone(),
            },
            expires_at: change.expires_at.unwrap_or(before.license.expires_at),
            ..before.license.clone()
        };
        let memo = change.memo.filter(|memo| *memo != before.memo);
        let metadata = change.metadata.filter(|metadata| *metadata != before.metadata);
        if after == before.license && memo.is_none() && metadata.is_none() {
            return Ok(before);
        }
        match &memo {
            Some(Some(memo)) => tx.licenses().set_memo(id, memo).await?,
            Some(None) => tx.licenses().erase_memo(id).await?,
            None => {}
        }
        if let Some(metadata) = &metadata {
            tx.licenses().set_metadata(id, metadata).await?;
        }
        let change = Change { call, action: Action::LicenseUpdate, before: &before, now };
        let more = Map::from_iter([("seats_used".to_owned(), json!(before.seats_used))]);
        let updated = self.put(&mut tx, &change, after, more).await?;
        self.commit(tx).await?;
        Ok(updated)
    }
}
