//! A deactivation that also takes the license from its customer, as the apps of FrameCAD expect.

use std::sync::Arc;

use model::{Action, Tenant};

use crate::{Call, Deactivate, Deactivated, Decision, Error, Licensing, case::Case};

impl Licensing {
    /// Deactivates a license on a machine and, when no other machine holds a seat of it, takes it from its customer. The
    /// term that has started goes on.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`], with nothing changed.
    pub async fn release(
        &self,
        tenant: &Tenant,
        call: &Call,
        command: Deactivate,
    ) -> Result<Decision<Deactivated>, Error> {
        let case = Case {
            tenant,
            call,
            action: Action::MachineDeactivate,
            key: &command.key,
            product: Some(&command.product),
            fingerprint: Some(&command.fingerprint),
            machine_name: None,
            customer: command.customer.as_ref(),
            binding: None,
            claimed: None,
            now: self.inner.clock.now(),
        };
        let mut tx = self.inner.store.write(tenant.id).await?;
        let decision = self.decide_deactivation(&mut tx, &case).await?;
        let decision = match decision {
            // While another machine of the customer is active, the license is nobody else's to take.
            Ok(done) if done.license.seats_used > 0 => Ok(done),
            Ok(mut done) => {
                tx.licenses().release_customer(done.license.license.id, case.now).await?;
                Arc::make_mut(&mut done.license.license).customer_id = None;
                Ok(done)
            }
            refused => refused,
        };
        self.commit(tx).await?;
        Ok(decision)
    }
}
