//! A pooled connection forgets whom it served.

use std::collections::BTreeSet;

use leasehold_store::{Location, Store};
use model::TenantId;
use testkit::Database;

use crate::{A, B, common::license_id, furnish};

/// Often enough that every way to end a transaction is followed by the use of the same connection.
const ROUNDS: usize = 24;

/// Puts a spy in place of `current_setting`, which `Store::describe` asks without naming a tenant: it tells
/// the process behind the connection, and the tenant and powers that the connection still has.
async fn spied_on(database: &Database) -> Store {
    let Location::Postgres(url) = &database.location else {
        panic!("only PostgreSQL has settings");
    };
    let (_, name) = url.rsplit_once('/').unwrap();
    let mut raw = database.raw().await;
    raw.execute(&format!(
        "CREATE SCHEMA spy; GRANT USAGE ON SCHEMA spy TO PUBLIC; \
         CREATE FUNCTION spy.current_setting(asked text) RETURNS text LANGUAGE sql VOLATILE AS $$ \
         SELECT pg_catalog.pg_backend_pid()::text || '/' || COALESCE(pg_catalog.current_setting('app.tenant_id', true), '') \
         || '/' || COALESCE(pg_catalog.current_setting('app.platform', true), '') $$; \
         ALTER DATABASE {name} SET search_path = spy, pg_catalog, public"
    ))
    .await;
    Store::open(&database.location).await.unwrap()
}

/// What the spy tells: the process, the tenant, the powers.
async fn told(store: &Store) -> [String; 3] {
    let described = store.describe().await.unwrap();
    let words = described.strip_prefix("PostgreSQL ").unwrap();
    let (words, _) = words.split_once(" as role ").unwrap();
    let parts: Vec<_> = words.split('/').map(str::to_owned).collect();
    parts.try_into().expect("three parts")
}

async fn serve(store: &Store, tenant: TenantId, number: u32) {
    let mut tx = store.write(tenant).await.unwrap();
    assert!(tx.licenses().by_id(license_id(number)).await.unwrap().is_some());
    assert!(tx.licenses().by_id(license_id(3 - number)).await.unwrap().is_none());
    let _changed = tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_names_no_tenant_after_commit_rollback_drop_and_error() {
    let database = Database::postgres().await;
    let (a, b) = (furnish(&database.store, A).await, furnish(&database.store, B).await);
    let store = spied_on(&database).await;
    let mut processes = BTreeSet::new();
    let mut nobodys = async |when: &str| {
        let [process, tenant, platform] = told(&store).await;
        assert_eq!([tenant.as_str(), platform.as_str()], ["", ""], "{when}");
        processes.insert(process);
    };
    nobodys("before anybody was served").await;
    for round in 0..ROUNDS {
        match round % 6 {
            0 => serve(&store, a, A).await,
            1 => drop(store.write(a).await.unwrap()),
            2 => {
                let mut tx = store.write(a).await.unwrap();
                assert!(tx.licenses().lock_by_id(license_id(A)).await.unwrap());
                drop(tx);
            }
            3 => {
                // a statement that is refused aborts the transaction
                let mut tx = store.write(a).await.unwrap();
                let refused = tx.policies().insert(&crate::common::policy(B)).await;
                assert!(refused.is_err());
                let _ = tx.commit().await;
            }
            4 => {
                let platform = store.platform().await.unwrap();
                let _changed = platform.enter(a).await.unwrap().commit().await.unwrap();
            }
            _ => drop(store.platform().await.unwrap().enter(a).await.unwrap()),
        }
        nobodys("after A was served").await;
        serve(&store, b, B).await;
        serve(&store, a, A).await;
        nobodys("after both were served").await;
    }
    // A connection that is still on its way back to the pool makes another one be opened; they are few.
    assert!(processes.len() < ROUNDS, "connections that served A were used again: {processes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entering_a_tenant_gives_up_the_platform() {
    let database = Database::postgres().await;
    let (a, _) = (furnish(&database.store, A).await, furnish(&database.store, B).await);
    let mut tx = database.store.platform().await.unwrap().enter(a).await.unwrap();
    assert!(tx.licenses().by_id(license_id(A)).await.unwrap().is_some());
    assert!(tx.licenses().by_id(license_id(B)).await.unwrap().is_none());
    // B's row of `tenants` is not there to be changed, nor to be seen: its own is.
    tx.licenses().allow_mistyped_keys().await.unwrap();
    let _changed = tx.commit().await.unwrap();
    let tenants = database.store.tenants().await.unwrap();
    let refusing: Vec<bool> = tenants.iter().map(|tenant| tenant.refuses_mistyped_keys).collect();
    assert_eq!(refusing, [false, true]);
}
