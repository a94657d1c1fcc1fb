//! Who asks the same again and again is let in ahead, within the limits, and never on what has changed.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    task::Poll,
    time::{Duration, Instant},
};

use futures::future::join_all;
use leasehold_ephemeral::{Answer, Ask, Ephemeral, Found, Limit, LookUp, Scope, Stamps, Touched};
use model::TenantId;
use redis::Value;
use tokio::{task::yield_now, time::sleep};

use crate::support::{
    Hand, Server, ask, commands, connected, connected_at, look, look_up, take, tenant, until,
};

const LICENSE: [u8; 32] = [1; 32];
const VARIANT: [u8; 32] = [7; 32];

/// What a server holds of the license from now on.
async fn hold(ephemeral: &Ephemeral, tenant: TenantId) -> Stamps {
    match look_up(ephemeral, tenant, &LICENSE, &VARIANT, None).await.license {
        Found::Missing(stamps) | Found::Kept(stamps, _) => stamps,
        found @ (Found::Current | Found::Unknown) => panic!("{found:?}"),
    }
}

/// A check of what is held.
async fn check(ephemeral: &Ephemeral, tenant: TenantId, limits: &[Limit<'_>], held: Stamps) -> Answer {
    let license = Some(LookUp { key_hash: &LICENSE, variant: &VARIANT, held: Some(held) });
    ephemeral.ask(Ask { tenant, limits, license }).await
}

/// Whether a check waits for Redis, and its answer.
async fn waits(checking: impl Future<Output = Answer>) -> (bool, Answer) {
    let mut checking = pin!(checking);
    match poll_fn(|context| Poll::Ready(checking.as_mut().poll(context))).await {
        Poll::Ready(answer) => (false, answer),
        Poll::Pending => (true, checking.await),
    }
}

/// Checks until Redis need not be asked.
async fn get_going(
    server: &Server,
    ephemeral: &Ephemeral,
    tenant: TenantId,
    limits: &[Limit<'_>],
    held: Stamps,
) {
    until("something is granted", || async {
        let before = commands(server);
        for _ in 0..50 {
            assert_eq!(check(ephemeral, tenant, limits, held).await.license, Found::Current);
        }
        commands(server) - before < 25
    })
    .await;
}

#[tokio::test]
async fn who_asks_again_and_again_asks_redis_seldom() {
    let server = Server::start();
    let ephemeral = connected_at(&server.config(), &Hand::new()).await;
    let tenant = tenant();
    let held = hold(&ephemeral, tenant).await;
    let limits = [
        look(Scope::WrongKeysOfAddress, b"here", "30/600"),
        take(Scope::LicenseKey, &LICENSE, "5000/86400"),
        take(Scope::Tenant, b"", "100000/86400"),
    ];
    let before = commands(&server);
    let mut left = (5_000, 100_000);
    for n in 0..400 {
        let answer = check(&ephemeral, tenant, &limits, held).await;
        assert_eq!((answer.tenant, &answer.license), (Some(held.tenant), &Found::Current));
        let [wrong, of_key, of_tenant] = answer.limits.as_slice() else { panic!("three limits") };
        assert!(answer.limits.iter().all(|limit| limit.retry_after.is_none()));
        // What was granted and not used in time is gone.
        assert!(of_key.left < left.0 && of_tenant.left < left.1, "{n}: {answer:?} after {left:?}");
        left = (of_key.left, of_tenant.left);
        // As much time as was taken: one of the license is there again after 17.28 s.
        assert_eq!(of_key.full_after, ((5_000 - left.0) * 1_728).div_ceil(100));
        assert_eq!((wrong.left, wrong.full_after), (30, 0));
    }
    assert!(commands(&server) - before < 100, "{} commands", commands(&server) - before);
    // Nothing was taken that is not counted in Redis.
    let now = ask(&ephemeral, tenant, &[look(Scope::LicenseKey, &LICENSE, "5000/86400")]).await;
    assert!(now.limits[0].left <= left.0, "{now:?} after {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_are_let_in_than_the_limits_allow() {
    let server = Server::start();
    let pair = [connected(&server.config()).await, connected(&server.config()).await];
    let tenant = tenant();
    let held = hold(&pair[0], tenant).await;
    let asking = (0..16).map(|n| {
        let ephemeral = pair[n % 2].clone();
        tokio::spawn(async move {
            // Which are back long after the test.
            let limits =
                [take(Scope::LicenseKey, &LICENSE, "4000/86400"), take(Scope::Tenant, b"", "3000/86400")];
            let mut allowed = 0;
            loop {
                let answer = check(&ephemeral, tenant, &limits, held).await;
                assert!(answer.tenant.is_some(), "Redis answered");
                if !answer.allows() {
                    return allowed;
                }
                allowed += 1;
            }
        })
    });
    let allowed: u32 = join_all(asking).await.into_iter().map(Result::unwrap).sum();
    // What is granted and not used is an eighth at the most, each time that a server stands still.
    assert!((1_000..=3_000).contains(&allowed), "{allowed}");
    assert!(commands(&server) < 2_000, "{}", commands(&server));
}

/// One server asks without pause, another changes things and is told when that is known everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_told_once_nobody_relies_on_what_was_before() {
    let server = Server::start();
    let [asks, changes] = [connected(&server.config()).await, connected(&server.config()).await];
    let tenant = tenant();
    let limits = [take(Scope::Tenant, b"", "10000000/1")];
    let relied_on = AtomicU64::new(0);
    for touched in [
        Touched::Licenses(vec![LICENSE]),
        Touched::Tenant,
        Touched::Licenses(vec![[2; 32], LICENSE]),
        // So many that all are.
        Touched::Licenses((0_u16..1_000).map(|n| [n.to_le_bytes()[0]; 32]).collect()),
    ] {
        let held = hold(&asks, tenant).await;
        get_going(&server, &asks, tenant, &limits, held).await;
        let told = AtomicBool::new(false);
        let asking = async {
            loop {
                let was_told = told.load(Ordering::SeqCst);
                let found = check(&asks, tenant, &limits, held).await.license;
                if was_told {
                    return found;
                }
                if found == Found::Current {
                    relied_on.fetch_add(1, Ordering::SeqCst);
                }
                yield_now().await;
            }
        };
        let telling = async {
            changes.forget(tenant, &touched).await.unwrap();
            told.store(true, Ordering::SeqCst);
        };
        let (found, ()) = tokio::join!(asking, telling);
        assert!(matches!(found, Found::Missing(stamps) if stamps != held), "{found:?} after {touched:?}");
    }
    assert!(relied_on.into_inner() > 100, "hardly anything was relied on meanwhile");
}

#[tokio::test]
async fn a_change_of_what_nobody_relies_on_waits_for_nothing() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let held = hold(&ephemeral, tenant).await;
    let limits = [take(Scope::Tenant, b"", "10000000/1")];
    let marks = || server.command(&["EVAL", "return #redis.call('KEYS', '*}:relied:*')", "0"]);
    // Asked once, and asked without limits.
    assert_eq!(check(&ephemeral, tenant, &limits, held).await.license, Found::Current);
    for _ in 0..50 {
        assert_eq!(check(&ephemeral, tenant, &[], held).await.license, Found::Current);
    }
    assert_eq!(marks(), Value::Int(0));
    get_going(&server, &ephemeral, tenant, &limits, held).await;
    // Of the license and of the tenant; neither outlives the grant.
    let script = "for _, key in ipairs(redis.call('KEYS', '*}:relied:*')) do \
        local left = redis.call('PTTL', key) if left < 0 or left > 260 then error('it lasts too long') end end";
    server.command(&["EVAL", script, "0"]);
    until("the marks have expired", || async { marks() == Value::Int(0) }).await;
}

/// Another server may have counted more of them meanwhile.
#[tokio::test]
async fn who_presented_wrong_keys_is_granted_nothing() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let held = hold(&ephemeral, tenant).await;
    let limits = [
        look(Scope::WrongKeysOfAddress, b"here", "30/86400"),
        look(Scope::WrongKeysOfTenant, b"", "3000/86400"),
        take(Scope::Tenant, b"", "10000000/1"),
    ];
    // Those of others do not matter.
    assert!(ask(&ephemeral, tenant, &[take(Scope::WrongKeysOfTenant, b"", "3000/86400")]).await.allows());
    get_going(&server, &ephemeral, tenant, &limits, held).await;
    let wrong = [take(Scope::WrongKeysOfAddress, b"here", "30/86400")];
    assert!(ask(&ephemeral, tenant, &wrong).await.allows());
    until("what was granted is used up", || async {
        waits(check(&ephemeral, tenant, &limits, held)).await.0
    })
    .await;
    let before = commands(&server);
    for _ in 0..50 {
        assert_eq!(check(&ephemeral, tenant, &limits, held).await.license, Found::Current);
    }
    assert_eq!(commands(&server) - before, 50);
}

/// Who is near the end of a limit asks for each, and none is left unused.
#[tokio::test]
async fn the_last_ones_are_not_granted_ahead() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let held = hold(&ephemeral, tenant).await;
    let limits = [take(Scope::Tenant, b"", "7/86400")];
    for left in (0..7).rev() {
        assert_eq!(check(&ephemeral, tenant, &limits, held).await.limits[0].left, left);
    }
    let refused = check(&ephemeral, tenant, &limits, held).await;
    assert_eq!((refused.allows(), refused.license), (false, Found::Unknown));
}

/// Who goes on asking is answered at once, while more is asked for beside.
#[tokio::test]
async fn who_goes_on_asking_does_not_wait_for_redis() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let held = hold(&ephemeral, tenant).await;
    let limits = [take(Scope::Tenant, b"", "10000000/1")];
    get_going(&server, &ephemeral, tenant, &limits, held).await;
    let before = commands(&server);
    let (mut waited, begun) = (0, Instant::now());
    while begun.elapsed() < Duration::from_millis(1_500) {
        let (waits, answer) = waits(check(&ephemeral, tenant, &limits, held)).await;
        waited += usize::from(waits);
        assert_eq!(answer.license, Found::Current);
        sleep(Duration::from_millis(10)).await;
    }
    let asked = commands(&server) - before;
    assert!(asked >= 4, "Redis was asked {asked} times only");
    // Were nothing asked for beside, each time that Redis is asked somebody would wait.
    assert!(2 * waited < asked, "{waited} waited of {asked} times that Redis was asked");
}

/// What is asked for beside is nobody's request: where there is not enough left for it, none of it is taken.
#[tokio::test]
async fn where_little_is_left_nothing_is_taken_beside() {
    let server = Server::start();
    let clock = Hand::new();
    let pair = [connected_at(&server.config(), &clock).await, connected_at(&server.config(), &clock).await];
    let take = [take(Scope::Tenant, b"", "64/86400")];
    loop {
        let tenant = tenant();
        let held = hold(&pair[0], tenant).await;
        let begun = Instant::now();
        let mut allowed = 0;
        // The first four make sure that more is granted than is left in the end.
        for _ in 0..4 {
            allowed += u32::from(check(&pair[0], tenant, &take, held).await.allows());
        }
        let others = join_all((0..40).map(|_| ask(&pair[1], tenant, &take))).await;
        allowed += u32::try_from(others.iter().filter(|answer| answer.allows()).count()).unwrap();
        while ask(&pair[1], tenant, &[look(Scope::Tenant, b"", "64/86400")]).await.limits[0].left > 1 {
            allowed += u32::from(ask(&pair[1], tenant, &take).await.allows());
        }
        while check(&pair[0], tenant, &take, held).await.allows() {
            allowed += 1;
            // So that what is asked for beside is answered before the next.
            sleep(Duration::from_millis(10)).await;
        }
        assert!(allowed <= 64, "{allowed}");
        if allowed == 64 {
            return;
        }
        // What is not used in time is gone.
        assert!(begun.elapsed() > Duration::from_millis(200), "only {allowed} were let in");
    }
}

/// What comes after may be another server, which knows nothing of what was granted.
#[tokio::test]
async fn a_grant_ends_with_its_connection() {
    let mut server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let held = hold(&ephemeral, tenant).await;
    let limits = [take(Scope::Tenant, b"", "10000000/1")];
    get_going(&server, &ephemeral, tenant, &limits, held).await;
    server.stop();
    until("it is noticed", || async {
        check(&ephemeral, tenant, &limits, held).await.license == Found::Unknown
    })
    .await;
    server.start_again();
    crate::support::answering(&ephemeral).await;
    assert!(matches!(check(&ephemeral, tenant, &limits, held).await.license, Found::Missing(_)));
}
