//! Two ways to drive a server: as fast as it answers, and at a constant rate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Connection, Expected, Waiting};

/// What is asked: the request of each number.
#[derive(Clone)]
pub(crate) struct Requests {
    pub(crate) make: Arc<dyn Fn(u64) -> Arc<[u8]> + Send + Sync>,
    pub(crate) expected: Expected,
}

impl Requests {
    /// These requests, again and again.
    pub(crate) fn cycle(requests: Vec<Arc<[u8]>>, expected: Expected) -> Self {
        let count = requests.len();
        let make = move |number: u64| {
            let place = usize::try_from(number).unwrap_or(0) % count;
            requests.get(place).cloned().unwrap_or_default()
        };
        Self { make: Arc::new(make), expected }
    }
}

/// When to stop.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Time(Duration),
    Count(u64),
}

/// What was measured. Latencies are in microseconds, in order.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) latencies: Vec<u32>,
    pub(crate) failed: u64,
    pub(crate) elapsed: Duration,
    /// For each answer at a constant rate: when it was due, in microseconds from the start, and its latency.
    pub(crate) timeline: Vec<(u64, u32)>,
}

impl Load {
    /// Answers as expected in each second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the answers kept to, in microseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        quantile(&self.latencies, share)
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.timeline.extend(other.timeline);
        self.failed += other.failed;
    }

    fn finish(mut self, begun: Instant) -> Self {
        self.elapsed = begun.elapsed();
        self.latencies.sort_unstable();
        self.timeline.sort_unstable();
        self
    }
}

/// Of sorted values, the one that this share does not exceed.
pub(crate) fn quantile(sorted: &[u32], share: f64) -> f64 {
    let place = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(place).copied().map_or(f64::NAN, f64::from)
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// Asks over this many connections, on each the next question as soon as the last is answered.
pub(crate) fn closed(
    address: SocketAddr,
    connections: u32,
    until: Until,
    requests: &Requests,
    next: &AtomicU64,
) -> Load {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(Connection::open(address).await.expect("a connection"));
        }
        let begun = Instant::now();
        let first = next.load(Ordering::Relaxed);
        let callers = open.into_iter().map(|mut connection| async move {
            let mut load = Load::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let over = match until {
                    Until::Time(most) => begun.elapsed() >= most,
                    Until::Count(most) => number >= first + most,
                };
                if over {
                    return load;
                }
                let request = (requests.make)(number);
                let asked = Instant::now();
                match connection.exchange(&request, requests.expected).await {
                    Ok(true) => load.latencies.push(micros(asked.elapsed())),
                    Ok(false) => load.failed += 1,
                    Err(_) => {
                        load.failed += 1;
                        connection = Connection::open(address).await.expect("a connection");
                    }
                }
            }
        });
        let mut all = Load::default();
        for load in futures::future::join_all(callers).await {
            all.add(load);
        }
        all.finish(begun)
    })
}

/// Asks at a constant rate, over at most this many connections. A latency begins when the question was due, not when a
/// connection was free for it: what waits because the server is slow is counted as slow.
pub(crate) fn constant(
    address: SocketAddr,
    connections: u32,
    rate: f64,
    most: Duration,
    requests: &Requests,
    next: &AtomicU64,
) -> Load {
    let begun = Instant::now() + Duration::from_millis(20);
    let place = AtomicU64::new(0);
    let caller = || {
        let mut connection = Waiting::open(address).expect("a connection");
        let mut load = Load::default();
        loop {
            let due = Duration::from_secs_f64(place.fetch_add(1, Ordering::Relaxed) as f64 / rate);
            if due >= most {
                return load;
            }
            let request = (requests.make)(next.fetch_add(1, Ordering::Relaxed));
            std::thread::sleep((begun + due).saturating_duration_since(Instant::now()));
            let answer = connection.exchange(&request, requests.expected);
            let latency = micros((begun + due).elapsed());
            match answer {
                Ok(true) => {
                    load.latencies.push(latency);
                    load.timeline.push((u64::try_from(due.as_micros()).unwrap_or(u64::MAX), latency));
                }
                Ok(false) => load.failed += 1,
                Err(_) => {
                    load.failed += 1;
                    connection = Waiting::open(address).expect("a connection");
                }
            }
        }
    };
    let mut all = Load::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(caller)).collect();
        for thread in threads {
            all.add(thread.join().expect("a thread ends"));
        }
    });
    all.finish(begun)
}
