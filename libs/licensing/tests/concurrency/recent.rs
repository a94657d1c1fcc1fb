//! Checks that are answered from what was loaded a moment ago, while what they depend on changes all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ephemeral::RedisConfig;
use leasehold_licensing::{
    Call, Error, Licensing, Presented, Servers, StateChange, Surroundings, Validate, Validated,
};
use model::{LicenseId, PolicyRules, Quota, RateLimits, Reason, Tenant, TenantSlug};
use testkit::{Database, World, call, connected, redis};
use tokio::task::JoinSet;

/// How often a license changes in a test, each time followed by a check at each server.
const CHANGES: usize = 600;
const CHECKERS: usize = 4;

fn command(key: &model::LicenseKey) -> Validate {
    Validate {
        key: key.clone(),
        product: model::ProductCode::parse("app").unwrap(),
        fingerprint: None,
        customer: None,
        entitlements: Vec::new(),
        binding: None,
    }
}

/// A check as a request makes it; `None` when the tenant is not served.
async fn check(server: &Licensing, slug: &TenantSlug, command: Validate) -> Option<Validated> {
    let visit = server.visit(slug).await.unwrap()?;
    let presented = Presented::Check { key: &command.key, fingerprint: None, customer: None };
    let admission = match server.admit(&visit, None, presented).await {
        Ok(admission) => admission,
        Err(Error::NotFound("tenant")) => return None,
        Err(error) => panic!("not let in: {error}"),
    };
    let tenant = admission.tenant.unwrap_or_else(|| visit.tenant().clone());
    let call = Call { recall: Some(admission.recall), ..call() };
    Some(server.validate(&tenant, &call, command).await.unwrap())
}

/// Changes a license in turn at every server, and asks all of them after each change, while others ask all the time.
/// Gives how many checks there were.
async fn storm(
    changes: usize,
    servers: Vec<Licensing>,
    tenant: &Tenant,
    license: LicenseId,
    key: &model::LicenseKey,
) -> u64 {
    let (stop, checks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut others = JoinSet::new();
    for place in 0..CHECKERS {
        let server = servers[place % servers.len()].clone();
        let (stop, checks, slug, command) =
            (Arc::clone(&stop), Arc::clone(&checks), tenant.slug.clone(), command(key));
        others.spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                check(&server, &slug, command.clone()).await.unwrap();
                checks.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        });
    }
    let operator = Call::operator();
    for round in 0..changes {
        let (change, expected): (_, &[Reason]) = match round % 2 {
            0 => (StateChange::Suspend, &[Reason::Suspended]),
            _ => (StateChange::Reinstate, &[]),
        };
        let server = &servers[(round / 2) % servers.len()];
        server.change_license_state(tenant, &operator, license, change).await.unwrap();
        for (place, server) in servers.iter().enumerate() {
            let answer = check(server, &tenant.slug, command(key)).await.unwrap();
            assert_eq!(answer.reasons, expected, "round {round}, server {place}");
            checks.fetch_add(1, Ordering::SeqCst);
        }
    }
    stop.store(true, Ordering::SeqCst);
    while let Some(ended) = others.join_next().await {
        ended.unwrap();
    }
    checks.load(Ordering::SeqCst)
}

/// Two servers that share a Redis and a database; the first one's world.
async fn two_servers(config: &RedisConfig, rate_limits: Option<RateLimits>) -> (World, Licensing) {
    let sharing = async |instance| Surroundings {
        servers: Servers::Sharing(connected(config.clone(), instance).await),
        rate_limits,
    };
    let world = World::surrounded(Database::postgres().await, sharing(1).await).await;
    let second = world.another(2, sharing(2).await).await;
    (world, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_of_the_only_server_is_answered_as_before_a_change() {
    let world = World::surrounded(
        Database::sqlite().await,
        Surroundings { rate_limits: None, ..Surroundings::alone() },
    )
    .await;
    let shop = world.shop("acme").await;
    let (license, key) = shop.license_with(PolicyRules::default()).await;
    let checks = storm(CHANGES, vec![world.licensing.clone()], &shop.tenant, license.id, &key).await;
    assert!(checks > CHANGES as u64, "{checks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_of_two_servers_is_answered_as_before_a_change() {
    let (world, second) = two_servers(&redis(), None).await;
    let shop = world.shop("acme").await;
    let (license, key) = shop.license_with(PolicyRules::default()).await;
    let servers = vec![world.licensing.clone(), second];
    let checks = storm(CHANGES, servers, &shop.tenant, license.id, &key).await;
    assert!(checks > 2 * CHANGES as u64, "{checks}");
}

/// With limits, checks are granted ahead, and each change waits for the end of that.
#[tokio::test(flavor = "multi_thread")]
async fn no_check_that_was_granted_ahead_is_answered_as_before_a_change() {
    let plenty = Quota::new(Quota::MOST, 1).unwrap();
    let limits = RateLimits { license_key: plenty, tenant: plenty, ..RateLimits::DEFAULT };
    let (world, second) = two_servers(&redis(), Some(limits)).await;
    let shop = world.shop("acme").await;
    let (license, key) = shop.license_with(PolicyRules::default()).await;
    let servers = vec![world.licensing.clone(), second];
    let checks = storm(40, servers, &shop.tenant, license.id, &key).await;
    assert!(checks > 4_000, "{checks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_one_server_suspends_is_not_served_by_the_other() {
    let (world, second) = two_servers(&redis(), None).await;
    let shop = world.shop("acme").await;
    let (_, key) = shop.license_with(PolicyRules::default()).await;
    let operator = Call::operator();
    for round in 0..50 {
        let (one, other) =
            if round % 2 == 0 { (&world.licensing, &second) } else { (&second, &world.licensing) };
        for server in [one, other] {
            assert!(check(server, &shop.tenant.slug, command(&key)).await.is_some(), "{round}");
        }
        one.suspend_tenant(&operator, &shop.tenant.slug).await.unwrap();
        assert!(check(other, &shop.tenant.slug, command(&key)).await.is_none(), "{round}");
        other.resume_tenant(&operator, &shop.tenant.slug).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_loaded_is_there_for_the_other_and_says_nothing_to_others() {
    let config = redis();
    let (world, second) = two_servers(&config, None).await;
    let shop = world.shop("acme").await;
    let (license, key) = shop.license_with(PolicyRules::default()).await;
    // Both know the tenant and its stamp.
    for _ in 0..2 {
        check(&second, &shop.tenant.slug, command(&testkit_key())).await.unwrap();
        check(&world.licensing, &shop.tenant.slug, command(&testkit_key())).await.unwrap();
    }
    check(&world.licensing, &shop.tenant.slug, command(&key)).await.unwrap();
    // It is kept beside answering: wait until it is there, and then ask without a database.
    let mut raw = testkit::RawRedis::open(&config).await;
    while !raw.values().await.iter().any(|value| value.len() > 200) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for value in raw.values().await {
        let text = String::from_utf8_lossy(&value).into_owned();
        for secret in [key.reveal(), "standard", "app", &license.id.to_string()] {
            assert!(!text.contains(secret), "{secret} can be read in Redis");
        }
    }
    world.database.store.close().await;
    let answer = check(&second, &shop.tenant.slug, command(&key)).await.unwrap();
    assert!(answer.reasons.is_empty() && answer.license().unwrap().license.id == license.id);
}

fn testkit_key() -> model::LicenseKey {
    model::LicenseKey::parse("NOT-A-KEY-OF-ANYBODY").unwrap()
}

/// With a Redis where nobody listens.
fn nowhere() -> Surroundings {
    let config = RedisConfig { urls: vec!["redis://127.0.0.1:1".into()], ..redis() };
    Surroundings {
        servers: Servers::Sharing(ephemeral::Ephemeral::redis(&config, 1).unwrap()),
        rate_limits: None,
    }
}

/// A server that reaches Redis tells nobody else of its changes.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_tells_a_server_without_redis_it_learns_by_itself() {
    let world = World::surrounded(Database::postgres().await, nowhere()).await;
    let shop = world.shop("acme").await;
    let (license, key) = shop.license_with(PolicyRules::default()).await;
    let checked = async || check(&world.licensing, &shop.tenant.slug, command(&key)).await;
    let mut raw = world.database.raw().await;
    let soon = |begun: Instant| assert!(begun.elapsed() < Duration::from_secs(10), "it is not learnt");

    assert_eq!(checked().await.unwrap().reasons, []);
    let begun = Instant::now();
    let license = raw.id(license.id);
    raw.execute(&format!("UPDATE licenses SET state = 'suspended' WHERE id = {license}")).await;
    while checked().await.unwrap().reasons.is_empty() {
        soon(begun);
    }

    let begun = Instant::now();
    raw.execute("UPDATE tenants SET state = 'suspended' WHERE slug = 'acme'").await;
    while checked().await.is_some() {
        soon(begun);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_reach_redis_learn_of_changes_by_the_epoch() {
    let world = World::surrounded(Database::postgres().await, nowhere()).await;
    let second = world.another(2, nowhere()).await;
    let shop = world.shop("acme").await;
    let (license, key) = shop.license_with(PolicyRules::default()).await;
    let operator = Call::operator();
    for (change, expected) in [
        (StateChange::Suspend, &[Reason::Suspended][..]),
        (StateChange::Reinstate, &[]),
        (StateChange::Revoke, &[Reason::Revoked]),
    ] {
        for server in [&world.licensing, &second] {
            check(server, &shop.tenant.slug, command(&key)).await.unwrap();
        }
        second.change_license_state(&shop.tenant, &operator, license.id, change).await.unwrap();
        let answer = check(&second, &shop.tenant.slug, command(&key)).await.unwrap();
        assert_eq!(answer.reasons, expected, "the one that has changed it knows at once");
        world.licensing.watch_epoch().await.unwrap();
        let answer = check(&world.licensing, &shop.tenant.slug, command(&key)).await.unwrap();
        assert_eq!(answer.reasons, expected, "the other one when it has looked");
    }
}
