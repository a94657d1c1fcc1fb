//! No tenant reads, changes or notices what is another's: a sweep over every method, and the wall behind it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod connections;
mod second_wall;

use std::{collections::BTreeSet, path::Path};

use leasehold_store::{CheckTally, Claimed, NumberKind, Store, StoredAnswer};
use model::{KeyState, TenantId};
use testkit::{Database, on_both};

use crate::{
    cases::{CASES, Case},
    common::{
        add_catalog, add_license, add_tenant, api_key, at, event, license, license_id, machine, machine_id,
        member, memo, metadata, signing_key,
    },
};

/// The tenant whose data is looked for.
const A: u32 = 1;
/// The tenant that looks for it.
const B: u32 = 2;

/// Adds the tenant of that number with something in every table.
async fn furnish(store: &Store, number: u32) -> TenantId {
    let tenant = add_tenant(store, number).await;
    let mut tx = store.write(tenant).await.unwrap();
    add_catalog(&mut tx, number).await;
    assert!(add_license(&mut tx, &license(number)).await);
    tx.machines().save(&machine(number)).await.unwrap();
    tx.events().append(&event(number)).await.unwrap();
    for key in [signing_key(number, KeyState::Active), signing_key(number + 10, KeyState::Next)] {
        tx.signing_keys().insert(&key).await.unwrap();
    }
    tx.numbers().take(NumberKind::License, 10 * number).await.unwrap();
    let key = format!("key-{number}");
    let claimed = tx.idempotency_keys().claim(&key, &[1; 32], at(0), at(500)).await.unwrap();
    assert_eq!(claimed, Claimed::Free);
    let answer = StoredAnswer { status: 201, sealed_body: vec![7] };
    tx.idempotency_keys().answer(&key, &answer).await.unwrap();
    let tally = CheckTally { count: 5, first: at(1), last: at(2), address: Some("192.0.2.1".into()) };
    tx.checks().count_licenses(&[(license_id(number), tally.clone())]).await.unwrap();
    tx.checks().count_machines(&[(machine_id(number), tally)]).await.unwrap();
    tx.licenses().set_memo(license_id(number), &memo("a note")).await.unwrap();
    assert!(tx.members().insert(&member(number)).await.unwrap());
    tx.licenses().set_metadata(license_id(number), &metadata("an order")).await.unwrap();
    assert!(tx.api_keys().insert(&api_key(number), &[9; 32]).await.unwrap());
    tx.machines().mark_start(machine_id(number), at(3)).await.unwrap();
    tx.machines().mark_end(machine_id(number), at(4)).await.unwrap();
    tx.usage().add(model::Day::of(at(0)), "checks", u64::from(number)).await.unwrap();
    let _changed = tx.commit().await.unwrap();
    tenant
}

/// Serves A, so that its connection is the next one to be used; ends by commit or by being dropped.
async fn serve_a(store: &Store, a: TenantId, commits: bool) {
    for mut tx in [store.read(a).await.unwrap(), store.write(a).await.unwrap()] {
        assert_eq!(tx.licenses().id_by_key(&common::key_hash(A)).await.unwrap(), Some(license_id(A)));
        if commits {
            let _changed = tx.commit().await.unwrap();
        }
    }
}

/// What B gets from a case: once in a unit of work that is dropped, once in one that is kept.
async fn as_b(store: &Store, b: TenantId, case: Case) -> [String; 2] {
    let mut reading = store.read(b).await.unwrap();
    let read = case(&mut reading).await;
    drop(reading);
    let mut writing = store.write(b).await.unwrap();
    let written = case(&mut writing).await;
    // A unit of work in which a statement was refused cannot be kept.
    let _ = writing.commit().await;
    [read, written]
}

async fn sweep(full: Database, without_a: Database) {
    let a = furnish(&full.store, A).await;
    let b = furnish(&full.store, B).await;
    assert_eq!(furnish(&without_a.store, B).await, b);
    let mut raw = full.raw().await;
    let before = raw.dump_tenant(a).await;
    assert!(before.values().all(|rows| !rows.is_empty()), "A has something everywhere: {before:?}");
    for (place, (name, case)) in CASES.iter().enumerate() {
        serve_a(&full.store, a, place % 2 == 0).await;
        let with_a = as_b(&full.store, b, *case).await;
        let alone = as_b(&without_a.store, b, *case).await;
        assert_eq!(with_a, alone, "{name}: B notices that A exists");
        assert_eq!(raw.dump_tenant(a).await, before, "{name}: B changes what is A's");
    }
    let of_b = raw.dump_tenant(b).await;
    assert_eq!(of_b, without_a.raw().await.dump_tenant(b).await, "B has what it would have alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_method_shows_or_changes_what_is_anothers_on_postgres() {
    sweep(Database::postgres().await, Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_method_shows_or_changes_what_is_anothers_on_sqlite() {
    sweep(Database::sqlite().await, Database::sqlite().await).await;
}

/// Every method of every handle of a tenant, as `file::method`.
fn methods() -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tables");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_stem().unwrap().to_string_lossy();
        for line in text.lines() {
            if let Some(rest) = line.trim_start().strip_prefix("pub async fn ") {
                let name = rest.split(['(', '<']).next().unwrap();
                methods.insert(format!("{file}::{name}"));
            }
        }
    }
    methods
}

#[test]
fn the_sweep_has_a_case_for_every_method_and_for_no_other() {
    let swept: BTreeSet<String> = CASES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(methods(), swept);
}

on_both! {
    async fn nothing_of_a_tenant_refers_to_anothers(database: Database) {
        furnish(&database.store, A).await;
        let b = furnish(&database.store, B).await;
        for case in cases::REFERENCES {
            let mut tx = database.store.write(b).await.unwrap();
            let refused = case(&mut tx).await;
            assert!(refused.starts_with("Err(Dangling("), "{refused}");
        }
    }
}
