//! The face for many servers, which share a Redis.

mod batch;
mod config;
mod connect;
mod lanes;
mod link;
mod runs;
mod tasks;
mod wire;

use std::{sync::Arc, time::Instant};

use model::TenantId;
use tokio::{sync::mpsc, task::AbortHandle};

pub use config::{RedisConfig, RedisConfigError, Tuning};
pub(crate) use link::Link;

use self::{batch::MOST_LIMITS, lanes::Lanes, tasks::Kept, wire::Wire};
use crate::{
    Answer, Ask, Clock, Found, LookUp, NotTold, Stamps, Touched,
    limits::Limits,
    telemetry::{Metrics, Operation},
};

/// So much may wait to be kept; what comes then is not kept.
const QUEUE: usize = 1_024;

pub(crate) struct InRedis {
    wire: Arc<Wire>,
    link: Arc<Link>,
    metrics: Arc<Metrics>,
    lanes: Arc<Lanes>,
    limits: Limits,
    queue: mpsc::Sender<Kept>,
    tasks: [AbortHandle; 2],
}

impl InRedis {
    /// Connects in the background.
    pub(crate) fn new(config: &RedisConfig, instance: u64, tuning: Tuning) -> Result<Self, RedisConfigError> {
        let Tuning { clock, patience, responding } = tuning;
        let client = config.client(responding)?;
        let wire = Arc::new(Wire::new(&config.prefix));
        let link = Arc::new(Link::new());
        let metrics = Arc::new(Metrics::new(Arc::downgrade(&link)));
        let (queue, waiting) = mpsc::channel(QUEUE);
        let connecting = tasks::connect(client, Arc::clone(&wire), Arc::clone(&link), Arc::clone(&metrics));
        let keeping = tasks::keep(waiting, Arc::clone(&wire), Arc::clone(&link), Arc::clone(&metrics));
        let limits = Limits::new(clock.clone().unwrap_or_else(Clock::monotonic));
        let (own_wire, own_link, own_metrics) = (Arc::clone(&wire), Arc::clone(&link), Arc::clone(&metrics));
        let lanes = Arc::new(Lanes::new(own_wire, own_link, own_metrics, clock, instance, patience));
        let tasks = [tokio::spawn(connecting).abort_handle(), tokio::spawn(keeping).abort_handle()];
        Ok(Self { wire, link, metrics, lanes, limits, queue, tasks })
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        if ask.limits.len() <= MOST_LIMITS
            && let Some(answer) = self.lanes.ask(&ask).await
        {
            return answer;
        }
        let limits = self.limits.ask(ask.tenant, ask.limits);
        Answer { limits, tenant: None, license: Found::Unknown }
    }

    pub(crate) fn keep(&self, tenant: TenantId, look_up: LookUp<'_>, stamps: Stamps, value: Vec<u8>) {
        let (key_hash, variant) = (*look_up.key_hash, *look_up.variant);
        // What has no room is loaded by the others.
        let _ = self.queue.try_send(Kept { tenant, key_hash, variant, stamps, value });
    }

    pub(crate) async fn forget(&self, tenant: TenantId, touched: &Touched) -> Result<(), NotTold> {
        if matches!(touched, Touched::Licenses(hashes) if hashes.is_empty()) {
            return Ok(());
        }
        let up = self.link.owe(tenant).ok_or(NotTold)?;
        let command = self.wire.forget(&up, tenant, touched);
        let (link, metrics) = (Arc::clone(&self.link), Arc::clone(&self.metrics));
        // Goes on to its end even if the request that made the change is given up meanwhile.
        let telling = tokio::spawn(async move {
            let since = Instant::now();
            let sent = up.connection.clone().send(&command).await;
            let failed = sent.as_ref().err().map(connect::reason);
            match failed {
                None => up.succeeded(),
                Some(reason) => link.not_told([tenant], reason),
            }
            metrics.measured(Operation::Forget, since, failed);
            sent.map(drop).map_err(|_| NotTold)
        });
        telling.await.unwrap_or(Err(NotTold))
    }

    pub(crate) fn close(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for InRedis {
    fn drop(&mut self) {
        self.close();
    }
}
