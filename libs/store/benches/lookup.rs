//! Looking a license up by its key must not depend on how many there are: 1 million against 1 thousand, on both
//! databases.
//!
//! Both sizes are read in turns, batch by batch, so that a noisy machine disturbs both alike; the ratio is that of the
//! medians. `--quick` takes 100 thousand for the million. Exits with 1 if a limit is exceeded.
#![expect(clippy::expect_used, reason = "a benchmark stops at the first fault")]

use std::{process::ExitCode, time::Instant};

use leasehold_store::{DossierQuery, Location};
use licensing::Licensing;
use model::{Fingerprint, PolicyRules, TenantId, Timestamp};
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use testkit::{Database, World};
use uuid::Uuid;

/// One million may cost this many times what one thousand does: B-trees of three levels against two.
const LIMIT: f64 = 1.5;
const ROUNDS: usize = 101;
const BATCH: usize = 50;
const SMALL: usize = 1_000;

#[tokio::main]
async fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let large = if quick { 100_000 } else { 1_000_000 };
    let mut holds = true;
    for (name, kind) in [("postgres", Kind::Postgres), ("sqlite", Kind::Sqlite)] {
        let few = Loaded::new(kind, SMALL).await;
        let many = Loaded::new(kind, large).await;
        let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let times = (few.look_up(round).await, many.look_up(round).await);
            // The first round fills caches.
            if round > 0 {
                of_few.push(times.0);
                of_many.push(times.1);
            }
        }
        let (of_few, of_many) = (median(of_few), median(of_many));
        println!("{name}: a look-up among {SMALL} takes {of_few:.1} µs, among {large} {of_many:.1} µs");
        println!("ratio lookup_{name} {:.3} limit {LIMIT}", of_many / of_few);
        holds &= of_many / of_few <= LIMIT;
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Clone, Copy)]
enum Kind {
    Postgres,
    Sqlite,
}

/// A tenant with many licenses, one of them activated on a machine.
struct Loaded {
    world: World,
    tenant: TenantId,
    keys: Vec<[u8; 32]>,
    fingerprint: Fingerprint,
    now: Timestamp,
}

impl Loaded {
    async fn new(kind: Kind, licenses: usize) -> Self {
        let database = match kind {
            Kind::Postgres => Database::postgres().await,
            Kind::Sqlite => Database::sqlite().await,
        };
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (template, _) = shop.license_with(PolicyRules::default()).await;
        let tenant = shop.tenant.id;
        let keys = copy(&world.database.location, tenant, template.id.uuid(), licenses).await;
        let now = Licensing::clock(&world.licensing).now();
        Self { world, tenant, keys, fingerprint: testkit::fingerprint(1), now }
    }

    /// Microseconds for one look-up, as a validation makes it: begin, one query, end.
    async fn look_up(&self, round: usize) -> f64 {
        let started = Instant::now();
        for step in 0..BATCH {
            let place = (round * BATCH + step) * 7_919 % self.keys.len();
            let key_hash = self.keys.get(place).expect("a key");
            let query = DossierQuery {
                key_hash,
                fingerprint: Some(&self.fingerprint),
                customer: None,
                now: self.now,
            };
            let mut tx = self.world.database.store.read(self.tenant).await.expect("a transaction");
            let found = tx.dossiers().by_key(&query).await.expect("a look-up");
            let _changed = tx.commit().await.expect("an end");
            assert!(found.is_some(), "the license is there");
        }
        started.elapsed().as_secs_f64() * 1e6 / BATCH as f64
    }
}

const COLUMNS: &str = "tenant_id, product_id, policy_id, key_sealed, key_hint, entitlements, state, activations_used, \
    deactivations_used, version, created_at, updated_at";

/// Copies a license many times under random keys, in the database itself; gives the hashes of some thousand of them.
async fn copy(location: &Location, tenant: TenantId, template: Uuid, licenses: usize) -> Vec<[u8; 32]> {
    const SAMPLE: &str = "SELECT key_hash FROM licenses WHERE tenant_id = $1 AND number % $2 = 0";
    let count = i64::try_from(licenses).expect("a count");
    // Some thousand, spread over the whole table.
    let every = (count / 5_000).max(1);
    let hashes: Vec<Vec<u8>> = match location {
        Location::Postgres(url) => {
            let mut database = PgConnection::connect(url).await.expect("the server answers");
            let set = format!("SELECT set_config('app.tenant_id', '{tenant}', false)");
            sqlx::query(sqlx::AssertSqlSafe(set)).execute(&mut database).await.expect("the tenant is set");
            let insert = format!(
                "INSERT INTO licenses (id, number, key_hash, {COLUMNS}) \
                 SELECT gen_random_uuid(), n + 1, sha256(n::text::bytea), {COLUMNS} \
                 FROM licenses, generate_series(1, $3) n WHERE tenant_id = $1 AND id = $2"
            );
            let insert =
                sqlx::query(sqlx::AssertSqlSafe(insert)).bind(tenant.uuid()).bind(template).bind(count);
            insert.execute(&mut database).await.expect("the licenses are copied");
            sqlx::query("ANALYZE").execute(&mut database).await.expect("statistics are made");
            let sample = sqlx::query_scalar(SAMPLE).bind(tenant.uuid()).bind(every);
            sample.fetch_all(&mut database).await.expect("a sample")
        }
        Location::Sqlite(path) => {
            let url = format!("sqlite://{}", path.display());
            let mut database = SqliteConnection::connect(&url).await.expect("the file opens");
            let insert = format!(
                "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < $3) \
                 INSERT INTO licenses (id, number, key_hash, {COLUMNS}) \
                 SELECT randomblob(16), n + 1, randomblob(32), {COLUMNS} \
                 FROM licenses, series WHERE tenant_id = $1 AND id = $2"
            );
            let insert =
                sqlx::query(sqlx::AssertSqlSafe(insert)).bind(tenant.uuid()).bind(template).bind(count);
            insert.execute(&mut database).await.expect("the licenses are copied");
            let sample = sqlx::query_scalar(SAMPLE).bind(tenant.uuid()).bind(every);
            sample.fetch_all(&mut database).await.expect("a sample")
        }
    };
    hashes.into_iter().map(|hash| hash.try_into().expect("32 bytes")).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
