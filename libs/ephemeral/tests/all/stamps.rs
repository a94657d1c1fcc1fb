//! Nobody is given what was loaded before a change that was acknowledged.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use futures::future::join_all;
use leasehold_ephemeral::{Ask, Ephemeral, Found, Limit, LookUp, Scope, Stamps, Touched};
use model::{Quota, TenantId};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::{runtime::Runtime, task::JoinHandle};

use crate::support::{Server, commands, connected, look_up, number, tenant, until};

const VARIANT: [u8; 32] = [7; 32];
const LICENSES: usize = 2;
const CLIENTS: usize = 3;

fn hash(license: usize) -> [u8; 32] {
    [u8::try_from(license).unwrap(); 32]
}

/// A step of one of several servers.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Asks what is known.
    Ask(usize, usize),
    /// Loads from the database.
    Load(usize, usize),
    /// Keeps what was loaded.
    Keep(usize, usize),
    /// Commits a change of a license.
    Change(usize),
    /// Tells of all that was committed, license by license or for the tenant.
    Forget(usize, bool),
    /// All is lost.
    Lose,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let reading = || (0..CLIENTS, 0..LICENSES);
    let step = prop_oneof![
        16 => reading().prop_map(|(client, license)| Step::Ask(client, license)),
        8 => reading().prop_map(|(client, license)| Step::Load(client, license)),
        8 => reading().prop_map(|(client, license)| Step::Keep(client, license)),
        2 => (0..LICENSES).prop_map(Step::Change),
        2 => (0..CLIENTS, any::<bool>()).prop_map(|(client, whole)| Step::Forget(client, whole)),
        1 => Just(Step::Lose),
    ];
    vec(step, 1..200)
}

#[derive(Default)]
struct Reader {
    /// What it holds: the stamps and the version.
    held: Option<(Stamps, u64)>,
    /// What it was told to keep what it loads under.
    missing: Option<Stamps>,
    loaded: Option<(Stamps, u64)>,
}

/// What was seen, so that it is known that something was tested.
#[derive(Default)]
struct Seen {
    current: u32,
    kept: u32,
}

async fn play(clients: &[Ephemeral], lose: impl Fn(), steps: &[Step], seen: &mut Seen) -> Result<(), String> {
    let tenant = tenant();
    let mut readers: HashMap<(usize, usize), Reader> = HashMap::new();
    let (mut committed, mut acknowledged) = ([0; LICENSES], [0; LICENSES]);
    for step in steps {
        match *step {
            Step::Ask(client, license) => {
                let reader = readers.entry((client, license)).or_default();
                let held = reader.held.map(|(stamps, _)| stamps);
                let found = look_up(&clients[client], tenant, &hash(license), &VARIANT, held).await.license;
                let given = match found {
                    Found::Current => {
                        seen.current += 1;
                        reader.held
                    }
                    Found::Kept(stamps, value) => {
                        seen.kept += 1;
                        let version = u64::from_be_bytes(value.try_into().unwrap());
                        reader.held = Some((stamps, version));
                        reader.held
                    }
                    Found::Missing(stamps) => {
                        (reader.held, reader.missing) = (None, Some(stamps));
                        None
                    }
                    Found::Unknown => return Err("Redis does not answer".to_owned()),
                };
                if let Some((_, version)) = given
                    && version < acknowledged[license]
                {
                    return Err(format!("{step:?} gave {version} after {}", acknowledged[license]));
                }
            }
            Step::Load(client, license) => {
                let reader = readers.entry((client, license)).or_default();
                reader.loaded = reader.missing.take().map(|stamps| (stamps, committed[license]));
            }
            Step::Keep(client, license) => {
                let reader = readers.entry((client, license)).or_default();
                if let Some((stamps, version)) = reader.loaded.take() {
                    let key_hash = hash(license);
                    let wanted = LookUp { key_hash: &key_hash, variant: &VARIANT, held: None };
                    clients[client].keep(tenant, wanted, stamps, version.to_be_bytes().to_vec());
                    reader.held = Some((stamps, version));
                    // Lets it be sent, mostly.
                    tokio::task::yield_now().await;
                }
            }
            Step::Change(license) => committed[license] += 1,
            Step::Forget(client, whole) => {
                let changed: Vec<_> = (0..LICENSES).filter(|&n| committed[n] > acknowledged[n]).collect();
                let touched = if whole {
                    Touched::Tenant
                } else {
                    Touched::Licenses(changed.into_iter().map(hash).collect())
                };
                clients[client].forget(tenant, &touched).await.map_err(|_| "not told".to_owned())?;
                acknowledged = committed;
            }
            Step::Lose => lose(),
        }
    }
    Ok(())
}

fn any_order(runtime: &Runtime, clients: &[Ephemeral], lose: impl Fn() + Copy) -> Seen {
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let seen = std::cell::RefCell::new(Seen::default());
    runner
        .run(&steps(), |steps| {
            let played = runtime.block_on(play(clients, lose, &steps, &mut seen.borrow_mut()));
            played.map_err(TestCaseError::fail)
        })
        .unwrap();
    seen.into_inner()
}

#[test]
fn in_any_order_in_process() {
    let alone = Ephemeral::in_process(number());
    let runtime = Runtime::new().unwrap();
    let seen = any_order(&runtime, &vec![alone; CLIENTS], || ());
    assert!(seen.current > 200, "{}", seen.current);
}

#[test]
fn in_any_order_in_redis() {
    let server = Server::start();
    let runtime = Runtime::new().unwrap();
    let clients: Vec<_> = (0..CLIENTS).map(|_| runtime.block_on(connected(&server.config()))).collect();
    let seen = any_order(&runtime, &clients, || drop(server.command(&["FLUSHALL"])));
    assert!(seen.current > 200 && seen.kept > 200, "{} {}", seen.current, seen.kept);
}

/// Many changes and checks at the same time, which count for such limits. Says how many checks there were.
async fn at_the_same_time(clients: [Ephemeral; 2], changes: u64, limits: &'static [Limit<'static>]) -> u64 {
    let tenant = tenant();
    let (committed, acknowledged) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (done, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let readers: Vec<_> = (0..8)
        .map(|n| {
            let ephemeral = clients[n % 2].clone();
            let (committed, acknowledged) = (committed.clone(), acknowledged.clone());
            let (done, asked) = (done.clone(), asked.clone());
            tokio::spawn(async move {
                let (mut held, mut known) = (None::<(Stamps, u64)>, 0_u64);
                while !done.load(Ordering::SeqCst) {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let before = acknowledged.load(Ordering::SeqCst);
                    let key_hash = hash(1);
                    let stamps = held.map(|(stamps, _)| stamps);
                    let license = Some(LookUp { key_hash: &key_hash, variant: &VARIANT, held: stamps });
                    match ephemeral.ask(Ask { tenant, limits, license }).await.license {
                        Found::Current => known += 1,
                        Found::Kept(stamps, value) => {
                            held = Some((stamps, u64::from_be_bytes(value.try_into().unwrap())));
                            known += 1;
                        }
                        Found::Missing(stamps) => {
                            held = Some((stamps, committed.load(Ordering::SeqCst)));
                            tokio::task::yield_now().await;
                            let value = held.unwrap().1.to_be_bytes().to_vec();
                            let wanted = LookUp { key_hash: &key_hash, variant: &VARIANT, held: None };
                            ephemeral.keep(tenant, wanted, stamps, value);
                            continue;
                        }
                        Found::Unknown => panic!("Redis does not answer"),
                    }
                    assert!(held.unwrap().1 >= before, "{} was given after {before}", held.unwrap().1);
                    tokio::task::yield_now().await;
                }
                known
            })
        })
        .collect();
    for change in 1..=changes {
        committed.store(change, Ordering::SeqCst);
        let touched = if change % 3 == 0 { Touched::Tenant } else { Touched::Licenses(vec![hash(1)]) };
        clients[usize::from(change % 2 == 0)].forget(tenant, &touched).await.unwrap();
        acknowledged.store(change, Ordering::SeqCst);
        // The readers go on meanwhile.
        let before = asked.load(Ordering::SeqCst);
        while asked.load(Ordering::SeqCst) < before + change % 16
            && !readers.iter().all(JoinHandle::is_finished)
        {
            tokio::task::yield_now().await;
        }
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    asked.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_same_time_in_process() {
    let alone = Ephemeral::in_process(number());
    at_the_same_time([alone.clone(), alone], 3_000, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_same_time_in_redis() {
    let server = Server::start();
    let clients = [connected(&server.config()).await, connected(&server.config()).await];
    at_the_same_time(clients, 3_000, &[]).await;
}

/// Then each change waits until the grants have ended that there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_same_time_with_grants() {
    const PLENTY: Quota = match Quota::new(Quota::MOST, 1) {
        Ok(quota) => quota,
        Err(_) => panic!("it is a quota"),
    };
    const LIMITS: [Limit<'static>; 1] = [Limit { scope: Scope::Tenant, of: b"", quota: PLENTY, take: true }];
    let server = Server::start();
    let clients = [connected(&server.config()).await, connected(&server.config()).await];
    let asked = at_the_same_time(clients, 40, &LIMITS).await;
    let commands = u64::try_from(commands(&server)).unwrap();
    assert!(asked > 4 * commands, "{asked} were asked in {commands} commands");
}

/// Loads a license for a server, and keeps it for the others. Returns the stamps.
pub(crate) async fn keep(ephemeral: &Ephemeral, tenant: TenantId, license: usize, value: &[u8]) -> Stamps {
    let key_hash = hash(license);
    let Found::Missing(stamps) = look_up(ephemeral, tenant, &key_hash, &VARIANT, None).await.license else {
        panic!("it is known already")
    };
    let wanted = LookUp { key_hash: &key_hash, variant: &VARIANT, held: None };
    ephemeral.keep(tenant, wanted, stamps, value.to_vec());
    until("it is kept", || async {
        look_up(ephemeral, tenant, &key_hash, &VARIANT, None).await.license
            == Found::Kept(stamps, value.to_vec())
    })
    .await;
    stamps
}

/// What a server finds that holds something.
pub(crate) async fn find(
    ephemeral: &Ephemeral,
    tenant: TenantId,
    license: usize,
    held: Option<Stamps>,
) -> Found {
    look_up(ephemeral, tenant, &hash(license), &VARIANT, held).await.license
}

#[tokio::test]
async fn what_one_server_keeps_another_is_given() {
    let server = Server::start();
    let [first, second] = [connected(&server.config()).await, connected(&server.config()).await];
    let tenant = tenant();
    let one = keep(&first, tenant, 1, b"one").await;
    let two = keep(&first, tenant, 2, b"").await;
    assert_eq!(find(&second, tenant, 1, None).await, Found::Kept(one, b"one".to_vec()));
    assert_eq!(find(&second, tenant, 1, Some(one)).await, Found::Current);
    // Whoever holds something else asks for what is kept in another request, or loads it.
    assert_eq!(find(&second, tenant, 1, Some(two)).await, Found::Missing(one));
    // Other variants, and other tenants, are something else.
    let other = look_up(&second, tenant, &hash(1), &[8; 32], None).await.license;
    assert_eq!(other, Found::Missing(one));
    assert!(matches!(find(&second, crate::support::tenant(), 1, Some(one)).await, Found::Missing(_)));
    // One license is forgotten, then all.
    second.forget(tenant, &Touched::Licenses(vec![hash(1)])).await.unwrap();
    assert!(matches!(find(&first, tenant, 1, Some(one)).await, Found::Missing(_)));
    assert_eq!(find(&first, tenant, 2, Some(two)).await, Found::Current);
    second.forget(tenant, &Touched::Tenant).await.unwrap();
    assert!(matches!(find(&first, tenant, 2, Some(two)).await, Found::Missing(_)));
}

/// Else all that was asked for when a server was started would be loaded again at the same time.
#[tokio::test]
async fn stamps_that_are_made_together_do_not_end_together() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    join_all((0..200).map(|license| {
        let ephemeral = ephemeral.clone();
        async move { find(&ephemeral, tenant, license, None).await }
    }))
    .await;
    let script = "local least, most = 30000, 0 for _, key in ipairs(redis.call('KEYS', '*}:license:*')) do \
        local left = redis.call('PTTL', key) least = math.min(least, left) most = math.max(most, left) end \
        return most - least";
    let redis::Value::Int(apart) = server.command(&["EVAL", script, "0"]) else { panic!("milliseconds") };
    assert!((5_000..=10_000).contains(&apart), "{apart} ms");
}

#[tokio::test]
async fn nothing_is_kept_for_longer_than_its_lifetime_nor_in_more_than_64_variants() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let stamps = keep(&ephemeral, tenant, 1, b"value").await;
    let key_hash = hash(1);
    for n in 100..200 {
        let wanted = LookUp { key_hash: &key_hash, variant: &[n; 32], held: None };
        ephemeral.keep(tenant, wanted, stamps, vec![n]);
    }
    let script = "local most = 0 for _, key in ipairs(redis.call('KEYS', '*}:kept:*')) do \
        local left = redis.call('PTTL', key) if left < 0 or left > 30000 then error('it lives too long') end \
        most = redis.call('HLEN', key) end \
        for _, key in ipairs(redis.call('KEYS', '*}:license:*')) do local left = redis.call('PTTL', key) \
        if left < 0 or left > 30000 then error('it lives too long') end end return most";
    until("variants are kept", || async { server.command(&["EVAL", script, "0"]) == redis::Value::Int(64) })
        .await;
    // A request later nothing more was kept, and what was is still given.
    assert_eq!(find(&ephemeral, tenant, 1, None).await, Found::Kept(stamps, b"value".to_vec()));
    assert_eq!(server.command(&["EVAL", script, "0"]), redis::Value::Int(64));
}
