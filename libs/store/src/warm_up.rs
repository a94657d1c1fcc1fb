//! Connections that are made before they are needed.

use model::{TenantId, Timestamp};
use uuid::Uuid;

use crate::{
    error::Result,
    open::{Pools, Store},
    tables::dossiers::DossierQuery,
};

/// How many connections are made: enough for many checks at once whose licenses are held no more.
const WARM: usize = 8;

/// How often PostgreSQL is asked something on a connection until it keeps the plan (`plan_cache_mode`).
const PLANS: usize = 6;

impl Store {
    /// Makes connections, and has PostgreSQL plan on each what a check asks. Otherwise the first checks that need
    /// the database at the same time, such as those when Redis goes away, wait for connections and plans.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn warm_up(&self) -> Result<()> {
        if let Pools::Sqlite { .. } = &self.pools {
            return Ok(());
        }
        let nobody = TenantId::from_uuid(Uuid::nil());
        let query =
            DossierQuery { key_hash: &[0; 32], fingerprint: None, customer: None, now: Timestamp::MIN };
        // All of them before the first ends, so that each has a connection of its own.
        let mut all = Vec::with_capacity(WARM);
        for _ in 0..WARM {
            all.push(self.read(nobody).await?);
        }
        for tx in &mut all {
            for _ in 0..PLANS {
                tx.dossiers().by_key(&query).await?;
            }
        }
        for tx in all {
            tx.end().await?;
        }
        Ok(())
    }
}
