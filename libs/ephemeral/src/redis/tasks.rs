//! What happens in the background.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use model::TenantId;
use redis::{RedisError, from_redis_value};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    connect::{Client, Connection, lacks_script, reason},
    link::{Link, Unpaid, Up},
    runs::{Run, Seen},
    wire::{By, Wire},
};
use crate::{
    LookUp, Reason, Stamps, Touched,
    telemetry::{Metrics, Operation},
};

/// How often it is tried to connect.
const RETRY: Duration = Duration::from_millis(250);
/// How often it is asked whether a connection that works still does.
const WATCH: Duration = Duration::from_secs(1);
/// So much is kept, or told about, in one go.
const BATCH: usize = 64;

/// Something that is to be kept.
pub(super) struct Kept {
    pub(super) tenant: TenantId,
    pub(super) key_hash: [u8; 32],
    pub(super) variant: [u8; 32],
    pub(super) stamps: Stamps,
    pub(super) value: Vec<u8>,
}

/// Connects whenever there is no connection.
pub(super) async fn connect(client: Client, wire: Arc<Wire>, link: Arc<Link>, metrics: Arc<Metrics>) {
    loop {
        let up = match establish(&client, &wire, &link).await {
            Ok(up) => up,
            Err(reason) => {
                link.still_down(reason);
                sleep(RETRY).await;
                continue;
            }
        };
        metrics.interrupted();
        while timeout(WATCH, link.lost.notified()).await.is_err() {
            match up.connection.clone().send(&wire.probe()).await {
                Ok(_) => up.succeeded(),
                Err(error) => {
                    link.failed(&up, &error);
                }
            }
        }
        metrics.interrupted();
    }
}

/// Connects, tries to write, and tells Redis what it was not told yet.
async fn establish(client: &Client, wire: &Wire, link: &Link) -> Result<Arc<Up>, Reason> {
    let reason = |error: RedisError| reason(&error);
    let connecting = timeout(client.patience(), client.connect()).await.map_err(|_| Reason::Timeout)?;
    let mut connection = connecting.map_err(reason)?;
    connection.send(&wire.probe()).await.map_err(reason)?;
    for load in wire.load() {
        connection.send(&load).await.map_err(reason)?;
    }
    let seen = seen(&mut connection).await?;
    let mut up = Up::new(connection, seen);
    // At most as often as there are changes meanwhile.
    loop {
        let tenants;
        (up, tenants) = match link.close(up) {
            Ok(up) => return Ok(up),
            Err(Unpaid::Wait) => return Err(Reason::NotReady),
            Err(Unpaid::Tenants(up, tenants)) => (*up, tenants),
        };
        for batch in tenants.chunks(BATCH) {
            let told =
                batch.iter().map(|tenant| wire.forget(&up, *tenant, &Touched::Tenant, By::Text)).collect();
            if let Err(error) = up.connection.send_all(told).await {
                let reason = reason(error);
                link.not_told(tenants, reason);
                return Err(reason);
            }
        }
    }
}

/// Names a server. Of a cluster there is no such name, nor where it may not be asked for.
async fn seen(connection: &mut Connection) -> Result<Option<Seen>, Reason> {
    let Some(run) = told(connection, "server", "run_id").await? else { return Ok(None) };
    let history = told(connection, "replication", "master_replid").await?;
    Ok(Some(Seen { run, history }))
}

/// The beginning of a name that a server tells of itself.
async fn told(connection: &mut Connection, section: &str, name: &str) -> Result<Option<Run>, Reason> {
    if !connection.is_single() {
        return Ok(None);
    }
    let mut info = redis::cmd("INFO");
    info.arg(section);
    let value = match connection.send(&info).await {
        Ok(value) => value,
        // It may be told another time, and a server has but one name.
        Err(error) if error.is_io_error() => return Err(reason(&error)),
        Err(_) => return Ok(None),
    };
    let text = from_redis_value::<String>(value).unwrap_or_default();
    let told = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(told.and_then(|told| told.as_bytes().first_chunk().copied()))
}

/// Keeps what comes in, for other servers.
pub(super) async fn keep(
    mut waiting: mpsc::Receiver<Kept>,
    wire: Arc<Wire>,
    link: Arc<Link>,
    metrics: Arc<Metrics>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let Some(up) = link.current() else {
            batch.clear();
            continue;
        };
        let commands = batch
            .drain(..)
            .map(|kept| {
                let look_up = LookUp { key_hash: &kept.key_hash, variant: &kept.variant, held: None };
                wire.keep(&up, kept.tenant, &look_up, kept.stamps, &kept.value)
            })
            .collect();
        let since = Instant::now();
        let mut connection = up.connection.clone();
        let failed = match connection.send_all(commands).await {
            Ok(()) => {
                up.succeeded();
                None
            }
            // What is lost now will be loaded once more.
            Err(error) if lacks_script(&error) => {
                let loaded = connection.send_all(wire.load()).await;
                loaded.err().map(|error| link.failed(&up, &error))
            }
            Err(error) => Some(link.failed(&up, &error)),
        };
        metrics.measured(Operation::Keep, since, failed);
    }
}
