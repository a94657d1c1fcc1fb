//! What vendors' programs wait for on PostgreSQL with 1 million licenses: each list of licenses, and making 1,000 at once.
//!
//! Of each list, with each filter, order and direction, pieces are read from places all over it; the figure of a kind of
//! lists is the slowest one's 95th percentile. `--quick` takes 100 thousand licenses for the million. Exits with 1 if a
//! limit is exceeded.
#![expect(clippy::expect_used, reason = "a benchmark stops at the first fault")]

#[path = "../tests/many/mod.rs"]
mod many;

use std::{process::ExitCode, time::Instant};

use leasehold_store::{LicenseList, LicensePage, LicensePlace, LicenseScope};
use licensing::{Answer, Call, LicenseBatch, NewLicense};
use model::{LicenseId, LicenseState, Metadata, Overrides, PolicyCode, Timestamp};
use uuid::Uuid;

use crate::many::Many;

/// The most that a piece of a list may take, in milliseconds.
const LIST_LIMIT: f64 = 20.0;
/// The most that making 1,000 licenses may take, in milliseconds.
const BULK_LIMIT: f64 = 1_000.0;
/// How many pieces of a list are read.
const PIECES: u32 = 60;
/// How often 1,000 licenses are made.
const ROUNDS: usize = 9;

#[tokio::main]
async fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let licenses = if quick { 100_000 } else { 1_000_000 };
    let many = Many::new(licenses).await;
    let mut holds = true;
    for (kind, lists) in lists(&many) {
        let mut slowest: f64 = 0.0;
        for (list, descending) in lists.iter().flat_map(|list| [(list, false), (list, true)]) {
            let time = percentile(read(&many, licenses, list, descending).await);
            println!("{time:8.3} ms: {list:?}, descending: {descending}");
            slowest = slowest.max(time);
        }
        println!("figure list_{kind}_p95 {slowest:.3} ms limit {LIST_LIMIT}");
        holds &= slowest <= LIST_LIMIT;
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(make(&many).await);
    }
    let bulk = percentile(rounds);
    println!("figure bulk_create_1000 {bulk:.3} ms limit {BULK_LIMIT}");
    holds &= bulk <= BULK_LIMIT;
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Every list that can be asked for, by kind, with the filters that leave the most licenses.
fn lists(many: &Many) -> [(&'static str, Vec<LicenseList>); 4] {
    let scopes = [
        LicenseScope::All,
        LicenseScope::Product(many.license.product_id),
        LicenseScope::Policy(many.license.policy_id),
        LicenseScope::Customer(many.customer),
    ];
    let states = [None, Some(LicenseState::Active), Some(LicenseState::Revoked)];
    let (mut created, mut expiring) = (Vec::new(), Vec::new());
    for (scope, state) in scopes.into_iter().flat_map(|scope| states.map(|state| (scope, state))) {
        created.push(LicenseList::ByCreation { scope, state });
        let (from, before) = (instant("2026-01-02T00:00:00Z"), instant("2026-04-01T00:00:00Z"));
        for (from, before) in [(None, None), (Some(from), Some(before))] {
            expiring.push(LicenseList::ByExpiry { scope, state, from, before });
        }
    }
    let checked = [None, Some(many.license.product_id)].map(|product| LicenseList::ByLastCheck { product });
    let named = [None, Some("3")].map(|value| LicenseList::ByMetadata {
        name: "order".to_owned(),
        value: value.map(ToOwned::to_owned),
    });
    [("created", created), ("expiring", expiring), ("checked", checked.into()), ("metadata", named.into())]
}

/// Milliseconds for each of some pieces, from the start of a list and from places all over it.
async fn read(many: &Many, licenses: u32, list: &LicenseList, descending: bool) -> Vec<f64> {
    let now = many.world.clock.now();
    let start = instant("2026-01-01T00:00:00Z");
    let mut times = Vec::new();
    for piece in 0..=PIECES {
        // The licenses were made one every ten seconds, from the start on.
        let age = u128::from(piece) * u128::from(licenses) * 10_000 / u128::from(PIECES);
        let id = LicenseId::from_uuid(Uuid::from_u128((1_767_225_600_000 + age) << 80));
        let at = match list {
            LicenseList::ByCreation { .. } | LicenseList::ByMetadata { .. } => None,
            // Every other one among those that never expire.
            LicenseList::ByExpiry { from: None, .. } if piece % 2 == 1 => None,
            LicenseList::ByExpiry { .. } => Some(start.plus_seconds(i64::from(piece) * 150_000)),
            LicenseList::ByLastCheck { .. } => Some(start.plus_seconds(i64::from(piece) * 800)),
        };
        let after = (piece % 10 > 0).then_some(LicensePlace { at, id });
        // The usual number and the most, each with one more that tells whether there is another piece.
        let limit = if piece % 3 == 0 { 101 } else { 21 };
        let page = LicensePage { after, descending, limit };
        let started = Instant::now();
        let mut tx = many.world.database.store.read(many.tenant.id).await.expect("a transaction");
        let found = tx.license_lists().list(list, &page, now).await.expect("a list");
        let _changed = tx.commit().await.expect("an end");
        let time = started.elapsed().as_secs_f64() * 1e3;
        assert!(after.is_some() || !found.is_empty(), "the list is not empty");
        // The first one prepares the statement.
        if piece > 0 {
            times.push(time);
        }
    }
    times
}

/// Milliseconds for making 1,000 licenses, half of them with metadata.
async fn make(many: &Many) -> f64 {
    let order = Metadata::new([("order".to_owned(), "2026-0042".to_owned())].into()).expect("metadata");
    let item = |metadata: Metadata| LicenseBatch {
        license: NewLicense {
            policy: PolicyCode::parse("standard").expect("a code"),
            customer: Some(licensing::CustomerName::Id(many.customer)),
            key: None,
            overrides: Overrides::default(),
            expires_at: None,
            memo: None,
            metadata,
        },
        count: 500,
    };
    let items = [item(order), item(Metadata::default())];
    let started = Instant::now();
    let made = many.world.licensing.create_licenses_once(&many.tenant, &Call::operator(), &items, None).await;
    let time = started.elapsed().as_secs_f64() * 1e3;
    assert!(matches!(made, Ok(Answer::Fresh(Ok(made))) if made.len() == 1_000), "they are made");
    time
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

/// The 95th percentile, by the nearest rank.
fn percentile(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let rank = (values.len() * 95).div_ceil(100).saturating_sub(1);
    values.get(rank).copied().unwrap_or(f64::NAN)
}
