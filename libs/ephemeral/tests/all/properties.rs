//! Both faces against each other, and against another implementation of the same algorithm.

use std::{num::NonZeroU32, time::Duration};

use futures::future::join_all;
use governor::{
    Quota as OtherQuota, RateLimiter,
    clock::{Clock as _, FakeRelativeClock},
};
use leasehold_ephemeral::{Ephemeral, Limit, Scope};
use model::Quota;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::support::{Hand, Server, ask, connected_at, number, tenant};

/// Long and short, few and many, even and odd.
fn quotas() -> impl Strategy<Value = Quota> {
    let quota = |(count, seconds)| Quota::new(count, seconds).unwrap();
    prop_oneof![
        (1_u32..6, 1_u32..9).prop_map(quota),
        (1..=Quota::MOST, 1..=Quota::LONGEST).prop_map(quota),
        prop::sample::select(vec![(7, 3), (3, 10), (60, 60), (Quota::MOST, 1), (1, Quota::LONGEST)])
            .prop_map(quota),
    ]
}

/// How much time passes, in microseconds.
fn pauses() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0_u64..3, 0_u64..5_000_000, 999_999_u64..1_000_002, 0_u64..90_000_000_000]
}

/// An ask: limits by their number, which of two quotas they have, and whether they are taken.
type Asked = Vec<(usize, (usize, bool))>;

/// What is asked: after a pause, some at the same time.
fn asks() -> impl Strategy<Value = Vec<(u64, Vec<Asked>)>> {
    // Mostly the first: the quota of a limit seldom changes.
    let quota = prop_oneof![9 => Just(0_usize), 1 => Just(1_usize)];
    let how = vec((quota, any::<bool>()), 8);
    let limits: BoxedStrategy<Asked> =
        (prop::sample::subsequence((0..8).collect::<Vec<usize>>(), 0..=8), how)
            .prop_map(|(chosen, how)| chosen.into_iter().zip(how).collect())
            .boxed();
    // Also many who ask the same, as most do: then the script need not look at each.
    let alike = (limits.clone(), 1_usize..90).prop_map(|(limits, many)| vec![limits; many]);
    let together = prop_oneof![vec(limits.clone(), 1), vec(limits, 1..90), alike];
    vec((pauses(), together), 1..20)
}

#[test]
fn both_faces_answer_alike() {
    // On one thread those who ask at the same time do so in order.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start();
    let hand = Hand::new();
    let redis = runtime.block_on(connected_at(&server.config(), &hand));
    let alone = Ephemeral::in_process_at(number(), hand.clock());
    let names: [(Scope, &[u8]); 8] = [
        (Scope::Address, b"10.0.0.1"),
        (Scope::Address, b"10.0.0.2"),
        (Scope::LicenseKey, &[0, 13, 10, 255]),
        (Scope::ApiKey, b"key"),
        (Scope::WrongKeysOfAddress, b"10.0.0.1"),
        (Scope::WrongKeysOfAddress, b"10.0.0.2"),
        (Scope::Tenant, b""),
        (Scope::WrongKeysOfTenant, b""),
    ];
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    runner
        .run(&(vec(quotas(), 16), asks()), |(quotas, asks)| {
            let tenant = tenant();
            for (pause, together) in asks {
                hand.forward(Duration::from_micros(pause));
                let limit = |(n, (quota, take)): (usize, (usize, bool))| {
                    let (scope, of) = names[n];
                    Limit { scope, of, quota: quotas[8 * quota + n], take }
                };
                let together: Vec<Vec<_>> =
                    together.into_iter().map(|limits| limits.into_iter().map(limit).collect()).collect();
                let asked = together.iter().map(|limits| ask(&redis, tenant, limits));
                for (there, limits) in runtime.block_on(join_all(asked)).into_iter().zip(&together) {
                    let here = runtime.block_on(ask(&alone, tenant, limits));
                    prop_assert!(there.tenant.is_some(), "Redis answered");
                    prop_assert_eq!(there.limits, here.limits, "{:?}", limits);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn another_implementation_allows_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 500, failure_persistence: None, ..Config::default() });
    runner
        .run(&(quotas(), vec(pauses(), 1..80)), |(quota, pauses)| {
            let (hand, other_clock) = (Hand::new(), FakeRelativeClock::default());
            let alone = Ephemeral::in_process_at(number(), hand.clock());
            let period = Duration::from_secs(quota.seconds().into()) / quota.count();
            let burst = NonZeroU32::new(quota.count()).unwrap();
            let other = RateLimiter::direct_with_clock(
                OtherQuota::with_period(period).unwrap().allow_burst(burst),
                other_clock.clone(),
            );
            let tenant = tenant();
            let limits = [Limit { scope: Scope::Tenant, of: b"", quota, take: true }];
            for pause in pauses {
                let pause = Duration::from_micros(pause);
                hand.forward(pause);
                other_clock.advance(pause);
                let ours = runtime.block_on(ask(&alone, tenant, &limits)).limits[0].retry_after;
                let theirs = other.check().err().map(|not_until| {
                    let wait = not_until.wait_time_from(other_clock.now());
                    u32::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap()
                });
                prop_assert_eq!(ours, theirs);
            }
            Ok(())
        })
        .unwrap();
}
