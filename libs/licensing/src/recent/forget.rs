//! Ending a unit of work that has changed something.

use ephemeral::Touched;
use model::TenantId;
use store::{Changed, Tx};

use super::Role;
use crate::{Error, Licensing};

impl Licensing {
    /// Makes lasting what was done, and has everyone forget what was loaded before. Who goes away in between does not
    /// keep the one from following the other.
    pub(crate) async fn commit(&self, tx: Tx) -> Result<(), Error> {
        let licensing = self.clone();
        let ending = tokio::spawn(async move {
            let tenant = tx.tenant();
            let changed = tx.commit().await?;
            licensing.forget(tenant, changed).await;
            Ok(())
        });
        ending.await.map_err(|error| Error::Internal("ending a unit of work", Some(Box::new(error))))?
    }

    async fn forget(&self, tenant: TenantId, changed: Changed) {
        let touched = match changed {
            Changed::Nothing => return,
            Changed::Licenses(key_hashes) => Touched::Licenses(key_hashes),
            Changed::Tenant => Touched::Tenant,
        };
        let recent = &self.inner.recent;
        let told = recent.ephemeral.forget(tenant, &touched).await.is_ok();
        let tells_all = match recent.servers {
            Role::Alone => true,
            Role::Sharing => told,
            // The others keep no checks, but tenants and keys.
            Role::Apart => touched != Touched::Tenant,
            Role::Beside => false,
        };
        if !tells_all {
            self.end_era().await;
        }
    }
}
