//! The HTTP server: a small loop around hyper, because poem's own waits for ever for the rest of a header.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, error::Elapsed, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// What a client may demand of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a client may take to send a request's header, and to begin the next request.
    pub(crate) header_read: Duration,
    /// How long a request may take, from the end of its header to its answer: bodies that drip in are cut off.
    pub(crate) request: Duration,
    /// The same for requests that bring in files of any length, which look after the pieces of their bodies themselves.
    pub(crate) long_request: Duration,
    /// Connections at a time; more wait in the system's queue.
    pub(crate) connections: usize,
    /// How long requests may go on after the server was told to stop.
    pub(crate) drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(10),
            request: Duration::from_secs(30),
            long_request: Duration::from_secs(60 * 60),
            // Below the 1,024 files that many systems let a process open.
            connections: 800,
            drain: Duration::from_secs(10),
        }
    }
}

const KIB: usize = 1024;
/// Silence after which the queue of connections that clients have opened already counts as served.
const QUEUE_SILENCE: Duration = Duration::from_millis(20);
/// How long that queue is served at most.
const QUEUE_MOST: Duration = Duration::from_millis(250);
/// Pause after the system has refused a connection, for example because no more files may be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`, then answers what has arrived. Ends at once on `abort`.
pub(crate) async fn serve<E>(
    listener: TcpListener,
    endpoint: E,
    limits: Limits,
    stop: CancellationToken,
    abort: CancellationToken,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let connections = Connections {
        endpoint: Arc::new(endpoint),
        places: Arc::new(Semaphore::new(limits.connections)),
        limits,
        abort: abort.clone(),
    };
    let drain = GracefulShutdown::new();
    let accept = async {
        loop {
            connections.accept(&listener, &drain).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = abort.cancelled() => return,
        () = accept => {}
    }
    // Closing the listener resets connections that nobody has accepted yet: first wait until no more come, but not for
    // ever, and then take those that are there.
    let queue = async |silence| {
        while timeout(silence, connections.accept(&listener, &drain)).await.is_ok() {}
    };
    let _silent = timeout(QUEUE_MOST, queue(QUEUE_SILENCE)).await;
    let _empty = timeout(QUEUE_MOST, queue(Duration::ZERO)).await;
    drop(listener);
    tokio::select! {
        () = abort.cancelled() => {}
        drained = timeout(limits.drain, drain.shutdown()) => if drained.is_err() {
            tracing::warn!(seconds = limits.drain.as_secs(), "requests were cut off");
            abort.cancel();
        }
    }
}

struct Connections<E> {
    endpoint: Arc<E>,
    places: Arc<Semaphore>,
    limits: Limits,
    abort: CancellationToken,
}

impl<E: Endpoint<Output = Response> + 'static> Connections<E> {
    /// Waits for a place and a connection, and serves it in a task of its own.
    async fn accept(&self, listener: &TcpListener, drain: &GracefulShutdown) {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((socket, remote)) => {
                let connection = serve_connection(
                    socket,
                    remote,
                    Arc::clone(&self.endpoint),
                    self.limits,
                    drain.watcher(),
                );
                let abort = self.abort.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = connection => {}
                        () = abort.cancelled() => {}
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_connection<E>(
    socket: TcpStream,
    remote: SocketAddr,
    endpoint: Arc<E>,
    limits: Limits,
    drain: Watcher,
) where
    E: Endpoint<Output = Response> + 'static,
{
    let local = socket
        .local_addr()
        .map_or_else(|_| LocalAddr::default(), |address| LocalAddr(Addr::SocketAddr(address)));
    let remote = RemoteAddr(Addr::SocketAddr(remote));
    // Only a matter of speed.
    let _set = socket.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let endpoint = Arc::clone(&endpoint);
        let takes_long = api::takes_long(request.uri().path());
        let most = if takes_long { limits.long_request } else { limits.request };
        let request = poem::Request::from((request, local.clone(), remote.clone(), Scheme::HTTP));
        // In a place of its own, since all that waits for it is moved around.
        let answering = Box::pin(async move { endpoint.get_response(request).await });
        async move {
            match timeout(most, answering).await {
                Ok(response) => Ok::<hyper::Response<_>, Elapsed>(response.into()),
                Err(elapsed) => Err(elapsed),
            }
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_read).max_buf_size(64 * KIB);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_concurrent_streams(64)
        .max_pending_accept_reset_streams(20)
        .max_header_list_size(16 * 1024);
    let io = TokioIo::new(FirstBytes::new(socket, limits.header_read));
    if let Err(error) = drain.watch(builder.serve_connection(io, service).into_owned()).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A connection that must say which version of HTTP it speaks before its time is up: hyper waits for that without limit.
struct FirstBytes {
    socket: TcpStream,
    /// Gone once enough bytes have come to tell HTTP/1 from HTTP/2.
    deadline: Option<Pin<Box<Sleep>>>,
    missing: usize,
}

/// The length of the preface of HTTP/2 (RFC 9113 section 3.4).
const PREFACE: usize = 24;

impl FirstBytes {
    fn new(socket: TcpStream, most: Duration) -> Self {
        Self { socket, deadline: Some(Box::pin(sleep(most))), missing: PREFACE }
    }
}

impl AsyncRead for FirstBytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer);
        if let Some(deadline) = &mut self.deadline {
            if read.is_pending() && deadline.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()));
            }
            self.missing = self.missing.saturating_sub(buffer.filled().len() - before);
            if self.missing == 0 {
                self.deadline = None;
            }
        }
        read
    }
}

impl AsyncWrite for FirstBytes {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use poem::endpoint::make;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const HEAD: &str = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";

    struct Serving {
        address: SocketAddr,
        stop: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    /// Serves an endpoint that answers with the body it was sent.
    async fn start(limits: Limits) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let echo = make(|mut request: poem::Request| async move {
            assert!(request.remote_addr().as_socket_addr().is_some());
            Ok::<_, poem::Error>(Response::builder().body(request.take_body().into_bytes().await?))
        });
        let task = tokio::spawn(serve(listener, echo, limits, stop.clone(), CancellationToken::new()));
        Serving { address, stop, task }
    }

    async fn send(address: SocketAddr, text: &str) -> TcpStream {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(text.as_bytes()).await.unwrap();
        socket
    }

    /// All that comes until the server closes the connection.
    async fn rest(mut socket: TcpStream) -> String {
        let mut bytes = Vec::new();
        let read = timeout(Duration::from_secs(20), socket.read_to_end(&mut bytes)).await;
        // Whether it is closed or reset does not matter.
        let _closed = read.expect("the server closes the connection");
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let serving = start(Limits { request: Duration::from_millis(100), ..Limits::default() }).await;
        assert_eq!(rest(send(serving.address, &format!("{HEAD}a")).await).await, "");
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_wait() {
        let limits = Limits { connections: 1, header_read: Duration::from_millis(300), ..Limits::default() };
        let serving = start(limits).await;
        let first = send(serving.address, &format!("{HEAD}ab")).await;
        let second = send(serving.address, &format!("{HEAD}cd")).await;
        // The first holds its place until it is idle for too long.
        assert!(rest(first).await.ends_with("ab"));
        assert!(rest(second).await.ends_with("cd"));
    }

    #[tokio::test]
    async fn the_rest_of_a_request_may_come_while_the_server_stops() {
        let serving = start(Limits::default()).await;
        let mut begun = send(serving.address, &format!("{HEAD}a")).await;
        sleep(Duration::from_millis(100)).await;
        serving.stop.cancel();
        sleep(Duration::from_millis(100)).await;
        begun.write_all(b"b").await.unwrap();
        let answer = rest(begun).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ab"), "{answer}");
        serving.task.await.unwrap();
    }

    #[tokio::test]
    async fn a_request_that_never_ends_does_not_hold_up_the_stop() {
        let serving = start(Limits { drain: Duration::from_millis(100), ..Limits::default() }).await;
        let begun = send(serving.address, &format!("{HEAD}a")).await;
        sleep(Duration::from_millis(100)).await;
        serving.stop.cancel();
        serving.task.await.unwrap();
        assert_eq!(rest(begun).await, "");
    }
}
