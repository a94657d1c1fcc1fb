//! A vendor on PostgreSQL with many licenses of all kinds, made in the database itself.

use model::{CustomerId, License, Tenant};
use testkit::{Database, Raw, World};

/// A vendor with some products, policies and customers, and many licenses.
pub(crate) struct Many {
    /// The use cases over the database.
    pub(crate) world: World,
    /// The vendor.
    pub(crate) tenant: Tenant,
    /// One of the product and policy that six of ten licenses have.
    pub(crate) license: License,
    /// The customer whom six of ten licenses belong to.
    pub(crate) customer: CustomerId,
}

impl Many {
    /// With so many licenses.
    pub(crate) async fn new(licenses: u32) -> Self {
        let world = World::new(Database::postgres().await).await;
        let shop = world.shop("acme").await;
        let (license, _) = shop.license_with(model::PolicyRules::default()).await;
        let customer = shop.customer("CLIENT-1").await.id;
        let tenant = shop.tenant;
        fill(&mut world.database.raw().await, &license, licenses).await;
        Self { world, tenant, license, customer }
    }
}

/// The identifier of the license of number `n`: of version 7, one every ten seconds.
const ID: &str = "(lpad(to_hex(1767225600000 + n * 10000::bigint), 12, '0') || '7' || left(md5(n::text), 3) || '8' \
    || right(md5(n::text), 15))::uuid";

async fn fill(raw: &mut Raw, license: &License, licenses: u32) {
    // Rows that are right need no checks of their foreign keys.
    raw.execute("SET session_replication_role = replica").await;
    let [columns, copied] = others(raw, "products", "code, number, product_key").await;
    raw.execute(&format!(
        "INSERT INTO products (id, code, number, product_key, {columns}) \
         SELECT gen_random_uuid(), 'p' || n, n + 1, 'PRODUCTKEY' || n, {copied} FROM products t, generate_series(1, 2) n"
    ))
    .await;
    let [columns, copied] = others(raw, "customers", "number, client_key").await;
    raw.execute(&format!(
        "INSERT INTO customers (id, number, client_key, {columns}) \
         SELECT gen_random_uuid(), n + 1, 'CLIENTS' || n, {copied} FROM customers t, generate_series(1, 2) n"
    ))
    .await;
    let [columns, copied] = others(raw, "policies", "code, product_id").await;
    raw.execute(&format!(
        "INSERT INTO policies (id, code, product_id, {columns}) \
         SELECT gen_random_uuid(), r.code, r.id, {copied} FROM policies t, products r WHERE r.code <> 'app'"
    ))
    .await;
    let unlike = "number, key_hash, customer_id, state, expires_at, product_id, policy_id";
    let [columns, copied] = others(raw, "licenses", unlike).await;
    raw.execute(&format!(
        "INSERT INTO licenses (id, {unlike}, {columns}) \
         SELECT {ID}, n + 1, sha256(n::text::bytea), c.id, \
         CASE n % 7 WHEN 0 THEN 'revoked' WHEN 1 THEN 'suspended' ELSE 'active' END, \
         CASE WHEN n % 3 > 0 THEN timestamptz '2026-01-01' + n * interval '10 seconds' END, p.product_id, p.id, {copied} \
         FROM generate_series(1, {licenses}) n \
         JOIN licenses t ON t.id = '{}' \
         JOIN customers c ON c.number = CASE WHEN n % 10 < 6 THEN 1 WHEN n % 10 < 9 THEN 2 ELSE 3 END \
         JOIN products r ON r.number = CASE WHEN n % 10 < 6 THEN 1 WHEN n % 10 < 9 THEN 2 ELSE 3 END \
         JOIN policies p ON p.product_id = r.id",
        license.id
    ))
    .await;
    raw.execute(
        "INSERT INTO license_checks (tenant_id, license_id, product_id, checks, first_checked_at, last_checked_at) \
         SELECT tenant_id, id, product_id, 1, timestamptz '2026-01-01', \
         timestamptz '2026-01-01' + number % 50000 * interval '1 second' FROM licenses WHERE number > 1",
    )
    .await;
    raw.execute(
        "INSERT INTO license_metadata (tenant_id, license_id, name, value) \
         SELECT tenant_id, id, 'order', (number % 5)::text FROM licenses",
    )
    .await;
    raw.execute(&format!("UPDATE numbers SET next = {licenses} + 10 WHERE kind = 'license'")).await;
    // As the database does by itself, sooner or later.
    raw.execute("VACUUM ANALYZE").await;
    raw.execute("CHECKPOINT").await;
}

/// The columns of a table but for the identifier and some others: as they are called, and as they are copied from a row
/// `t`.
async fn others(raw: &mut Raw, table: &str, but: &str) -> [String; 2] {
    let but: Vec<&str> = but.split(", ").chain(["id"]).collect();
    let names: Vec<String> =
        raw.columns(table).await.into_iter().filter(|name| !but.contains(&name.as_str())).collect();
    [names.join(", "), names.iter().map(|name| format!("t.{name}")).collect::<Vec<_>>().join(", ")]
}
