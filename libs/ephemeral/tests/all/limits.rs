//! Limits, on both faces.

use std::time::Duration;

use crate::support::{Hand, Server, ask, connected, connected_at, look, number, take, tenant};
use leasehold_ephemeral::{Ephemeral, Scope, Standing};

const SECOND: Duration = Duration::from_secs(1);

/// Both faces, with the same clock.
async fn faces(server: &Server, hand: &Hand) -> [Ephemeral; 2] {
    [Ephemeral::in_process_at(number(), hand.clock()), connected_at(&server.config(), hand).await]
}

#[tokio::test]
async fn retry_after_is_right_to_the_second() {
    let server = Server::start();
    let hand = Hand::new();
    for ephemeral in faces(&server, &hand).await {
        for (text, seconds) in [("1/7", 7), ("3/10", 4), ("60/60", 1), ("2/86400", 43_200), ("7000/60", 1)] {
            let tenant = tenant();
            let limits = [take(Scope::Tenant, b"", text)];
            let count = limits[0].quota.count();
            for left in (0..count).rev() {
                let answer = ask(&ephemeral, tenant, &limits).await;
                assert_eq!((answer.limits[0].left, answer.limits[0].retry_after), (left, None), "{text}");
            }
            let full_after = limits[0].quota.seconds();
            let refused = Standing { left: 0, full_after, retry_after: Some(seconds) };
            assert_eq!(ask(&ephemeral, tenant, &limits).await.limits, [refused], "{text}");
            hand.forward(SECOND * (seconds - 1));
            let early = ask(&ephemeral, tenant, &limits).await;
            assert_eq!((early.allows(), early.limits[0].retry_after), (false, Some(1)), "{text}");
            hand.forward(SECOND);
            assert!(ask(&ephemeral, tenant, &limits).await.allows(), "{text}");
        }
    }
}

#[tokio::test]
async fn a_refusal_takes_nothing_of_the_others() {
    let server = Server::start();
    let hand = Hand::new();
    for ephemeral in faces(&server, &hand).await {
        let tenant = tenant();
        let limits = [take(Scope::Address, b"here", "1/60"), take(Scope::Tenant, b"", "10/60")];
        assert!(ask(&ephemeral, tenant, &limits).await.allows());
        let answer = ask(&ephemeral, tenant, &limits).await;
        assert!(!answer.allows());
        assert_eq!(answer.limits[1], Standing { left: 9, full_after: 6, retry_after: None });
        let others = [take(Scope::Address, b"there", "1/60"), take(Scope::Tenant, b"", "10/60")];
        let answer = ask(&ephemeral, tenant, &others).await;
        assert_eq!(answer.limits[1], Standing { left: 8, full_after: 12, retry_after: None });
    }
}

#[tokio::test]
async fn wrong_keys_refuse_guessers_and_nobody_else() {
    let server = Server::start();
    let hand = Hand::new();
    for ephemeral in faces(&server, &hand).await {
        let tenant = tenant();
        let looks =
            |of| [look(Scope::WrongKeysOfAddress, of, "3/60"), look(Scope::WrongKeysOfTenant, b"", "4/60")];
        let takes =
            |of| [take(Scope::WrongKeysOfAddress, of, "3/60"), take(Scope::WrongKeysOfTenant, b"", "4/60")];
        for _ in 0..3 {
            assert!(ask(&ephemeral, tenant, &looks(b"bad")).await.allows());
            assert!(ask(&ephemeral, tenant, &takes(b"bad")).await.allows());
        }
        // Its own budget is spent, and stays so when it is charged again.
        assert_eq!(ask(&ephemeral, tenant, &looks(b"bad")).await.limits[0].retry_after, Some(20));
        assert_eq!(ask(&ephemeral, tenant, &takes(b"bad")).await.limits[0].retry_after, Some(20));
        assert_eq!(ask(&ephemeral, tenant, &looks(b"bad")).await.limits[0].full_after, 60);
        assert!(ask(&ephemeral, tenant, &takes(b"worse")).await.allows());
        // Now that of the tenant is spent as well.
        let refused = ask(&ephemeral, tenant, &looks(b"worse")).await;
        assert_eq!(refused.limits[0], Standing { left: 2, full_after: 20, retry_after: None });
        assert_eq!(refused.limits[1], Standing { left: 0, full_after: 60, retry_after: Some(15) });
        // Whoever never guessed is let in, and may err once.
        assert!(ask(&ephemeral, tenant, &looks(b"good")).await.allows());
        let erring = ask(&ephemeral, tenant, &takes(b"good")).await;
        assert!(erring.allows());
        assert_eq!((erring.limits[0].left, erring.limits[1].left), (2, 0));
        assert!(!ask(&ephemeral, tenant, &looks(b"good")).await.allows());
        hand.forward(SECOND * 15);
        assert!(ask(&ephemeral, tenant, &looks(b"good")).await.allows());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_are_counted_exactly() {
    let server = Server::start();
    let hand = Hand::new();
    let [alone, first] = faces(&server, &hand).await;
    let second = connected_at(&server.config(), &hand).await;
    for pair in [[alone.clone(), alone], [first, second]] {
        let tenant = tenant();
        let asked = (0..1_000).map(|n| {
            let ephemeral = pair[n % 2].clone();
            tokio::spawn(async move {
                let limits = [take(Scope::Address, b"one", "60/60"), take(Scope::Tenant, b"", "90/60")];
                ask(&ephemeral, tenant, &limits).await
            })
        });
        let mut allowed = 0;
        for answer in futures::future::join_all(asked).await {
            allowed += usize::from(answer.unwrap().allows());
        }
        assert_eq!(allowed, 60);
        let left = ask(&pair[0], tenant, &[look(Scope::Tenant, b"", "90/60")]).await.limits[0].left;
        assert_eq!(left, 30);
    }
}

#[tokio::test]
async fn without_a_clock_redis_counts_its_own_time() {
    let server = Server::start();
    let ephemeral = connected(&server.config()).await;
    let tenant = tenant();
    let limits = [take(Scope::Tenant, b"", "2/1000")];
    assert!(ask(&ephemeral, tenant, &limits).await.allows());
    assert!(ask(&ephemeral, tenant, &limits).await.allows());
    assert_eq!(ask(&ephemeral, tenant, &limits).await.limits[0].retry_after, Some(500));
}
