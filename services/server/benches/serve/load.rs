//! Two ways to drive a server: as fast as it answers, and at a constant rate. Both from one thread, which waits for all
//! its connections at once.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::client::{Expected, parse};

/// How long the driver waits when nothing happens.
const PATIENCE: Duration = Duration::from_secs(30);

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

impl Until {
    fn is_over(self, elapsed: Duration, asked: u64) -> bool {
        match self {
            Self::Time(most) => elapsed >= most,
            Self::Count(most) => asked >= most,
        }
    }
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
}

/// Of sorted values, the one that this share does not exceed.
pub(crate) fn quantile(sorted: &[u32], share: f64) -> f64 {
    let place = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(place).copied().map_or(f64::NAN, f64::from)
}

/// Asks over this many connections, on each the next question as soon as the last is answered.
pub(crate) fn closed(
    address: SocketAddr,
    connections: usize,
    until: Until,
    requests: &Requests,
    next: &AtomicU64,
) -> Load {
    drive(address, connections, None, until, requests, next)
}

/// Asks at a constant rate, over at most this many connections. A latency begins when the question was due, not when a
/// connection was free for it: what waits because the server is slow is counted as slow.
pub(crate) fn constant(
    address: SocketAddr,
    connections: usize,
    rate: f64,
    most: Duration,
    requests: &Requests,
    next: &AtomicU64,
) -> Load {
    drive(address, connections, Some(rate), Until::Time(most), requests, next)
}

fn drive(
    address: SocketAddr,
    connections: usize,
    rate: Option<f64>,
    until: Until,
    requests: &Requests,
    next: &AtomicU64,
) -> Load {
    let mut lanes: Vec<Lane> = (0..connections).map(|_| Lane::open(address)).collect();
    let mut load = Load::default();
    let (begun, mut asked, mut over) = (Instant::now(), 0_u64, false);
    loop {
        let mut wait = PATIENCE;
        for lane in lanes.iter_mut().filter(|lane| lane.due.is_none()) {
            let now = begun.elapsed();
            let due = rate.map_or(now, |rate| Duration::from_secs_f64(asked as f64 / rate));
            over |= until.is_over(due, asked);
            if over {
                break;
            }
            if due > now {
                wait = due - now;
                break;
            }
            asked += 1;
            lane.due = Some(due);
            if lane.send(&(requests.make)(next.fetch_add(1, Ordering::Relaxed))).is_err() {
                load.failed += 1;
                *lane = Lane::open(address);
            }
        }
        if over && lanes.iter().all(|lane| lane.due.is_none()) {
            break;
        }
        let ready = readable(&lanes, wait);
        for (lane, _) in lanes.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            let Some(due) = lane.due else {
                *lane = Lane::open(address);
                continue;
            };
            match lane.receive(requests.expected) {
                Ok(None) => continue,
                Ok(Some(true)) => {
                    let latency = micros(begun.elapsed().saturating_sub(due));
                    load.latencies.push(latency);
                    if rate.is_some() {
                        load.timeline.push((u64::try_from(due.as_micros()).unwrap_or(u64::MAX), latency));
                    }
                }
                Ok(Some(false)) => load.failed += 1,
                Err(_) => {
                    load.failed += 1;
                    *lane = Lane::open(address);
                }
            }
            lane.due = None;
        }
    }
    load.elapsed = begun.elapsed();
    load.latencies.sort_unstable();
    load.timeline.sort_unstable();
    load
}

pub(crate) fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// Waits, and tells of each lane whether there is something to read.
fn readable(lanes: &[Lane], wait: Duration) -> Vec<bool> {
    let mut sockets: Vec<PollFd<'_>> =
        lanes.iter().map(|lane| PollFd::new(&lane.socket, PollFlags::IN)).collect();
    let wait = Timespec::try_from(wait).expect("a short time");
    poll(&mut sockets, Some(&wait)).expect("sockets can be waited for");
    sockets.iter().map(|socket| !socket.revents().is_empty()).collect()
}

/// A connection, and when the question on its way was due, from the start.
struct Lane {
    socket: TcpStream,
    buffer: Vec<u8>,
    due: Option<Duration>,
}

impl Lane {
    fn open(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("a connection");
        socket.set_nodelay(true).and_then(|()| socket.set_nonblocking(true)).expect("a socket");
        Self { socket, buffer: Vec::with_capacity(8_192), due: None }
    }

    /// A request is far shorter than what a socket takes at once.
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        self.socket.write_all(request)
    }

    /// Reads what is there; when the answer is whole, whether it is as expected.
    fn receive(&mut self, expected: Expected) -> io::Result<Option<bool>> {
        let mut piece = [0; 8_192];
        let length = self.socket.read(&mut piece)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(piece.get(..length).unwrap_or_default());
        Ok(parse(&self.buffer)?.map(|answer| answer.is(expected)))
    }
}
