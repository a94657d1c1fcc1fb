//! Whether the process is alive, and whether it should be sent requests.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use licensing::{Licensing, RedisHealth};
use poem::{
    Endpoint, Response,
    endpoint::{make, make_sync},
    http::{HeaderValue, header},
};

use crate::problem::{Fault, Problem};

const STARTING: u8 = 0;
const READY: u8 = 1;
const STOPPING: u8 = 2;

/// Whether the server wants requests. Clones share one flag.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<AtomicU8>);

impl Readiness {
    /// Not ready yet.
    #[must_use]
    pub fn starting() -> Self {
        Self(Arc::new(AtomicU8::new(STARTING)))
    }

    /// Ready from now on; a server that is stopping does not become ready again.
    pub fn set_ready(&self) {
        // Failing means that it is ready or stopping already.
        let _ = self.0.compare_exchange(STARTING, READY, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Not ready any more, for good.
    pub fn set_stopping(&self) {
        self.0.store(STOPPING, Ordering::SeqCst);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::SeqCst) == READY
    }
}

/// `GET /healthz`: the process answers.
pub(crate) fn alive() -> impl Endpoint<Output = Response> + 'static {
    make_sync(|_| status("alive"))
}

/// `GET /readyz`: the server wants requests, and its database answers. That Redis does not is told, and no reason to send
/// requests elsewhere: they are answered without it.
pub(crate) fn ready(
    licensing: Licensing,
    readiness: Readiness,
) -> impl Endpoint<Output = Response> + 'static {
    make(move |_| {
        let (licensing, readiness) = (licensing.clone(), readiness.clone());
        async move {
            if !readiness.is_ready() {
                return Err(not_ready());
            }
            // Not an error in the log: whoever asks every second would fill it while the database is away.
            licensing.ping().await.map_err(|error| {
                tracing::debug!(%error, "the database does not answer");
                not_ready()
            })?;
            Ok(told("ready", &redis(licensing.redis_health())))
        }
    })
}

fn not_ready() -> poem::Error {
    Problem::new(Fault::NotReady).header(header::RETRY_AFTER, HeaderValue::from_static("1")).into()
}

/// How it stands with Redis, as further members; none where there is no Redis.
fn redis(health: RedisHealth) -> String {
    match health {
        RedisHealth::InProcess => String::new(),
        RedisHealth::Answering => r#","redis":{"status":"answering"}"#.to_owned(),
        RedisHealth::Troubled { lasting, reason } => format!(
            r#","redis":{{"status":"troubled","reason":"{}","seconds":{}}}"#,
            reason.name(),
            lasting.as_secs()
        ),
    }
}

fn status(word: &str) -> Response {
    told(word, "")
}

fn told(word: &str, more: &str) -> Response {
    Response::builder()
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(format!(r#"{{"status":"{word}"{more}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopping_server_does_not_become_ready_again() {
        let readiness = Readiness::starting();
        let shared = readiness.clone();
        assert!(!readiness.is_ready());
        shared.set_ready();
        assert!(readiness.is_ready());
        shared.set_stopping();
        shared.set_ready();
        assert!(!readiness.is_ready());
    }
}
