//! Asks of a tenant that wait at the same time share a command.
//!
//! A tenant has a lane while a command of it is on its way. Whoever finds none makes one, so that with little to do every
//! ask is sent at once. With much to do the next command takes all that came meanwhile, which costs Redis and this process
//! a fraction of as many commands; two at a time would each take fewer. No tenant waits for another's.
//!
//! What nobody waits for goes with the next command, or with others of its kind a moment later.
//!
//! A command belongs to none of those who ask, so that whoever gives up takes nothing from the others.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use model::TenantId;
use redis::{RedisResult, Value};
use tokio::{
    sync::oneshot,
    task::yield_now,
    time::{sleep, timeout},
};

use super::{
    batch::{Answered, Asked, Batch, MOST_ASKS, MOST_LIMITS},
    grants::{Grants, More, Same},
    link::{Link, Up},
    wire::Wire,
};
use crate::{
    Ask, Clock, Reason,
    telemetry::{Metrics, Operation},
};

/// How long others of its kind are waited for by what nobody waits for.
const GATHERING: Duration = Duration::from_millis(5);

/// Sends what is asked.
pub(super) struct Lanes {
    wire: Arc<Wire>,
    link: Arc<Link>,
    metrics: Arc<Metrics>,
    grants: Arc<Grants>,
    clock: Option<Clock>,
    instance: u64,
    /// How long an answer is waited for.
    patience: Duration,
    next: AtomicU64,
    lanes: Mutex<HashMap<TenantId, Lane>>,
}

/// The asks of a tenant that wait for the next command.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    /// What nobody waits for.
    renewals: VecDeque<Renewal>,
    /// Whether somebody sends its commands.
    flies: bool,
    /// Whether somebody will, when others have gathered.
    gathers: bool,
    /// Whether the command on its way is waited for no more.
    is_overdue: bool,
}

struct Waiting {
    asked: Asked,
    answer: oneshot::Sender<Answered>,
}

/// An ask for a grant beside the one that is used.
struct Renewal {
    asked: Asked,
    same: Same,
    more: More,
}

/// Sends commands of a tenant, one after the other, until nothing waits.
struct Flight {
    lanes: Arc<Lanes>,
    tenant: TenantId,
    ended: bool,
}

impl Lanes {
    /// `patience` is how long an answer is waited for; `instance` is a number that no other process has.
    pub(super) fn new(
        wire: Arc<Wire>,
        link: Arc<Link>,
        metrics: Arc<Metrics>,
        grants: Arc<Grants>,
        clock: Option<Clock>,
        instance: u64,
        patience: Duration,
    ) -> Self {
        let (next, lanes) = (AtomicU64::new(0), Mutex::default());
        Self { wire, link, metrics, grants, clock, instance, patience, next, lanes }
    }

    /// What Redis answers, who is to grant so many more ahead; nothing when it does not, or not in time.
    pub(super) async fn ask(self: &Arc<Self>, up: &Up, ask: &Ask<'_>, ahead: u16) -> Option<Answered> {
        self.queue(up, ask.tenant, Asked::new(ask, ahead))?.await.ok()
    }

    /// Puts an ask into the lane of its tenant, unless nothing is heard there, and sees to it that somebody takes it.
    fn queue(
        self: &Arc<Self>,
        up: &Up,
        tenant: TenantId,
        asked: Asked,
    ) -> Option<oneshot::Receiver<Answered>> {
        let mut lanes = self.lanes();
        let lane = lane_of(&mut lanes, up, tenant)?;
        let (answer, answered) = oneshot::channel();
        lane.waiting.push_back(Waiting { asked, answer });
        let starts = !mem::replace(&mut lane.flies, true);
        drop(lanes);
        if starts {
            let flight = Flight { lanes: Arc::clone(self), tenant, ended: false };
            tokio::spawn(flight.run());
        }
        Some(answered)
    }

    /// Asks for more to be granted, and notes what is. Returns at once.
    pub(super) fn renew(self: &Arc<Self>, up: &Up, ask: &Ask<'_>, same: Same, more: More) {
        let (tenant, asked) = (ask.tenant, Asked::beside(ask, more.many));
        let mut lanes = self.lanes();
        let Some(lane) = lane_of(&mut lanes, up, tenant) else { return };
        lane.renewals.push_back(Renewal { asked, same, more });
        let gathers = !lane.flies && !mem::replace(&mut lane.gathers, true);
        drop(lanes);
        if gathers {
            tokio::spawn(Arc::clone(self).gather(tenant));
        }
    }

    /// Sends what has gathered after a moment, unless somebody else did.
    async fn gather(self: Arc<Self>, tenant: TenantId) {
        sleep(GATHERING).await;
        let starts = self
            .lanes()
            .get_mut(&tenant)
            .is_some_and(|lane| mem::take(&mut lane.gathers) && !mem::replace(&mut lane.flies, true));
        if starts {
            Flight { lanes: self, tenant, ended: false }.run().await;
        }
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<TenantId, Lane>> {
        // What is in there is right after every statement, so it still is after a panic.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, up: &Up, tenant: TenantId, batch: &Batch) -> Option<RedisResult<Value>> {
        let now = self.clock.as_ref().map(|clock| u64::try_from(clock.now().as_micros()).unwrap_or(u64::MAX));
        let (request, unique) = (batch.request(now)?, self.unique());
        let mut connection = up.connection.clone();
        Some(connection.run(|by| self.wire.ask(up, tenant, batch, &request, unique, by)).await)
    }

    /// What no other command has: this process and a number. Redis adds the time.
    fn unique(&self) -> [u8; 11] {
        let mut bytes = [0; 11];
        let (instance, number) = bytes.split_at_mut(8);
        instance.copy_from_slice(&self.instance.to_be_bytes());
        let next = self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        number.iter_mut().zip(next).for_each(|(byte, from)| *byte = from);
        bytes
    }
}

/// The lane of a tenant, unless nothing is heard there. A silence that begins after this empties the lane after this.
fn lane_of<'a>(lanes: &'a mut HashMap<TenantId, Lane>, up: &Up, tenant: TenantId) -> Option<&'a mut Lane> {
    let lane = lanes.get(&tenant);
    if up.is_silent() || lane.is_some_and(|lane| lane.is_overdue) {
        return None;
    }
    Some(lanes.entry(tenant).or_default())
}

impl Lane {
    /// What the next command takes: all that waits, as far as it fits.
    fn take(&mut self) -> (Vec<Waiting>, Vec<Renewal>) {
        let asks = self.waiting.iter().map(|waiting| &waiting.asked);
        let all = asks.chain(self.renewals.iter().map(|renewal| &renewal.asked));
        let mut limits = 0;
        let fits = all.take(MOST_ASKS).take_while(|asked| {
            limits += asked.many();
            limits <= MOST_LIMITS
        });
        let many = fits.count();
        let waiting: Vec<_> = self.waiting.drain(..many.min(self.waiting.len())).collect();
        let renewals = self.renewals.drain(..many - waiting.len()).collect();
        (waiting, renewals)
    }
}

impl Flight {
    async fn run(mut self) {
        loop {
            // Whoever else is about to ask does so first, such as those who were just answered.
            yield_now().await;
            let Some((waiting, renewals)) = self.take() else { return };
            self.send(waiting, renewals).await;
        }
    }

    /// Takes what waits; ends when nothing does.
    fn take(&mut self) -> Option<(Vec<Waiting>, Vec<Renewal>)> {
        let mut lanes = self.lanes.lanes();
        let taken = lanes.get_mut(&self.tenant).map(Lane::take);
        let taken = taken.filter(|(waiting, renewals)| !waiting.is_empty() || !renewals.is_empty());
        if taken.is_none() {
            self.ended = true;
            lanes.remove(&self.tenant);
        }
        taken
    }

    /// Whoever waits for an answer that does not come is told by the end of its channel.
    async fn send(&self, waiting: Vec<Waiting>, renewals: Vec<Renewal>) {
        let lanes = Arc::clone(&self.lanes);
        let Some(up) = lanes.link.current() else { return };
        let (mut asks, askers): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.asked, waiting.answer)).unzip();
        let asked = asks.len();
        let (beside, renewals): (Vec<_>, Vec<_>) =
            renewals.into_iter().map(|renewal| (renewal.asked, (renewal.same, renewal.more))).unzip();
        asks.extend(beside);
        let Some(batch) = Batch::new(asks) else { return };
        let since = Instant::now();
        let mut sending = pin!(lanes.send(&up, self.tenant, &batch));
        let (sent, askers) = match timeout(lanes.patience, sending.as_mut()).await {
            Ok(sent) => (sent, askers),
            Err(_) => {
                drop(askers);
                up.fall_silent();
                self.note_overdue(true);
                let sent = sending.await;
                self.note_overdue(false);
                (sent, Vec::new())
            }
        };
        let failed = match sent {
            None => Some(Reason::Error),
            Some(Err(error)) => Some(lanes.link.failed(&up, &error)),
            Some(Ok(value)) => {
                up.succeeded();
                match batch.answers(&value) {
                    None => Some(Reason::Error),
                    Some(mut answers) => {
                        let granted = answers.drain(answers.len().min(asked)..);
                        for ((same, more), answered) in renewals.into_iter().zip(granted) {
                            lanes.grants.note(&same, answered.outlook, Some(more));
                        }
                        for (asker, answer) in askers.into_iter().zip(answers) {
                            // Who has given up needs none.
                            let _ = asker.send(answer);
                        }
                        None
                    }
                }
            }
        };
        lanes.metrics.measured(Operation::Ask, since, failed);
    }

    /// While the command is overdue, nobody waits for it, nor behind it.
    fn note_overdue(&self, is_overdue: bool) {
        if let Some(lane) = self.lanes.lanes().get_mut(&self.tenant) {
            lane.is_overdue = is_overdue;
            if is_overdue {
                lane.waiting.clear();
                lane.renewals.clear();
            }
        }
    }
}

/// Whatever else ends it, others may fly.
impl Drop for Flight {
    fn drop(&mut self) {
        if !self.ended {
            self.lanes.lanes().remove(&self.tenant);
        }
    }
}
