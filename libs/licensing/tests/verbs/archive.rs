//! Archives: a whole tenant goes to another installation, on whichever database, or nothing of it does.

use leasehold_licensing::{
    ArchiveKey, Call, Clock, Entropy, Error, FirstOwner, Licensing, MasterKey, NewHostedTenant, NewTenant,
    Surroundings,
};
use model::{EmailAddress, HostedTenant, Issuer, Name, Tenant, TenantSlug, Timestamp};
use testkit::{Database, NOW, Shop, World};

use crate::common::{
    checked, client_key, outcome, refresh_as, refresh_command, rules, seconds, validate, verifier,
};

fn key(byte: u8) -> ArchiveKey {
    ArchiveKey::new([byte; 32])
}

/// A world whose installation has a master key of its own.
async fn elsewhere(database: Database) -> World {
    let clock = Clock::fixed(Timestamp::parse(NOW).unwrap());
    let (store, entropy) = (database.store.clone(), Entropy::seeded(77));
    let licensing =
        Licensing::open(store, &MasterKey::new([99; 32]), clock.clone(), entropy, Surroundings::alone())
            .await
            .unwrap();
    World { database, licensing, clock }
}

async fn export(world: &World, slug: &TenantSlug, key: &ArchiveKey) -> Vec<u8> {
    let mut export = world.licensing.export_tenant(&Call::operator(), slug, key).await.unwrap();
    let mut archive = Vec::new();
    while let Some(lines) = export.next().await.unwrap() {
        archive.extend(lines);
    }
    archive
}

/// Imports an archive in pieces that end anywhere.
async fn import(world: &World, archive: &[u8], key: &ArchiveKey) -> Result<HostedTenant, Error> {
    let mut import = world.licensing.import_tenant(&Call::operator(), key);
    for piece in archive.chunks(777) {
        import.feed(piece).await?;
    }
    import.finish().await
}

/// A tenant with something in every table, and what its vendor and an app of it hold.
struct Vendor<'a> {
    shop: Shop<'a>,
    api_key: model::ApiKeyToken,
    license: model::LicenseId,
    key: model::LicenseKey,
    lease: leasehold_licensing::Activated,
}

async fn vendor(world: &World) -> Vendor<'_> {
    let new = NewHostedTenant {
        tenant: NewTenant {
            slug: TenantSlug::parse("acme").unwrap(),
            name: Name::parse("Träume & Söhne").unwrap(),
            issuer: Issuer::parse("https://licenses.example.com/t/acme").unwrap(),
        },
        owner: FirstOwner {
            email: EmailAddress::parse("olivia@example.com").unwrap(),
            name: Name::parse("Olivia").unwrap(),
        },
        api_key_name: Name::parse("first").unwrap(),
    };
    let start = world.licensing.host_tenant(&Call::operator(), new).await.unwrap();
    let shop = Shop { world, tenant: start.tenant.tenant };
    shop.product("app").await;
    shop.customer("CLIENT").await;
    let (license, key) = shop
        .license_with(rules(|rules| {
            rules.lease_seconds = 10_000;
            rules.refresh_seconds = 1_000;
        }))
        .await;
    let mut raw = world.database.raw().await;
    raw.execute("UPDATE licenses SET memo = 'a ''note'''").await;
    let metadata = [("order".to_owned(), "line\none ü".to_owned())];
    let metadata = model::Metadata::new(metadata.into()).unwrap();
    let mut tx = world.database.store.write(shop.tenant.id).await.unwrap();
    tx.licenses().set_metadata(license.id, &metadata).await.unwrap();
    let _changed = tx.commit().await.unwrap();
    // The license of a customer.
    let mut command = shop.activate_command(&key, 1);
    command.customer = Some(client_key("CLIENT"));
    let lease =
        crate::common::fresh(world.licensing.activate(&shop.tenant, &testkit::call(), command, None).await)
            .unwrap();
    validate(&shop, &key, Some(1)).await;
    for number in 0..600 {
        shop.customer(&format!("CLIENT-{number}")).await;
    }
    world.licensing.flush_checks().await.unwrap();
    Vendor { shop, api_key: start.token, license: license.id, key, lease }
}

async fn travels(from: Database, to: Database) {
    let here = World::new(from).await;
    let there = elsewhere(to).await;
    there.shop("other").await;
    let vendor = vendor(&here).await;
    let archive = export(&here, &vendor.shop.tenant.slug, &key(1)).await;
    let imported = import(&there, &archive, &key(1)).await.unwrap();
    assert_eq!(imported.tenant, vendor.shop.tenant, "identifier, slug, name and issuer are the same");

    let shop = Shop { world: &there, tenant: imported.tenant.clone() };
    let key_set = |shop| verifier(shop, "app");
    let now = seconds(&shop);
    let token = &vendor.lease.lease.token;
    let verified = key_set(&shop).await.lease(token, "machine-1", now).unwrap();
    assert_eq!(verified.claims.sub, vendor.license.to_string());
    assert_eq!(
        here.licensing.published_keys(&vendor.shop.tenant).await.unwrap().json,
        there.licensing.published_keys(&shop.tenant).await.unwrap().json
    );
    assert_eq!(checked(&validate(&shop, &vendor.key, Some(1)).await), [""; 0]);
    assert_eq!(checked(&validate(&shop, &vendor.key, Some(2)).await), ["machine_mismatch"]);
    let refreshed = refresh_as(&shop, refresh_command(&vendor.key, 1, Some(vendor.lease.lease.id))).await;
    assert_eq!(outcome(&refreshed), [""; 0]);
    // The old installation's key set verifies what the new one signs: the keys are the same.
    let token = refreshed.unwrap().lease.token;
    verifier(&vendor.shop, "app").await.lease(&token, "machine-1", now).unwrap();
    let found = there.licensing.authenticate(&shop.tenant, &vendor.api_key).await.unwrap();
    assert_eq!(found.unwrap().name.as_str(), "first");
    assert!(shop.activate(&vendor.key, 2).await.is_err(), "its one seat is taken");

    let rows = async |world: &World, sql: &str| world.database.raw().await.texts(sql).await;
    for sql in [
        "SELECT client_key || name || CAST(number AS text) || CAST(revision AS text) FROM customers ORDER BY number",
        "SELECT memo || metadata || key_hint || state || CAST(activations_used AS text) FROM licenses",
        "SELECT name || value FROM license_metadata",
        "SELECT email || name || role FROM members",
    ] {
        assert_eq!(rows(&here, sql).await, rows(&there, sql).await, "{sql}");
    }
    let events = "SELECT action FROM events e JOIN tenants t ON t.id = e.tenant_id WHERE t.slug = 'acme' \
                  AND action NOT IN ('tenant.export', 'tenant.import', 'lease.refresh', 'machine.activate') ORDER BY e.id";
    assert_eq!(rows(&here, events).await, rows(&there, events).await);
    let marked = here.licensing.hosted_tenant(&shop.tenant.slug).await.unwrap();
    assert_eq!(marked.exported_at, Some(Timestamp::parse(NOW).unwrap()));

    // New things get new numbers.
    let customer = shop.customer("NEWER").await;
    assert_eq!(customer.number, 602);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_postgres_to_sqlite() {
    travels(Database::postgres().await, Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_sqlite_to_postgres() {
    travels(Database::sqlite().await, Database::postgres().await).await;
}

/// A small tenant, so that an archive of it can be spoilt in every line.
async fn small(world: &World) -> (Tenant, model::LicenseKey, Vec<u8>) {
    let shop = world.shop("acme").await;
    let (_, license_key) = shop.license_with(rules(|_| {})).await;
    shop.activate(&license_key, 1).await.unwrap();
    let archive = export(world, &shop.tenant.slug, &key(1)).await;
    (shop.tenant, license_key, archive)
}

async fn a_spoilt_archive_imports_nothing(from: Database, to: Database) {
    let here = World::new(from).await;
    let there = elsewhere(to).await;
    let (_, _, archive) = small(&here).await;
    let mut raw = there.database.raw().await;
    let before = raw.dump().await;
    let mut refused = 0;
    let mut spoilt: Vec<(String, Vec<u8>)> = Vec::new();
    for place in (0..archive.len()).step_by(97).chain([archive.len() - 1]) {
        spoilt.push((format!("cut at {place}"), archive[..place].to_vec()));
        let mut changed = archive.clone();
        changed[place] ^= 1;
        spoilt.push((format!("changed at {place}"), changed));
    }
    let lines: Vec<&[u8]> = archive.split_inclusive(|byte| *byte == b'\n').collect();
    for place in 0..lines.len() {
        let mut left = lines.clone();
        left.remove(place);
        spoilt.push((format!("without line {place}"), left.concat()));
        let mut twice = lines.clone();
        twice.insert(place, lines[place]);
        spoilt.push((format!("with line {place} twice"), twice.concat()));
    }
    spoilt.push(("with more behind it".to_owned(), [&archive[..], b"x"].concat()));
    spoilt.push(("empty".to_owned(), Vec::new()));
    for (how, spoilt) in spoilt {
        match import(&there, &spoilt, &key(1)).await {
            Err(Error::Invalid { field: "archive", .. }) => refused += 1,
            other => panic!("{how}: {other:?}"),
        }
    }
    assert!(refused > 100);
    let other_key = import(&there, &archive, &key(2)).await.unwrap_err();
    assert!(other_key.to_string().contains("the key that it was exported with"), "{other_key}");
    // Whoever has no key cannot make the last line fit, though the digest is no secret.
    let forged = forge(&archive);
    assert!(matches!(import(&there, &forged, &key(1)).await, Err(Error::Invalid { .. })));
    assert_eq!(raw.dump().await, before);
    import(&there, &archive, &key(1)).await.unwrap();
    let again = import(&there, &archive, &key(1)).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
}

/// The archive with another name in it, and a digest that fits.
fn forge(archive: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    let text = String::from_utf8(archive.to_vec()).unwrap().replace("\"seats\":1", "\"seats\":9");
    let (lines, end) = text.trim_end().rsplit_once('\n').unwrap();
    let lines = format!("{lines}\n");
    assert_ne!(&archive[..lines.len()], lines.as_bytes());
    let digest: String = sha2::Sha256::digest(&lines).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
    end["end"]["sha256"] = digest.into();
    format!("{lines}{end}\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_archive_imports_nothing_into_sqlite() {
    a_spoilt_archive_imports_nothing(Database::postgres().await, Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_archive_imports_nothing_into_postgres() {
    a_spoilt_archive_imports_nothing(Database::sqlite().await, Database::postgres().await).await;
}

#[tokio::test]
async fn an_archive_holds_no_secret_in_the_clear() {
    let here = World::new(Database::sqlite().await).await;
    let (_, license_key, archive) = small(&here).await;
    let text = String::from_utf8(archive).unwrap();
    assert!(!text.contains(license_key.reveal()) && !text.contains("key_hash"));
    assert!(text.lines().all(|line| line.starts_with('{')) && text.ends_with('\n'));
    assert_eq!(format!("{:?}", key(1)), "ArchiveKey(…)");
    assert!(ArchiveKey::parse(&"0".repeat(63)).is_err() && ArchiveKey::parse(&"0".repeat(64)).is_ok());
    assert!(ArchiveKey::parse(&"g".repeat(64)).is_err());
}

async fn an_export_is_one_snapshot(database: Database) {
    let here = World::new(database).await;
    let shop = here.shop("acme").await;
    for number in 0..600 {
        shop.customer(&format!("CLIENT-{number}")).await;
    }
    let mut export =
        here.licensing.export_tenant(&Call::operator(), &shop.tenant.slug, &key(1)).await.unwrap();
    let mut archive = export.next().await.unwrap().unwrap();
    // What is made in the meantime is not in it, whole or not at all.
    shop.customer("LATE").await;
    let (_, late) = shop.license_with(rules(|_| {})).await;
    shop.activate(&late, 1).await.unwrap();
    while let Some(lines) = export.next().await.unwrap() {
        archive.extend(lines);
    }
    let text = String::from_utf8(archive.clone()).unwrap();
    assert!(!text.contains("LATE") && !text.contains("\"licenses\",\"row\""), "{text}");
    let there = elsewhere(Database::sqlite().await).await;
    import(&there, &archive, &key(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_one_snapshot_of_postgres() {
    an_export_is_one_snapshot(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_one_snapshot_of_sqlite() {
    an_export_is_one_snapshot(Database::sqlite().await).await;
}
