//! The end of a server: in order, and without losing an answer; and the limits of a connection.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Place, client};

const REQUESTS: usize = 60;

#[tokio::test]
async fn sigterm_during_requests_loses_no_answer() {
    let place = Place::embedded();
    place.sell("unlimited");
    let license = place.license();
    let server = place.serve(&[]);
    let address = server.url.strip_prefix("http://").unwrap();
    let mut sockets = Vec::new();
    for number in 0..REQUESTS {
        let body = license.on(&format!("machine-{number}"));
        let head =
            "POST /v1/activate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length:";
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    // Some are answered, some are being worked on, some wait to be accepted.
    server.terminate();
    for mut socket in sockets {
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.expect("the whole answer");
        assert!(answer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(server.ended(), Some(0));
    let shown = place.run(&["license", "show", &license.id, "--json"]).json();
    assert_eq!(shown["seats_used"], REQUESTS);
}

#[tokio::test]
async fn checks_that_were_counted_are_written_at_the_end() {
    let place = Place::embedded();
    place.sell("1");
    let license = place.license();
    let server = place.serve(&[]);
    assert_eq!(server.post("/v1/activate", license.on("a")).await.0, 201);
    server.terminate();
    assert_eq!(server.ended(), Some(0));
    let shown = place.run(&["license", "show", &license.id, "--json"]).json();
    assert_eq!(shown["seats_used"], 1);
}

#[tokio::test]
async fn a_connection_without_a_whole_header_is_closed() {
    let place = Place::embedded();
    let server = place.serve(&["--header-timeout", "300"]);
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    // Nothing; half a request; half of what begins HTTP/2; a second request that does not come.
    let whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".as_slice();
    for (sent, answered) in
        [(b"".as_slice(), false), (b"GET / HT", false), (b"PRI * HT", false), (whole, true)]
    {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        socket.write_all(sent).await.unwrap();
        let begun = Instant::now();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut answer)).await;
        let _closed = read.expect("the server closes the connection");
        assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", String::from_utf8_lossy(sent));
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), answered, "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(client().get(format!("{}/readyz", server.url)).send().await.unwrap().status().as_u16(), 200);
}
