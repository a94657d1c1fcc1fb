//! The lives of signing keys: one signs at every moment, and no lease is signed with another.

use std::collections::BTreeMap;

use leasehold_licensing::{Call, Entropy, Error, Licensing, MasterKey, Surroundings};
use model::{KeyId, KeyState, SigningKeyRecord};
use testkit::{Shop, World, on_both};

use crate::{app, at_once};

async fn keys(shop: &Shop<'_>) -> Vec<SigningKeyRecord> {
    shop.world.licensing.signing_keys(&shop.tenant).await.unwrap()
}

fn in_state(keys: &[SigningKeyRecord], state: KeyState) -> Vec<KeyId> {
    keys.iter().filter(|key| key.state == state).map(|key| key.id.clone()).collect()
}

/// Another server over the same database.
async fn another_server(world: &World) -> Licensing {
    let store = world.database.store.clone();
    let opened = Licensing::open(
        store,
        &MasterKey::new([7; 32]),
        world.clock.clone(),
        Entropy::seeded(9),
        Surroundings::of_command(),
    )
    .await;
    opened.unwrap()
}

on_both! {
    async fn whatever_happens_at_once_one_key_signs_and_at_most_one_is_next(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        app(&shop, |_| ()).await;
        let servers = [world.licensing.clone(), another_server(&world).await];
        let mut done: BTreeMap<&str, usize> = BTreeMap::new();
        for round in 0..6 {
            world.clock.advance(1);
            let before = keys(&shop).await;
            let active = in_state(&before, KeyState::Active)[0].clone();
            let next = in_state(&before, KeyState::Next).first().cloned().unwrap_or_else(|| active.clone());
            let watched = shop.tenant.clone();
            let results = at_once(32, |number| {
                let (licensing, tenant) = (servers[number % 2].clone(), watched.clone());
                let (active, next) = (active.clone(), next.clone());
                async move {
                    let operator = Call::operator();
                    let (what, result) = match number % 8 {
                        0 | 1 => ("prepare", licensing.prepare_signing_key(&tenant, &operator, None).await.map(drop)),
                        2 | 3 => ("activate", licensing.activate_signing_key(&tenant, &operator, &next).await.map(drop)),
                        4 => ("revoke the active", licensing.revoke_signing_key(&tenant, &operator, &active).await.map(drop)),
                        5 => ("retire the active", licensing.retire_signing_key(&tenant, &operator, &active).await.map(drop)),
                        6 if round % 2 == 0 => {
                            ("revoke the next", licensing.revoke_signing_key(&tenant, &operator, &next).await.map(drop))
                        }
                        6 => ("rotate", licensing.rotate_keys(&tenant, &operator).await.map(drop)),
                        _ => {
                            // Somebody looks in between: what is kept is consistent at every moment.
                            let keys = licensing.signing_keys(&tenant).await.unwrap();
                            assert_eq!(in_state(&keys, KeyState::Active).len(), 1, "seen from outside");
                            assert!(in_state(&keys, KeyState::Next).len() <= 1, "seen from outside");
                            ("look", Ok(()))
                        }
                    };
                    (what, result)
                }
            })
            .await;
            for (what, result) in results {
                match result {
                    Ok(()) => *done.entry(what).or_default() += 1,
                    Err(Error::Conflict(_) | Error::Unavailable(_)) => {}
                    Err(other) => panic!("round {round}, {what}: {other:?}"),
                }
            }
            let after = keys(&shop).await;
            assert_eq!(in_state(&after, KeyState::Active).len(), 1, "round {round}");
            assert!(in_state(&after, KeyState::Next).len() <= 1, "round {round}");
            for key in &before {
                let now = after.iter().find(|now| now.id == key.id).unwrap();
                let came_back = matches!(key.state, KeyState::Retired | KeyState::Revoked)
                    && matches!(now.state, KeyState::Next | KeyState::Active);
                assert!(!came_back, "round {round}: {key:?} came back as {now:?}");
            }
            if in_state(&after, KeyState::Next).is_empty() {
                world.licensing.prepare_signing_key(&shop.tenant, &Call::operator(), None).await.unwrap();
            }
        }
        assert!(done.contains_key("prepare") && done.len() >= 4, "{done:?}");
        let mut raw = world.database.raw().await;
        let tenant = raw.id(shop.tenant.id);
        let sql = format!("SELECT count(*) FROM events WHERE tenant_id = {tenant} AND action = 'key.create'");
        let made = raw.number(&sql).await;
        assert_eq!(made, i64::try_from(keys(&shop).await.len()).unwrap(), "an event for every key, and none else");
    }

    async fn nothing_is_signed_with_a_key_that_does_not_sign_any_more(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, app) = app(&shop, |rules| rules.seats = model::Limit::Unlimited).await;
        let other = crate::App { licensing: another_server(&world).await, ..app.clone() };
        let operator = Call::operator();
        // Both servers have opened the key that signs.
        let mut kids = Vec::new();
        for server in [&app, &other] {
            kids.push(server.clone().activate(1).await.unwrap().machine.lease.unwrap().key_id);
        }
        for end in ["activate", "revoke", "retire"] {
            let before = keys(&shop).await;
            let active = in_state(&before, KeyState::Active)[0].clone();
            let next = in_state(&before, KeyState::Next)[0].clone();
            assert!(kids.iter().all(|kid| *kid == active), "{end}");
            let (licensing, tenant) = (&world.licensing, &shop.tenant);
            match end {
                "activate" => licensing.activate_signing_key(tenant, &operator, &next).await.unwrap(),
                "revoke" => licensing.revoke_signing_key(tenant, &operator, &active).await.unwrap(),
                _ => licensing.retire_signing_key(tenant, &operator, &active).await.unwrap(),
            };
            kids.clear();
            for server in [&app, &other] {
                kids.push(server.clone().refresh(1).await.unwrap().machine.lease.unwrap().key_id);
                kids.push(server.clone().activate(2).await.unwrap().machine.lease.unwrap().key_id);
            }
            assert!(kids.iter().all(|kid| *kid == next), "{end}: the next one signs on all servers");
            world.clock.advance(1);
            licensing.prepare_signing_key(tenant, &operator, None).await.unwrap();
        }
    }
}
