//! Whatever happens to Redis, asks are answered, nothing old comes back, and it is used again as soon as it works.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use leasehold_ephemeral::{
    Ephemeral, Found, Health, LIFETIME_SECONDS, NotTold, Reason, Scope, Touched, Tuning,
};
use rustix::process::Signal;

use crate::{
    stamps::{find, keep},
    support::{PATIENCE, Server, answering, ask, config, connected, free_port, number, take, tenant, until},
};

/// How long an ask may take at most on a machine that is busy: many times of what is waited for an answer.
const BOUND: Duration = Duration::from_millis(800);

/// How long it may take until Redis is used again.
const RECOVERY: Duration = Duration::from_secs(2);

/// Asks until the trouble is seen. All are answered in time.
async fn troubled(ephemeral: &Ephemeral, reasons: &[Reason]) {
    until("trouble is seen", || async {
        let started = Instant::now();
        let limits = [take(Scope::Tenant, b"", "1000/60")];
        assert!(ask(ephemeral, tenant(), &limits).await.allows());
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        matches!(ephemeral.health(), Health::Troubled { .. })
    })
    .await;
    until("its reason is seen", || async {
        matches!(ephemeral.health(), Health::Troubled { reason, .. } if reasons.contains(&reason))
    })
    .await;
}

/// While there is trouble, limits are those of the process and nothing is known.
async fn alone(ephemeral: &Ephemeral) {
    let tenant = tenant();
    let limits = [take(Scope::Tenant, b"", "2/60")];
    for allowed in [true, true, false] {
        let answer = ask(ephemeral, tenant, &limits).await;
        assert_eq!((answer.allows(), answer.tenant), (allowed, None));
    }
    assert_eq!(find(ephemeral, tenant, 1, None).await, Found::Unknown);
    let started = Instant::now();
    assert_eq!(ephemeral.forget(tenant, &Touched::Tenant).await, Err(NotTold));
    assert!(started.elapsed() < BOUND);
}

/// It is used again. As it can be named, nothing that was loaded before has to be void because of that.
async fn recovered(ephemeral: &Ephemeral) {
    recovered_after(ephemeral, 0).await;
}

async fn recovered_after(ephemeral: &Ephemeral, interruptions: u64) {
    let took = answering(ephemeral).await;
    assert!(took < RECOVERY, "{took:?}");
    assert_eq!(ephemeral.interruptions(), interruptions);
    asked(ephemeral).await;
}

/// Asks until Redis answers: on a busy machine a patience of 25 ms may be too short once.
async fn asked(ephemeral: &Ephemeral) {
    until("Redis answers in time", || async {
        ask(ephemeral, tenant(), &[take(Scope::Tenant, b"", "1/60")]).await.tenant.is_some()
    })
    .await;
}

/// The connections of others.
fn clients(server: &Server) -> Vec<String> {
    let listed = redis::from_redis_value::<String>(server.command(&["CLIENT", "LIST"])).unwrap();
    let of_test = |line: &str| line.contains(" cmd=client|list ");
    let name = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    listed.lines().filter(|line| !of_test(line)).map(name).collect()
}

#[tokio::test]
async fn nobody_listens_at_first() {
    let mut server = Server::start();
    server.stop();
    let ephemeral = Ephemeral::redis(&server.config(), number()).unwrap();
    alone(&ephemeral).await;
    troubled(&ephemeral, &[Reason::Refused]).await;
    server.start_again();
    recovered(&ephemeral).await;
}

#[tokio::test]
async fn the_server_ends_and_starts_again_empty() {
    let mut server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let stamps = keep(&ephemeral, tenant, 1, b"old").await;
    server.stop();
    troubled(&ephemeral, &[Reason::Refused]).await;
    alone(&ephemeral).await;
    server.start_again();
    recovered(&ephemeral).await;
    assert!(matches!(find(&ephemeral, tenant, 1, Some(stamps)).await, Found::Missing(_)));
}

#[tokio::test]
async fn the_server_starts_again_with_older_data() {
    let mut server = Server::start_with("appendonly no\n");
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let stamps = keep(&ephemeral, tenant, 1, b"old").await;
    server.command(&["SAVE"]);
    ephemeral.forget(tenant, &Touched::Licenses(vec![[1; 32]])).await.unwrap();
    server.stop();
    server.start_again();
    let count = server.command(&["DBSIZE"]);
    assert!(matches!(count, redis::Value::Int(2..)), "the data did come back: {count:?}");
    until("it is noticed", || async { find(&ephemeral, tenant, 1, None).await != Found::Unknown }).await;
    assert!(matches!(find(&ephemeral, tenant, 1, Some(stamps)).await, Found::Missing(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_does_not_say_a_word() {
    let server = Server::start();
    let ephemeral = Ephemeral::redis(&server.config(), number()).unwrap();
    answering(&ephemeral).await;
    server.signal(Signal::STOP);
    all_are_answered(&ephemeral, 64).await;
    // From now on nobody waits: a thousand would take at least 25 seconds.
    let started = Instant::now();
    for _ in 0..1_000 {
        ask(&ephemeral, tenant(), &[]).await;
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    troubled(&ephemeral, &[Reason::Timeout]).await;
    alone(&ephemeral).await;
    server.signal(Signal::CONT);
    recovered(&ephemeral).await;
}

/// Many ask of 64 tenants, or of one, at the same time: more than fit into the commands that are sent at once. All are
/// answered without Redis.
async fn all_are_answered(ephemeral: &Ephemeral, tenants: usize) {
    let all: Vec<_> = std::iter::repeat_with(tenant).take(tenants).collect();
    let asked = (0..256).map(|n| {
        let (ephemeral, tenant) = (ephemeral.clone(), all[n % tenants]);
        tokio::spawn(async move {
            let started = Instant::now();
            let answer = ask(&ephemeral, tenant, &[take(Scope::Tenant, b"", "1000/60")]).await;
            assert!(answer.allows() && answer.tenant.is_none());
            started.elapsed()
        })
    });
    for took in futures::future::join_all(asked).await {
        assert!(took.unwrap() < BOUND);
    }
}

/// Answers that are late, but not as late as that the connection is given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_silence_costs_little_and_ends_with_the_next_answer() {
    let server = Server::start();
    let tuning = Tuning { responding: PATIENCE, ..Tuning::default() };
    let ephemeral = Ephemeral::redis_tuned(&server.config(), number(), tuning).unwrap();
    answering(&ephemeral).await;
    asked(&ephemeral).await;
    let before = clients(&server);
    for tenants in [1, 64] {
        server.signal(Signal::STOP);
        all_are_answered(&ephemeral, tenants).await;
        // From now on nobody waits: a thousand would take at least 25 seconds.
        let started = Instant::now();
        for _ in 0..1_000 {
            assert_eq!(ask(&ephemeral, tenant(), &[]).await.tenant, None);
        }
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        assert_eq!(ephemeral.health(), Health::Answering);
        server.signal(Signal::CONT);
        asked(&ephemeral).await;
        assert_eq!((ephemeral.health(), ephemeral.interruptions()), (Health::Answering, 0));
    }
    // It was the same connection all the time.
    assert_eq!(clients(&server), before);
}

/// Nobody else asks meanwhile, so no other command fails.
#[tokio::test]
async fn one_answer_that_does_not_come_is_enough() {
    let server = Server::start();
    let ephemeral = Ephemeral::redis(&server.config(), number()).unwrap();
    answering(&ephemeral).await;
    server.signal(Signal::STOP);
    assert_eq!(ask(&ephemeral, tenant(), &[]).await.tenant, None);
    let took = until("trouble is seen", || async { ephemeral.health() != Health::Answering }).await;
    assert!(took < BOUND, "{took:?}");
    server.signal(Signal::CONT);
    recovered(&ephemeral).await;
}

#[tokio::test]
async fn packets_go_nowhere() {
    // An address that is reserved for documentation.
    let ephemeral = Ephemeral::redis(&config(&["redis://192.0.2.1/".to_owned()]), number()).unwrap();
    let started = Instant::now();
    alone(&ephemeral).await;
    assert!(started.elapsed() < BOUND);
    troubled(&ephemeral, &[Reason::Timeout, Reason::Refused, Reason::Lost]).await;
}

#[tokio::test]
async fn the_server_is_full() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    troubled(&ephemeral, &[Reason::Full]).await;
    alone(&ephemeral).await;
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    recovered(&ephemeral).await;
}

#[tokio::test]
async fn the_server_becomes_a_replica() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    server.command(&["REPLICAOF", "127.0.0.1", &free_port().to_string()]);
    troubled(&ephemeral, &[Reason::ReadOnly]).await;
    alone(&ephemeral).await;
    server.command(&["REPLICAOF", "NO", "ONE"]);
    // It may hold what its master had.
    recovered_after(&ephemeral, 1).await;
}

#[tokio::test]
async fn the_password_becomes_wrong() {
    let server = Server::start();
    server.command(&["ACL", "SETUSER", "app", "on", ">right", "~test:*", "+@all"]);
    let url = server.url().replace("redis://", "redis://app:right@");
    let ephemeral = connected(&config(&[url])).await;
    server.command(&["ACL", "SETUSER", "app", "resetpass", ">other"]);
    server.command(&["CLIENT", "KILL", "USER", "app"]);
    troubled(&ephemeral, &[Reason::Denied]).await;
    alone(&ephemeral).await;
    server.command(&["ACL", "SETUSER", "app", ">right"]);
    recovered(&ephemeral).await;
}

#[tokio::test]
async fn few_permissions_are_enough() {
    let server = Server::start();
    let rules = ["-@all", "+evalsha", "+eval", "+script|load", "+time", "+mget", "+set", "+get", "+hget"];
    let more = ["+hset", "+hlen", "+hexists", "+pexpire", "+pttl", "+del", "~test:*"];
    server.command(&[&["ACL", "SETUSER", "app", "on", ">secret"], &rules[..], &more[..]].concat());
    let url = server.url().replace("redis://", "redis://app:secret@");
    let ephemeral = connected(&config(&[url])).await;
    let tenant = tenant();
    let stamps = keep(&ephemeral, tenant, 1, b"value").await;
    assert_eq!(find(&ephemeral, tenant, 1, Some(stamps)).await, Found::Current);
    assert!(ask(&ephemeral, tenant, &[take(Scope::Tenant, b"", "1/60")]).await.tenant.is_some());
    ephemeral.forget(tenant, &Touched::Tenant).await.unwrap();
    // As it may not be asked for its name, it may be another server after a connection was lost.
    for interruptions in 1..3 {
        server.command(&["CLIENT", "KILL", "USER", "app"]);
        until("it is connected anew", || async { ephemeral.interruptions() == interruptions }).await;
        answering(&ephemeral).await;
    }
}

#[tokio::test]
async fn scripts_and_data_are_lost_without_an_interruption() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let stamps = keep(&ephemeral, tenant, 1, b"old").await;
    server.command(&["SCRIPT", "FLUSH"]);
    assert_eq!(find(&ephemeral, tenant, 1, Some(stamps)).await, Found::Current);
    server.command(&["FLUSHALL"]);
    server.command(&["SCRIPT", "FLUSH"]);
    let Found::Missing(fresh) = find(&ephemeral, tenant, 1, Some(stamps)).await else { panic!("it is back") };
    assert!(fresh.license != stamps.license && fresh.tenant != stamps.tenant);
    assert_eq!((ephemeral.health(), ephemeral.interruptions()), (Health::Answering, 0));
}

/// A server that cannot reach Redis commits a change, while another still reaches it.
#[tokio::test]
async fn what_could_not_be_told_is_told_before_redis_is_used_again() {
    let server = Server::start();
    server.command(&["ACL", "SETUSER", "app", "on", ">right", "~*", "+@all"]);
    let cut = connected(&config(&[server.url().replace("redis://", "redis://app:right@")])).await;
    let other = connected(&server.config()).await;
    let tenant = tenant();
    let stamps = keep(&other, tenant, 1, b"old").await;
    server.command(&["ACL", "SETUSER", "app", "off"]);
    server.command(&["CLIENT", "KILL", "USER", "app"]);
    assert_eq!(cut.forget(tenant, &Touched::Licenses(vec![[1; 32]])).await, Err(NotTold));
    assert_eq!(cut.forget(tenant, &Touched::Licenses(vec![[1; 32]])).await, Err(NotTold));
    assert_eq!(find(&other, tenant, 1, Some(stamps)).await, Found::Current);
    server.command(&["ACL", "SETUSER", "app", "on"]);
    until("Redis is asked again", || async {
        let found = find(&cut, tenant, 1, Some(stamps)).await;
        assert!(matches!(found, Found::Unknown | Found::Missing(_)), "{found:?}");
        found != Found::Unknown
    })
    .await;
    assert!(matches!(find(&other, tenant, 1, Some(stamps)).await, Found::Missing(_)));
    assert_eq!(LIFETIME_SECONDS, 30);
}

#[tokio::test]
async fn an_idle_connection_that_is_lost_is_noticed() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    // Nobody asks anything.
    let names = || clients(&server).into_iter().collect::<HashSet<_>>();
    let before = names();
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    until("it is connected anew", || async { !names().is_subset(&before) }).await;
    answering(&ephemeral).await;
}

#[tokio::test]
async fn nothing_goes_on_after_the_end() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let clone = ephemeral.clone();
    drop(ephemeral);
    assert!(ask(&clone, tenant(), &[]).await.tenant.is_some());
    drop(clone);
    until("the connection is closed", || async { clients(&server).is_empty() }).await;
}
