//! A vendor with licenses, on a database of its own.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use licensing::{Clock, Entropy, Licensing, MasterKey, NewApiKey, Surroundings};
use model::{Limit, Name, PolicyRules, Scopes};
use testkit::{Database, World, call};
use tokio::runtime::Runtime;

use crate::client::{Expected, Waiting, post};
use crate::fairness::lift_limits;
use crate::load::{Requests, Until, closed};
use crate::process::Server;

/// The master key of all databases of the benchmark.
pub(crate) const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
/// Licenses that are asked about. Those beyond them are copies of one, of which nobody has the key.
pub(crate) const DRIVEN: u64 = 5_000;
/// Of those, the ones that are asked about again and again.
pub(crate) const HOT: u64 = 1_000;

/// A database with a vendor `acme`, whose licenses are each active on one machine.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// Licenses beyond those that are driven.
    pub(crate) copies: u64,
    pub(crate) world: World,
    /// The vendor's identifier.
    pub(crate) tenant: String,
    /// A token of the vendor.
    pub(crate) token: String,
    /// Never asks twice for the same machine.
    machines: Arc<AtomicU64>,
}

/// The key of the license of that number.
pub(crate) fn key(number: u64) -> String {
    format!("BENCH-{number:07}-KEY")
}

/// The machine on which each license is active.
pub(crate) fn fingerprint(number: u64) -> String {
    format!("5f0c7be2-machine-{number:07}")
}

impl Setting {
    /// A vendor with this many licenses on a fresh database.
    pub(crate) fn new(name: &'static str, runtime: &Runtime, database: Database, licenses: u64) -> Self {
        let (world, tenant, token) = runtime.block_on(vendor(database));
        let copies = licenses.saturating_sub(DRIVEN);
        let setting = Self { name, copies, world, tenant, token, machines: Arc::new(AtomicU64::new(0)) };
        if !lift_limits(&setting, "acme") {
            println!("{name}: this server knows no limits");
        }
        let server = Server::start(&setting.world.database.location, None);
        let mut file = "key,policy,metadata\n".to_owned();
        for number in 0..DRIVEN {
            writeln!(file, "{},standard,\"{{\"\"order\"\":\"\"{number}\"\"}}\"", key(number))
                .expect("a text");
        }
        let url = format!("http://{}/t/acme/v1/imports/licenses.csv", server.address);
        let report = runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let request = client.post(url).bearer_auth(&setting.token).header("content-type", "text/csv");
            request.body(file).send().await.expect("an answer").text().await.expect("a text")
        });
        assert!(report.contains(&format!("\"created\":{DRIVEN},")), "{report:.300}");
        let next = AtomicU64::new(0);
        let activate = Requests {
            make: Arc::new(|number| activation(number, &fingerprint(number))),
            expected: Expected::CREATED,
        };
        let load = closed(server.address, 16, Until::Count(DRIVEN), &activate, &next);
        assert_eq!((load.failed, load.latencies.len()), (0, usize::try_from(DRIVEN).unwrap_or(0)));
        runtime.block_on(setting.fill(copies));
        setting
    }

    /// Adds copies of the last license and of its machine, and lets the database count its rows again.
    async fn fill(&self, count: u64) {
        let mut raw = self.world.database.raw().await;
        if let testkit::Raw::Postgres(_) = raw {
            let tables = [("licenses", "id"), ("license_checks", "license_id"), ("machines", "license_id")];
            for (table, id) in tables {
                let columns = raw.columns(table).await;
                let values: Vec<String> = columns.iter().map(|column| filler(column, id)).collect();
                // The rows that foreign keys ask for are there: they are not looked up a million times.
                let sql = format!(
                    "SET session_replication_role = replica; \
                     INSERT INTO {table} ({}) SELECT {} FROM (SELECT * FROM {table} LIMIT 1) t, \
                     generate_series(1, {count}) g; SET session_replication_role = origin",
                    columns.join(", "),
                    values.join(", ")
                );
                raw.execute(&sql).await;
            }
            raw.execute("VACUUM ANALYZE").await;
        } else {
            raw.execute("ANALYZE").await;
        }
    }

    /// Checks of the licenses that are asked about again and again.
    pub(crate) fn hot(&self) -> Requests {
        Requests::cycle((0..HOT).map(|number| validation(number, None)).collect(), Expected::VALID)
    }

    /// Checks of all the other licenses, each once in a cycle.
    pub(crate) fn cold(&self) -> Requests {
        Requests::cycle((HOT..DRIVEN).map(|number| validation(number, None)).collect(), Expected::VALID)
    }

    /// Checks whose answers are signed.
    pub(crate) fn signed(&self) -> Requests {
        let make = |number| validation(number % HOT, Some(&format!("nonce-{number:012}")));
        Requests { make: Arc::new(make), expected: Expected::VALID }
    }

    /// Activations on machines that are new.
    pub(crate) fn activations(&self) -> Requests {
        let machines = Arc::clone(&self.machines);
        let make = move |_| {
            let machine = machines.fetch_add(1, Ordering::Relaxed);
            activation(machine % DRIVEN, &format!("0d3b6f11-new-{machine:09}"))
        };
        Requests { make: Arc::new(make), expected: Expected::CREATED }
    }

    /// Refreshes of the leases of all licenses, in turns.
    pub(crate) fn refreshes(&self) -> Requests {
        let requests = (0..DRIVEN).map(|number| {
            let (key, machine) = (key(number), fingerprint(number));
            let body = format!("{{\"key\":\"{key}\",\"product\":\"app\",\"fingerprint\":\"{machine}\"}}");
            post("/t/acme/v1/leases/refresh", None, &body).into()
        });
        Requests::cycle(requests.collect(), Expected::OK)
    }

    /// The echo of an answer to a check.
    pub(crate) fn echo(&self, server: &Server) -> Requests {
        let mut connection = Waiting::open(server.address).expect("a connection");
        let answer = connection.ask(&validation(0, None)).expect("an answer");
        let body = std::str::from_utf8(answer.body).expect("a text");
        Requests::cycle(vec![post("/echo", None, body).into()], Expected::OK)
    }
}

async fn vendor(database: Database) -> (World, String, String) {
    let store = database.store.clone();
    let (master, surroundings) = (MasterKey::new([7; 32]), Surroundings::of_command());
    let licensing = Licensing::open(store, &master, Clock::System, Entropy::System, surroundings).await;
    let world = World { database, licensing: licensing.expect("licensing opens"), clock: Clock::System };
    let shop = world.shop("acme").await;
    shop.policy("standard", PolicyRules { seats: Limit::AtMost(1_000_000), ..PolicyRules::default() }).await;
    let new = NewApiKey {
        name: Name::parse("bench").expect("a name"),
        scopes: "admin".parse::<Scopes>().expect("a scope"),
        expires_at: None,
    };
    let made = world.licensing.create_api_key(&shop.tenant, &call(), new).await;
    let token = made.expect("an API key is made").1.reveal().to_owned();
    let tenant = shop.tenant.id.uuid().to_string();
    drop(shop);
    (world, tenant, token)
}

/// What a column of a copied row holds.
fn filler(column: &str, license: &str) -> String {
    let id = |kind: char| format!("('{kind}0000000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid");
    match column {
        "key_hash" => "sha256(('filler-' || g)::bytea)".to_owned(),
        "number" => "1000000000 + g".to_owned(),
        "license_id" => id('a'),
        "id" if license == "id" => id('a'),
        "id" | "lease_id" => id('b'),
        other => format!("t.{other}"),
    }
}

/// A check of a license on its machine.
pub(crate) fn validation(number: u64, nonce: Option<&str>) -> Arc<[u8]> {
    let (key, machine) = (key(number), fingerprint(number));
    let nonce = nonce.map(|nonce| format!(",\"nonce\":\"{nonce}\"")).unwrap_or_default();
    let body = format!("{{\"key\":\"{key}\",\"product\":\"app\",\"fingerprint\":\"{machine}\"{nonce}}}");
    post("/t/acme/v1/validate", None, &body).into()
}

fn activation(number: u64, machine: &str) -> Arc<[u8]> {
    let body = format!(
        "{{\"key\":\"{}\",\"product\":\"app\",\"fingerprint\":\"{machine}\",\"machine_name\":\"studio\"}}",
        key(number)
    );
    post("/t/acme/v1/activate", None, &body).into()
}
