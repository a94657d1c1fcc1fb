//! The least that speaks HTTP/1.1: it shares two cores with what it measures.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

/// What an answer must be to count as one.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    /// How its body begins.
    pub(crate) begins: &'static str,
}

impl Expected {
    /// A valid license.
    pub(crate) const VALID: Self = Self { status: 200, begins: "{\"valid\":true" };
    /// Whatever it is.
    pub(crate) const ANY: Self = Self { status: 0, begins: "" };
    /// Any success.
    pub(crate) const OK: Self = Self { status: 200, begins: "{" };
    /// Something new.
    pub(crate) const CREATED: Self = Self { status: 201, begins: "{" };
}

/// A whole answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// Whether it counts.
    pub(crate) fn is(&self, expected: Expected) -> bool {
        (expected.status == self.status || expected.status == 0)
            && self.body.starts_with(expected.begins.as_bytes())
    }
}

/// The request of one call.
pub(crate) fn post(path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads an answer, if all of it is there. The server always says how long its answers are.
pub(crate) fn parse(bytes: &[u8]) -> io::Result<Option<Answer<'_>>> {
    let broken = || io::Error::other("not an answer that the benchmark understands");
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, rest) = bytes.split_at(end + 4);
    let head = std::str::from_utf8(head).map_err(|_| broken())?;
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(broken)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    });
    let length = length.ok_or_else(broken)?;
    Ok(rest.get(..length).map(|body| Answer { status, body }))
}

/// A connection that a thread waits for.
pub(crate) struct Waiting {
    socket: std::net::TcpStream,
    buffer: Vec<u8>,
}

impl Waiting {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(std::time::Duration::from_secs(30)))?;
        Ok(Self { socket, buffer: Vec::with_capacity(8_192) })
    }

    /// Sends a request; gives whether its answer is as expected.
    pub(crate) fn exchange(&mut self, request: &[u8], expected: Expected) -> io::Result<bool> {
        Ok(self.ask(request)?.is(expected))
    }

    /// Sends a request; gives its answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.buffer.clear();
        self.socket.write_all(request)?;
        let mut piece = [0; 8_192];
        loop {
            let length = self.socket.read(&mut piece)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(piece.get(..length).unwrap_or_default());
            if parse(&self.buffer)?.is_some() {
                break;
            }
        }
        parse(&self.buffer)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
