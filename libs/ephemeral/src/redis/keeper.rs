//! Keeping what was loaded, beside answering requests and in batches.

use std::{sync::Arc, time::Instant};

use redis::{ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value, aio::ConnectionLike as _};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{
    breaker::{Breaker, reason},
    connect::Link,
    meters::{Meters, Operation},
    script::{Arguments, Script},
};
use crate::Stamp;

/// So much waits at most.
const MOST_WAITING: usize = 1_024;
/// So much is sent at once.
const BATCH: usize = 64;
/// So many variants of one license are kept.
const MOST_VARIANTS: &str = "65";

/// What is to be kept.
pub(super) struct Kept {
    pub(super) key: String,
    pub(super) license: Stamp,
    pub(super) variant: [u8; 32],
    pub(super) value: Vec<u8>,
}

/// The queue of what is to be kept. Its task ends with it.
pub(super) struct Keeper(Sender<Kept>);

impl Keeper {
    pub(super) fn start(breaker: Arc<Breaker>, meters: Arc<Meters>) -> Self {
        let (sender, receiver) = channel(MOST_WAITING);
        tokio::spawn(run(receiver, breaker, meters));
        Self(sender)
    }

    /// Whether there was room.
    pub(super) fn keep(&self, kept: Kept) -> bool {
        self.0.try_send(kept).is_ok()
    }
}

async fn run(mut queue: Receiver<Kept>, breaker: Arc<Breaker>, meters: Arc<Meters>) {
    let script = Script::new(include_str!("keep.lua"));
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        if let Some((number, mut link)) = breaker.link() {
            let started = Instant::now();
            let sent = send(&script, &mut link, &batch).await;
            match &sent {
                Ok(()) => breaker.succeeded(),
                Err(error) => breaker.failed(number, error),
            }
            meters.answered(Operation::Keep, started, sent.as_ref().err().map(reason));
        }
        batch.clear();
    }
}

async fn send(script: &Script, link: &mut Link, batch: &[Kept]) -> Result<(), RedisError> {
    if let Link::Single(connection) = link {
        let mut pipeline = Pipeline::with_capacity(batch.len());
        for kept in batch {
            with_arguments(kept, |arguments| {
                pipeline.add_command(script.by_hash(arguments));
            });
        }
        let answers = connection.req_packed_commands(&pipeline, 0, batch.len()).await;
        let answers: RedisResult<Vec<Value>> =
            answers.and_then(|answers| answers.into_iter().map(Value::extract_error).collect());
        match answers {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {}
            answers => return answers.map(drop),
        }
    }
    // A cluster has them in different places; and a Redis that does not know the script is told it here.
    for kept in batch {
        let variant = kept.variant;
        let license = kept.license.bytes();
        let keys: [&[u8]; 1] = [kept.key.as_bytes()];
        let values: [&[u8]; 4] = [&license, &variant, &kept.value, MOST_VARIANTS.as_bytes()];
        script.call(link, &Arguments { keys: &keys, values: &values }).await?;
    }
    Ok(())
}

fn with_arguments(kept: &Kept, use_them: impl FnOnce(&Arguments<'_>)) {
    let license = kept.license.bytes();
    let keys: [&[u8]; 1] = [kept.key.as_bytes()];
    let values: [&[u8]; 4] = [&license, &kept.variant, &kept.value, MOST_VARIANTS.as_bytes()];
    use_them(&Arguments { keys: &keys, values: &values });
}
