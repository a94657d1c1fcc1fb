//! What vendors change of licenses: one file per verb, each with the license held from the decision to the commit.

mod entitlements;
mod facts;
mod renew;
mod reset;
mod reveal;
mod state;
mod transfer;
mod update;

use model::{Action, License, LicenseId, Subject, Timestamp};
use serde_json::{Map, Value};
use store::{LicenseRecord, Tx};

pub use renew::Renewal;
pub use state::StateChange;
pub use transfer::Transfer;
pub use update::LicenseChange;

use crate::{Call, Error, Licensing, Precondition, audit::Entry};

impl Licensing {
    /// Finds a license that is what the caller expects, and makes every other change of it wait until the transaction
    /// ends.
    async fn hold(
        &self,
        tx: &mut Tx,
        id: LicenseId,
        precondition: &Precondition,
        now: Timestamp,
    ) -> Result<LicenseRecord, Error> {
        if !tx.licenses().lock_by_id(id).await? {
            return Err(Error::NotFound("license"));
        }
        let record = tx.license_records().by_id(id, now).await?.ok_or(Error::NotFound("license"))?;
        precondition.check(record.license.revision)?;
        Ok(record)
    }

    /// Writes down what becomes of a license that is held, and tells of it: `more` than what it was before and after.
    async fn put(
        &self,
        tx: &mut Tx,
        change: &Change<'_>,
        after: License,
        more: Map<String, Value>,
    ) -> Result<LicenseRecord, Error> {
        let before = change.before;
        let license = License { updated_at: change.now, ..after };
        if !tx.licenses().update(&license).await? {
            return Err(Error::Internal("a license changed while it was held", None));
        }
        let after = tx.license_records().by_id(license.id, change.now).await?;
        let after = after.ok_or(Error::Internal("a license is gone while it was held", None))?;
        let mut details = facts::difference(before, &after);
        details.extend(more);
        let entry = Entry::done(change.action, Subject::License(license.id), Value::Object(details));
        self.audit(tx, change.call, change.now, entry).await?;
        Ok(after)
    }
}

/// A change that is being made.
struct Change<'a> {
    call: &'a Call,
    action: Action,
    /// The license as it was.
    before: &'a LicenseRecord,
    now: Timestamp,
}
