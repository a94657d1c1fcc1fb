//! Connections to a server or to a cluster.

use std::time::Duration;

use futures::future::join_all;
use redis::{
    AsyncConnectionConfig, Client as SingleClient, Cmd, ErrorKind, Pipeline, RedisError, RedisResult,
    ServerErrorKind, Value, aio::MultiplexedConnection, cluster::ClusterClient,
    cluster_async::ClusterConnection,
};

use super::wire::By;
use crate::Reason;

/// How long a connection may take.
pub(crate) const CONNECTING: Duration = Duration::from_millis(250);
/// How long whoever asks waits for the answer: many times of what Redis takes, and few times of what a request takes.
pub(crate) const PATIENCE: Duration = Duration::from_millis(25);
/// How long an answer may take until the connection is given up.
pub(crate) const RESPONDING: Duration = Duration::from_millis(100);

pub(crate) enum Client {
    Single(Box<SingleClient>, Duration),
    Cluster(Box<ClusterClient>),
}

/// Commands that are sent at the same time share it.
#[derive(Clone)]
pub(crate) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Client {
    /// How long it may take until there is a connection, to all nodes of a cluster.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::Single(..) => 2 * CONNECTING,
            Self::Cluster(_) => 8 * CONNECTING,
        }
    }

    pub(crate) async fn connect(&self) -> RedisResult<Connection> {
        match self {
            Self::Single(client, responding) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECTING))
                    .set_response_timeout(Some(*responding));
                client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::Single)
            }
            Self::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }
}

impl Connection {
    pub(crate) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Single(connection) => connection.send_packed_command(command).await?.extract_error(),
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }

    /// Runs a script that is named in one way or the other.
    pub(crate) async fn run(&mut self, command: impl Fn(By) -> Cmd) -> RedisResult<Value> {
        match self.send(&command(By::Hash)).await {
            // The server was restarted, or another node took over.
            Err(error) if lacks_script(&error) => self.send(&command(By::Text)).await,
            sent => sent,
        }
    }

    /// Sends several commands. In a cluster they may be for several nodes.
    pub(crate) async fn send_all(&mut self, commands: Vec<Cmd>) -> RedisResult<()> {
        match self {
            Self::Single(connection) => {
                let mut pipeline = Pipeline::with_capacity(commands.len());
                for command in commands {
                    pipeline.add_command(command);
                }
                pipeline.query_async::<Vec<Value>>(connection).await.map(drop)
            }
            Self::Cluster(connection) => {
                let sent = commands.into_iter().map(|command| {
                    let mut connection = connection.clone();
                    async move { command.query_async::<Value>(&mut connection).await }
                });
                join_all(sent).await.into_iter().try_for_each(|sent| sent.map(drop))
            }
        }
    }

    /// Whether it cannot be used any more after such an error: it is closed, or answers come in order and one did not
    /// come. Connections within a cluster are replaced by themselves, and what one node does says nothing of the others.
    pub(crate) fn is_lost(&self, error: &RedisError) -> bool {
        matches!(self, Self::Single(_))
            && (error.is_connection_dropped() || error.is_unrecoverable_error() || error.is_timeout())
    }

    /// Whether all answers come from one server, in the order of the commands.
    pub(crate) const fn is_single(&self) -> bool {
        matches!(self, Self::Single(_))
    }
}

/// Whether Redis does not know the script.
pub(crate) fn lacks_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// What kind of trouble it is, without a word of what Redis or the configuration say.
pub(crate) fn reason(error: &RedisError) -> Reason {
    if error.is_timeout() {
        return Reason::Timeout;
    }
    if error.is_connection_refusal() {
        return Reason::Refused;
    }
    match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM")) => Reason::Denied,
        (_, Some("OOM" | "MISCONF" | "NOREPLICAS")) => Reason::Full,
        (_, Some("READONLY")) => Reason::ReadOnly,
        (_, Some("LOADING" | "BUSY" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK")) => {
            Reason::NotReady
        }
        (ErrorKind::Io | ErrorKind::ClusterConnectionNotFound, _) => Reason::Lost,
        _ => Reason::Error,
    }
}
