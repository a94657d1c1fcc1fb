//! The face for many servers, which share a Redis.

mod config;
mod connect;
mod link;
mod tasks;
mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use model::TenantId;
use redis::{RedisResult, Value};
use tokio::{sync::mpsc, task::AbortHandle};

pub use config::{RedisConfig, RedisConfigError, Tuning};
pub(crate) use link::Link;

use self::{
    connect::lacks_script,
    link::Up,
    tasks::Kept,
    wire::{By, Wire, answer},
};
use crate::{
    Answer, Ask, Clock, Found, LookUp, NotTold, Reason, Stamps, Touched,
    limits::Limits,
    telemetry::{Metrics, Operation},
};

/// So much may wait to be kept; what comes then is not kept.
const QUEUE: usize = 1_024;

pub(crate) struct InRedis {
    wire: Arc<Wire>,
    link: Arc<Link>,
    metrics: Arc<Metrics>,
    limits: Limits,
    clock: Option<Clock>,
    instance: u64,
    next: AtomicU64,
    queue: mpsc::Sender<Kept>,
    tasks: [AbortHandle; 2],
}

impl InRedis {
    /// Connects in the background.
    pub(crate) fn new(config: &RedisConfig, instance: u64, tuning: Tuning) -> Result<Self, RedisConfigError> {
        let Tuning { clock, responding } = tuning;
        let client = config.client(responding)?;
        let wire = Arc::new(Wire::new(&config.prefix));
        let link = Arc::new(Link::new());
        let metrics = Arc::new(Metrics::new(Arc::downgrade(&link)));
        let (queue, waiting) = mpsc::channel(QUEUE);
        let connecting = tasks::connect(client, Arc::clone(&wire), Arc::clone(&link), Arc::clone(&metrics));
        let keeping = tasks::keep(waiting, Arc::clone(&wire), Arc::clone(&link), Arc::clone(&metrics));
        Ok(Self {
            wire,
            link,
            metrics,
            limits: Limits::new(clock.clone().unwrap_or_else(Clock::monotonic)),
            clock,
            instance,
            next: AtomicU64::new(0),
            queue,
            tasks: [tokio::spawn(connecting).abort_handle(), tokio::spawn(keeping).abort_handle()],
        })
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        if let Some(up) = self.link.current() {
            let since = Instant::now();
            let failed = match self.send_ask(&up, &ask).await.map(|value| answer(value, ask.limits.len())) {
                Ok(Some(answer)) => {
                    up.succeeded();
                    self.metrics.measured(Operation::Ask, since, None);
                    return answer;
                }
                Ok(None) => Reason::Error,
                Err(error) => self.link.failed(&up, &error),
            };
            self.metrics.measured(Operation::Ask, since, Some(failed));
        }
        let limits = self.limits.ask(ask.tenant, ask.limits);
        Answer { limits, tenant: None, license: Found::Unknown }
    }

    async fn send_ask(&self, up: &Up, ask: &Ask<'_>) -> RedisResult<Value> {
        let now = self.clock.as_ref().map(|clock| u64::try_from(clock.now().as_micros()).unwrap_or(u64::MAX));
        let unique = self.unique();
        let mut connection = up.connection.clone();
        let sent = connection.send(&self.wire.ask(up, ask, now, unique, By::Hash)).await;
        match sent {
            // It was restarted, or another node took over.
            Err(error) if lacks_script(&error) => {
                connection.send(&self.wire.ask(up, ask, now, unique, By::Text)).await
            }
            sent => sent,
        }
    }

    /// What no other ask has: this process and a number. Redis adds the time.
    fn unique(&self) -> [u8; 11] {
        let mut bytes = [0; 11];
        let (instance, number) = bytes.split_at_mut(8);
        instance.copy_from_slice(&self.instance.to_be_bytes());
        let next = self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        number.iter_mut().zip(next).for_each(|(byte, from)| *byte = from);
        bytes
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
