//! Listens between a server and PostgreSQL: which statements a request makes, and how often it waits for an answer.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use store::Location;
use url::Url;

/// What went over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Traffic {
    /// The statements, in order; those that were sent as one text are one. Those of each connection are together, because
    /// the end of one unit of work may meet the beginning of the next on another.
    pub(crate) statements: Vec<String>,
    /// How often the database said that it was ready for the next.
    pub(crate) round_trips: usize,
}

/// What was heard: statements with the connections that they were on.
#[derive(Default)]
struct Heard {
    statements: Vec<(SocketAddr, String)>,
    round_trips: usize,
}

/// A listener that passes everything on.
pub(crate) struct Wire {
    traffic: Arc<Mutex<Heard>>,
    /// The same database by way of the listener.
    pub(crate) location: Location,
}

impl Wire {
    pub(crate) fn before(location: &Location) -> Self {
        let Location::Postgres(url) = location else { panic!("only PostgreSQL has a wire") };
        let mut url = Url::parse(url).expect("a URL");
        let database = (url.host_str().expect("a host").to_owned(), url.port().unwrap_or(5_432));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let SocketAddr::V4(address) = listener.local_addr().expect("an address") else { panic!("IPv4") };
        url.set_port(Some(address.port())).expect("a URL with a port");
        url.set_query(Some("sslmode=disable"));
        let traffic = Arc::default();
        let log = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                if let Ok(upstream) = TcpStream::connect(&database) {
                    // A connection that breaks is the server's to open again.
                    let _passing = pass(socket, upstream, &log);
                }
            }
        });
        Self { traffic, location: Location::Postgres(url.to_string()) }
    }

    /// What went over the wire since this was last asked.
    pub(crate) fn take(&self) -> Traffic {
        let heard = std::mem::take(&mut *self.traffic.lock().unwrap_or_else(PoisonError::into_inner));
        let mut connections: Vec<SocketAddr> = Vec::new();
        for (connection, _) in &heard.statements {
            if !connections.contains(connection) {
                connections.push(*connection);
            }
        }
        let of = |connection: SocketAddr| heard.statements.iter().filter(move |heard| heard.0 == connection);
        let statements = connections.into_iter().flat_map(of).map(|(_, statement)| statement.clone());
        Traffic { statements: statements.collect(), round_trips: heard.round_trips }
    }
}

fn pass(client: TcpStream, database: TcpStream, log: &Arc<Mutex<Heard>>) -> io::Result<()> {
    client.set_nodelay(true)?;
    database.set_nodelay(true)?;
    let connection = client.peer_addr()?;
    let (to_client, to_database) = (client.try_clone()?, database.try_clone()?);
    let (asked, answered) = (Arc::clone(log), Arc::clone(log));
    std::thread::spawn(move || {
        let mut names = HashMap::new();
        copy(client, to_database, true, |kind, body| questions(connection, kind, body, &mut names, &asked))
    });
    std::thread::spawn(move || {
        copy(database, to_client, false, |kind, _| {
            if kind == b'Z' {
                answered.lock().unwrap_or_else(PoisonError::into_inner).round_trips += 1;
            }
        })
    });
    Ok(())
}

/// Passes messages on, each after it was shown. The first of a client has no kind.
fn copy(
    mut from: TcpStream,
    mut to: TcpStream,
    startup: bool,
    mut show: impl FnMut(u8, &[u8]),
) -> io::Result<()> {
    let mut kindless = startup;
    let done = loop {
        let mut head = vec![0; if kindless { 4 } else { 5 }];
        if let Err(error) = from.read_exact(&mut head) {
            break Err(error);
        }
        let (kind, length) = head.split_at(head.len() - 4);
        let length = u32::from_be_bytes(length.try_into().unwrap_or_default());
        let mut body = vec![0; usize::try_from(length).unwrap_or(0).saturating_sub(4)];
        if let Err(error) = from.read_exact(&mut body) {
            break Err(error);
        }
        if let [kind] = kind {
            show(*kind, &body);
        }
        kindless = false;
        let whole = [head, body].concat();
        if let Err(error) = to.write_all(&whole) {
            break Err(error);
        }
    };
    let _closed = to.shutdown(Shutdown::Both);
    done
}

/// Notes statements when they are run: prepared ones by their names.
fn questions(
    connection: SocketAddr,
    kind: u8,
    body: &[u8],
    names: &mut HashMap<Vec<u8>, String>,
    log: &Mutex<Heard>,
) {
    let mut texts = body.split(|byte| *byte == 0);
    let ran = match kind {
        b'P' => {
            let (name, statement) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
            names.insert(name.to_vec(), String::from_utf8_lossy(statement).into_owned());
            None
        }
        // A portal, then a statement.
        b'B' => names.get(texts.nth(1).unwrap_or_default()).cloned(),
        b'Q' => texts.next().map(|text| String::from_utf8_lossy(text).into_owned()),
        _ => None,
    };
    log.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .statements
        .extend(ran.map(|statement| (connection, statement)));
}
