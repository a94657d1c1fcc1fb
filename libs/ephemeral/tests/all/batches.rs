//! Asks of one tenant that share a command are answered as if they had been made one after the other.

use std::{
    collections::HashSet,
    future::{Future as _, poll_fn},
    task::Poll,
};

use futures::future::join_all;
use leasehold_ephemeral::{Ephemeral, Found, Limit, LookUp, Scope, Stamp, Touched};
use model::TenantId;
use rustix::process::Signal;
use tokio::task::yield_now;

use crate::support::{Hand, Server, ask, commands, connected, connected_at, look, look_up, take, tenant};

/// On one thread all ask before the first command goes.
#[tokio::test]
async fn many_share_a_command() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let (tenant, before) = (tenant(), commands(&server));
    let limits = [take(Scope::Address, b"here", "5/60"), take(Scope::Tenant, b"", "30/60")];
    let answers = join_all((0..40).map(|_| ask(&ephemeral, tenant, &limits))).await;
    // In the order in which they asked.
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.allows(), n < 5, "{n}");
        assert_eq!(answer.limits[1].left, 29 - u32::try_from(n).unwrap().min(4), "{n}");
    }
    assert!(commands(&server) - before <= 2, "{}", commands(&server) - before);
    // More than fit into a command.
    let tenant = crate::support::tenant();
    let names: Vec<_> = (0_u8..100).map(|n| [n]).collect();
    let limits: Vec<_> = names.iter().map(|name| take(Scope::Address, name, "7/60")).collect();
    let answers = join_all((0..10).map(|_| ask(&ephemeral, tenant, &limits))).await;
    assert_eq!(answers.iter().filter(|answer| answer.allows()).count(), 7);
    assert!(answers.iter().all(|answer| answer.tenant.is_some() && answer.limits.len() == 100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_are_allowed_than_there_are() {
    let server = Server::start();
    let pair = [connected(&server.config()).await, connected(&server.config()).await];
    let tenant = tenant();
    let asked = (0..500).map(|n| {
        let ephemeral = pair[n % 2].clone();
        // Which are back long after the test.
        tokio::spawn(async move { ask(&ephemeral, tenant, &[take(Scope::Tenant, b"", "100/86400")]).await })
    });
    let answers: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| answer.tenant.is_some()), "Redis answered");
    let left: HashSet<_> =
        answers.iter().filter(|answer| answer.allows()).map(|answer| answer.limits[0].left).collect();
    assert_eq!(answers.iter().filter(|answer| answer.allows()).count(), 100);
    assert_eq!(left, (0..100).collect());
}

/// The quota is the asker's, whatever others of the same batch say of the same limit.
#[tokio::test]
async fn everyone_has_a_quota_of_their_own() {
    let server = Server::start();
    let ephemeral = connected_at(&server.config(), &Hand::new()).await;
    let (together, alone) = (tenant(), tenant());
    let asks = ["3/86400", "1/86400", "2/43200", "3/86400", "1/60", "10/86400"];
    let limits = asks.map(|text| [take(Scope::Tenant, b"", text)]);
    let answers = join_all(limits.iter().map(|limits| ask(&ephemeral, together, limits))).await;
    for (limits, answer) in limits.iter().zip(answers) {
        assert_eq!(ask(&ephemeral, alone, limits).await.limits, answer.limits, "{limits:?}");
    }
    // What was answered is also what was written.
    let look = [look(Scope::Tenant, b"", "100/86400")];
    let after = ask(&ephemeral, together, &look).await.limits;
    assert_eq!(ask(&ephemeral, alone, &look).await.limits, after);
}

/// The stamps of licenses and of the tenant, made for those who ask at the same time.
async fn stamps(ephemeral: &Ephemeral, tenant: TenantId, hashes: &[[u8; 32]]) -> Vec<Stamp> {
    let asked = hashes.iter().map(|hash| look_up(ephemeral, tenant, hash, &[7; 32], None));
    let mut all = Vec::new();
    for answer in join_all(asked).await {
        let Found::Missing(stamps) = answer.license else { panic!("{answer:?}") };
        assert_eq!(answer.tenant, Some(stamps.tenant));
        all.extend([stamps.tenant, stamps.license]);
    }
    all
}

#[tokio::test]
async fn stamps_that_are_made_together_differ() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let hashes: Vec<_> = (0_u8..60).map(|n| [n; 32]).collect();
    let before = commands(&server);
    let first: HashSet<_> = stamps(&ephemeral, tenant, &hashes).await.into_iter().collect();
    assert!(commands(&server) - before <= 2);
    // One of the tenant, and one of each license.
    assert_eq!(first.len(), 61);
    ephemeral.forget(tenant, &Touched::Tenant).await.unwrap();
    ephemeral.forget(tenant, &Touched::Licenses(hashes.clone())).await.unwrap();
    let second: HashSet<_> = stamps(&ephemeral, tenant, &hashes).await.into_iter().collect();
    assert_eq!(second.len(), 61);
    assert!(first.is_disjoint(&second));
}

/// Several look-ups of the same license, with and without what is held, and one that a limit refuses.
#[tokio::test]
async fn each_is_told_of_its_own_license() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let one = crate::stamps::keep(&ephemeral, tenant, 1, b"one").await;
    let two = crate::stamps::keep(&ephemeral, tenant, 2, &[9; 5_000]).await;
    let none = [take(Scope::Address, b"spent", "1/86400")];
    assert!(ask(&ephemeral, tenant, &none).await.allows());
    let look = [look(Scope::Tenant, b"", "1/60")];
    let asks: [(u8, u8, _, &[Limit<'_>]); 7] = [
        (1, 7, None, &look),
        (2, 7, None, &[]),
        (1, 7, Some(one), &[]),
        (2, 7, Some(one), &look),
        (2, 7, None, &none),
        (1, 8, Some(two), &[]),
        (3, 7, None, &none),
    ];
    let answers = join_all(asks.map(|(license, variant, held, limits)| {
        let ephemeral = &ephemeral;
        async move {
            let license = LookUp { key_hash: &[license; 32], variant: &[variant; 32], held };
            ephemeral.ask(leasehold_ephemeral::Ask { tenant, limits, license: Some(license) }).await.license
        }
    }))
    .await;
    let kept = |stamps, value: &[u8]| Found::Kept(stamps, value.to_vec());
    let expected = [
        kept(one, b"one"),
        kept(two, &[9; 5_000]),
        Found::Current,
        Found::Missing(two),
        Found::Unknown,
        Found::Missing(one),
        Found::Unknown,
    ];
    assert_eq!(answers, expected);
}

/// Whoever is in a command, or waits for the next one, may go away.
#[tokio::test]
async fn who_gives_up_takes_nothing_from_the_others() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let limits = [take(Scope::Tenant, b"", "100/86400")];
    server.signal(Signal::STOP);
    let mut asks = Vec::new();
    // Two commands are on their way, and more wait behind them.
    for _ in 0..3 {
        let mut more: Vec<_> = (0..10).map(|_| Box::pin(ask(&ephemeral, tenant, &limits))).collect();
        for asked in &mut more {
            assert!(poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_pending())).await);
        }
        for _ in 0..20 {
            yield_now().await;
        }
        asks.extend(more);
    }
    let mut n = 0;
    asks.retain(|_| {
        n += 1;
        n % 2 == 0
    });
    server.signal(Signal::CONT);
    let answers = join_all(asks).await;
    assert!(answers.iter().all(|answer| answer.tenant.is_some() && answer.allows()));
    // What was sent counts, and what waited still and was given up does not have to.
    let left: Vec<_> = answers.iter().map(|answer| answer.limits[0].left).collect();
    assert!(left.is_sorted_by(|one, next| one > next), "{left:?}");
}
