//! A check by an old client, which may not say what product it is, and may say that its app starts or ends.

use model::{Action, ClientKey, Fingerprint, LicenseKey, MachineId, ProductCode, Tenant, Timestamp};

use crate::{Call, Error, Licensing, Validated, case::Case};

/// What an old client says when it checks.
#[derive(Clone, Debug)]
pub struct Check {
    /// The license key.
    pub key: LicenseKey,
    /// The product that the app is, where it says so.
    pub product: Option<ProductCode>,
    /// The machine, which must be an active one of the license.
    pub fingerprint: Fingerprint,
    /// The customer's key.
    pub customer: Option<ClientKey>,
    /// What the app does.
    pub moment: Moment,
}

/// What an app does when it checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It does not say.
    Any,
    /// It starts: the first such check is noted on the machine.
    Start,
    /// It ends: the last such check is noted on the machine.
    End,
}

impl Licensing {
    /// Checks a license on a machine. As [`Licensing::validate`], without a verdict; start and end are noted only of
    /// checks that are valid.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn check(&self, tenant: &Tenant, call: &Call, command: Check) -> Result<Validated, Error> {
        let case = Case {
            tenant,
            call,
            action: Action::LicenseCheck,
            key: &command.key,
            product: command.product.as_ref(),
            fingerprint: Some(&command.fingerprint),
            machine_name: None,
            customer: command.customer.as_ref(),
            binding: None,
            claimed: None,
            now: self.inner.clock.now(),
        };
        let validated = self.examine(&case, &[]).await?;
        if let (true, Some(machine)) = (validated.reasons.is_empty(), validated.machine()) {
            self.mark(tenant, machine.id, command.moment, case.now).await?;
        }
        Ok(validated)
    }

    /// Counts a check that names no machine, or a product that does not exist: to an old client, it is never valid.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn count_check(&self, tenant: &Tenant, call: &Call, key: &LicenseKey) -> Result<(), Error> {
        let case = Case {
            tenant,
            call,
            action: Action::LicenseCheck,
            key,
            product: None,
            fingerprint: None,
            machine_name: None,
            customer: None,
            binding: None,
            claimed: None,
            now: self.inner.clock.now(),
        };
        self.examine(&case, &[]).await.map(drop)
    }

    async fn mark(&self, tenant: &Tenant, id: MachineId, moment: Moment, at: Timestamp) -> Result<(), Error> {
        if moment == Moment::Any {
            return Ok(());
        }
        let mut tx = self.inner.store.write(tenant.id).await?;
        tx.changes_no_check();
        match moment {
            Moment::Start => tx.machines().mark_start(id, at).await?,
            Moment::Any | Moment::End => tx.machines().mark_end(id, at).await?,
        }
        self.commit(tx).await
    }
}
