//! The face for many servers, which share a Redis.

mod batch;
mod config;
mod connect;
mod grants;
mod lanes;
mod link;
mod runs;
mod tasks;
mod wire;

use std::{sync::Arc, time::Instant};

use model::TenantId;
use tokio::{sync::mpsc, task::AbortHandle, time::sleep};

pub use config::{RedisConfig, RedisConfigError, Tuning};
pub(crate) use link::Link;

use self::{
    batch::{Answered, MOST_LIMITS},
    grants::{Ahead, Grants, Same},
    lanes::Lanes,
    link::Up,
    tasks::Kept,
    wire::Wire,
};
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
    grants: Arc<Grants>,
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
        let own_clock = clock.clone().unwrap_or_else(Clock::monotonic);
        let (grants, limits) = (Arc::new(Grants::new(own_clock.clone())), Limits::new(own_clock));
        let lanes = Arc::new(Lanes::new(
            Arc::clone(&wire),
            Arc::clone(&link),
            Arc::clone(&metrics),
            Arc::clone(&grants),
            clock,
            instance,
            patience,
        ));
        let tasks = [tokio::spawn(connecting).abort_handle(), tokio::spawn(keeping).abort_handle()];
        Ok(Self { wire, link, metrics, lanes, grants, limits, queue, tasks })
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        if ask.limits.len() <= MOST_LIMITS
            && let Some(up) = self.link.current()
            && let Some(answer) = self.ask_or_grant(&up, ask).await
        {
            return answer;
        }
        let limits = self.limits.ask(ask.tenant, ask.limits);
        Answer { limits, tenant: None, license: Found::Unknown }
    }

    async fn ask_or_grant(&self, up: &Up, ask: Ask<'_>) -> Option<Answer> {
        let Some(same) = Same::of(&ask) else {
            return self.lanes.ask(up, &ask, 0).await.map(|given| given.answer);
        };
        let more = match self.grants.ask(&same, &ask, up, Instant::now()) {
            Ahead::Answered(answer, more) => {
                if let Some(more) = more {
                    self.lanes.renew(up, &ask, same, more);
                }
                return Some(answer);
            }
            Ahead::Ask(more) => more,
        };
        let ahead = more.map_or(0, |more| more.many);
        let Answered { answer, outlook } = self.lanes.ask(up, &ask, ahead).await?;
        self.grants.note(&same, outlook, more);
        Some(answer)
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
        let (wire, touched) = (Arc::clone(&self.wire), touched.clone());
        let (link, metrics) = (Arc::clone(&self.link), Arc::clone(&self.metrics));
        // Goes on to its end even if the request that made the change is given up meanwhile.
        let telling = tokio::spawn(async move {
            let since = Instant::now();
            let mut connection = up.connection.clone();
            let sent = connection.run(|by| wire.forget(&up, tenant, &touched, by)).await;
            let failed = sent.as_ref().err().map(connect::reason);
            match failed {
                None => up.succeeded(),
                Some(reason) => link.not_told([tenant], reason),
            }
            metrics.measured(Operation::Forget, since, failed);
            let relied_on = sent.map_err(|_| NotTold)?;
            sleep(grants::remaining(&relied_on)).await;
            Ok(())
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
