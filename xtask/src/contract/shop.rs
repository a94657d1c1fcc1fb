//! Two tenants with all that a tenant may have, made with the commands of the operator.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::server::Server;
use super::world::{Tenant, World};

/// Makes both; the second one's texts are unmistakable.
pub(super) fn open(server: &Server) -> Result<World> {
    let mut world = World { origin: server.origin().to_owned(), ..World::default() };
    for slug in ["alpha", "bravo"] {
        let tenant = Shop { server, slug, upper: slug.to_uppercase() }.open(&mut world)?;
        world.tenants.push(tenant);
    }
    world.scenes = scenes();
    for slug in ["charlie", "delta", "echo", "foxtrot"] {
        server.operate(&["tenant", "create", slug])?;
        world.offer("tenants", [slug.to_owned()]);
    }
    for (dictionary, unknown) in [
        ("keys", "UNKNOWN-KEY-0000"),
        ("products", "unknown"),
        ("fingerprints", "UNKNOWN-MACHINE-0000"),
        ("customer_keys", "UNKNOWN-CLIENT"),
        ("product_keys", "UNKNOWN-PRODUCT-KEY"),
    ] {
        world.offer(dictionary, [unknown.to_owned()]);
    }
    Ok(world)
}

/// Values of the first tenant that fit each other, for the APIs of all kinds of apps. On the first machine, which is in no
/// dictionary, a license stays active: no scene of it is used to deactivate.
fn scenes() -> Vec<Value> {
    let scene = |key: &str, product: &str, machine: &str, customer: Option<&str>| {
        let (key, fingerprint) = (format!("ALPHA-KEY-{key}"), format!("ALPHA-MACHINE-{machine}"));
        let mut values = json!({
            "key": key, "product": format!("alpha-{product}"), "fingerprint": fingerprint, "customer": customer,
            "entitlements": null,
            "token": key, "app_id": product.parse::<u32>().ok(), "hwid": fingerprint,
            "license_key": key, "machine_key": fingerprint, "product_key": format!("ALPHA-PRODUCT-KEY-{product}"),
        });
        if let (Some(customer), Some(values)) = (customer, values.as_object_mut()) {
            values.insert("client_key".to_owned(), json!(customer));
        }
        json!({"lasting": machine == "1", "values": values})
    };
    vec![
        scene("0001-OPEN", "1", "1", None),
        scene("0001-OPEN", "1", "2", None),
        scene("0003-FLOATING", "1", "2", None),
        scene("0002-BOUND", "2", "1", Some("ALPHA-CLIENT-1")),
        scene("0004-UNBOUND", "2", "2", Some("ALPHA-CLIENT-2")),
    ]
}

struct Shop<'a> {
    server: &'a Server,
    slug: &'static str,
    upper: String,
}

impl Shop<'_> {
    fn open(&self, world: &mut World) -> Result<Tenant> {
        let (slug, upper) = (self.slug, &self.upper);
        let base = format!("{}/t/{slug}", self.server.origin());
        let mut operators_markers = vec![self.secret("tenant")];
        let mut markers = Vec::new();
        let tenant = ["tenant", "create", slug, "--issuer", &base, "--name", &self.secret("tenant")];
        operators_markers.push(id(&self.server.operate(&tenant)?)?);
        world.offer("tenants", [slug.to_owned()]);

        for (number, format) in [("1", "crockford_5x5"), ("2", "alphanumeric_4x4")] {
            let code = format!("{slug}-{number}");
            let (name, support, key) =
                (self.secret("product"), self.secret("support"), format!("{upper}-PRODUCT-KEY-{number}"));
            let made = self.make(&[
                "product",
                "create",
                &code,
                "--number",
                number,
                "--key-format",
                format,
                "--name",
                &name,
                "--support-message",
                &support,
                "--product-key",
                &key,
            ])?;
            markers.extend([id(&made)?, name, support]);
            world.offer("products", [code]);
            world.offer("product_keys", [key]);
        }
        self.policies(world, &mut markers)?;
        self.customers(world, &mut markers)?;
        self.licenses(world, &mut markers)?;
        self.spares(world, &mut markers)?;
        self.signing_keys(world)?;
        let admin = self.make(&["api-key", "create", &self.secret("key"), "--scope", "admin"])?;
        let (api_key, api_key_id) = (text(&admin, "key")?, id(&admin)?);
        for scope in ["products:read", "licenses:read"] {
            let other = self.make(&["api-key", "create", &self.secret("key"), "--scope", scope])?;
            markers.extend([id(&other)?, text(&other, "public_id")?, text(&other, "key")?]);
            world.offer("api_keys", [id(&other)?]);
        }
        markers.extend([api_key_id.clone(), api_key.clone(), self.secret("key")]);
        Ok(Tenant { base, api_key, api_key_id, markers, operators_markers })
    }

    fn policies(&self, world: &mut World, markers: &mut Vec<String>) -> Result<()> {
        let slug = self.slug;
        let edition = format!("edition={}", self.secret("edition"));
        for (code, product, rules) in [
            (
                "open",
                "1",
                vec![
                    "--seats",
                    "unlimited",
                    "--entitlement",
                    "export=true",
                    "--entitlement",
                    "layers=64",
                    "--entitlement",
                    "tiers=a,b",
                    "--entitlement",
                    &edition,
                ],
            ),
            (
                "floating",
                "1",
                vec!["--seats", "2", "--seat-kind", "floating", "--overage-percent", "50", "--trial"],
            ),
            ("bound", "2", vec!["--requires-customer", "--term", "P1Y", "--seats", "3"]),
        ] {
            let (code, product, name) =
                (format!("{slug}-{code}"), format!("{slug}-{product}"), self.secret("policy"));
            let mut words = vec!["policy", "create", &code, "--product", &product, "--name", &name];
            words.extend(rules);
            let made = self.make(&words)?;
            markers.extend([id(&made)?, name.clone()]);
            world.offer("policies", [code]);
        }
        markers.push(self.secret("edition"));
        Ok(())
    }

    fn customers(&self, world: &mut World, markers: &mut Vec<String>) -> Result<()> {
        for number in ["1", "2"] {
            let (name, key) = (self.secret("customer"), format!("{}-CLIENT-{number}", self.upper));
            let email = format!("{}@example.test", self.secret("email"));
            let words =
                ["customer", "create", &name, "--number", number, "--client-key", &key, "--email", &email];
            let customer = id(&self.make(&words)?)?;
            world.offer("customer_keys", [key]);
            world.offer("customers", [customer.clone()]);
            markers.extend([customer, name, email]);
        }
        Ok(())
    }

    fn licenses(&self, world: &mut World, markers: &mut Vec<String>) -> Result<()> {
        let (slug, upper) = (self.slug, &self.upper);
        let memo = self.secret("memo");
        let mut keys = Vec::new();
        let mut csv =
            "key,policy,customer,activation_limit,activations_used,expires_at,state,fingerprint,memo\n"
                .to_owned();
        for (key, policy, rest) in [
            ("0001-OPEN", "open", format!(",unlimited,0,,active,{upper}-MACHINE-1")),
            ("0002-BOUND", "bound", format!("{upper}-CLIENT-1,,0,,active,{upper}-MACHINE-1")),
            ("0003-FLOATING", "floating", ",,0,,active,".to_owned()),
            ("0004-UNBOUND", "bound", ",,0,,active,".to_owned()),
            ("0005-SUSPENDED", "open", ",,0,,suspended,".to_owned()),
            ("0006-REVOKED", "open", ",,0,,revoked,".to_owned()),
            ("0007-EXPIRED", "open", format!(",,0,2020-01-01T00:00:00Z,active,{upper}-MACHINE-1")),
            ("0008-USED", "open", ",1,1,,active,".to_owned()),
            ("0009-ANY", "open", format!(",,0,,active,{upper}-MACHINE-3")),
            ("0010-ANY", "open", format!("{upper}-CLIENT-2,,0,,active,{upper}-MACHINE-3")),
            ("0011-ANY", "bound", format!("{upper}-CLIENT-2,,0,,active,{upper}-MACHINE-3")),
            ("0012-ANY", "floating", ",,0,,active,".to_owned()),
        ] {
            let key = format!("{upper}-KEY-{key}");
            csv += &format!("{key},{slug}-{policy},{rest},{memo}\n");
            keys.push(key);
        }
        world.offer("keys", keys.iter().cloned());
        let file = self.server.file(&format!("{slug}.csv"), &csv)?;
        self.make(&["license", "import", &file])?;
        world.offer("fingerprints", ["2", "3"].map(|number| format!("{upper}-MACHINE-{number}")));
        markers.extend([memo, format!("{upper}-MACHINE-1")]);
        for (number, key) in keys.iter().enumerate() {
            let shown = self.make(&["license", "show", key])?;
            let license = id(&shown)?;
            let machines = shown.get("machines").and_then(Value::as_array).into_iter().flatten();
            let machines: Vec<String> = machines.map(id).collect::<Result<_>>()?;
            markers.push(license.clone());
            markers.extend(machines.iter().cloned());
            // The first ones are those of the scenes, which must not end.
            if number >= 4 {
                world.offer("licenses", [license]);
                world.offer("machines", machines);
            }
        }
        Ok(())
    }

    /// Things that nothing else needs.
    fn spares(&self, world: &mut World, markers: &mut Vec<String>) -> Result<()> {
        let slug = self.slug;
        let mut spare: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for number in 3..=10 {
            let (product, policy) = (format!("{slug}-{number}"), format!("{slug}-spare-{number}"));
            let unused = self.make(&["product", "create", &product])?;
            let base = format!("{slug}-1");
            let export = ["--entitlement", "export=true"];
            let ruled =
                self.make(&[&["policy", "create", &*policy, "--product", &*base][..], &export].concat())?;
            let customer = self.make(&["customer", "create", &self.secret("customer")])?;
            let open = format!("{slug}-open");
            let license = self.make(
                &[
                    &["license", "create", "--policy", &*open, "--expires-at", "2040-01-01T00:00:00Z"][..],
                    &export,
                ]
                .concat(),
            )?;
            markers.extend([id(&unused)?, id(&ruled)?, id(&customer)?, id(&license)?]);
            for (parameter, name) in [
                ("product", product),
                ("policy", policy),
                ("customer", id(&customer)?),
                ("license", id(&license)?),
            ] {
                spare.entry(parameter).or_default().push(name);
            }
        }
        spare.insert("entitlement", vec!["export".to_owned()]);
        spare.insert("domain", vec!["spare.example".to_owned()]);
        spare.insert("tenant", vec!["charlie".to_owned()]);
        if world.spare.is_empty() {
            world.spare = spare;
        }
        Ok(())
    }

    fn signing_keys(&self, world: &mut World) -> Result<()> {
        let listed = self.make(&["keys", "list"])?;
        let keys = listed.get("keys").unwrap_or(&listed).as_array().cloned().unwrap_or_default();
        let kids: Vec<String> = keys.iter().map(|key| text(key, "kid")).collect::<Result<_>>()?;
        world.offer("kids", kids);
        Ok(())
    }

    /// A text that nothing else has.
    fn secret(&self, what: &str) -> String {
        format!("{}-SECRET-{what}", self.upper)
    }

    /// Runs a command on this tenant's things.
    fn make(&self, words: &[&str]) -> Result<Value> {
        let mut words = words.to_vec();
        words.extend(["--tenant", self.slug]);
        self.server.operate(&words)
    }
}

fn id(made: &Value) -> Result<String> {
    text(made, "id")
}

fn text(made: &Value, member: &str) -> Result<String> {
    let text = made.get(member).and_then(Value::as_str).map(str::to_owned);
    text.with_context(|| format!("what was made has no {member}"))
}
