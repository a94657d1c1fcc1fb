//! `leasehold license show`.

use clap::Args;
use licensing::LicenseDetails;
use model::{Limit, Machine, Timestamp};
use serde_json::{Map, Value, json};

use super::license_json;
use crate::arguments::{LicenseChoice, TenantFlag, entitlement_json, entitlement_text};
use crate::commands::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::Result;
use crate::installation::{Missing, with_installation};
use crate::output::{Output, facts, table};

/// Show a license with its policy, customer and machines.
///
/// Shows the end of its key, not the key.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold license show 0190cafe-0000-7000-8000-000000000000 --tenant acme
  printf %s \"$KEY\" | leasehold license show --key-file - --tenant acme --json")]
pub(crate) struct Show {
    #[command(flatten)]
    license: LicenseChoice,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Show {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let (details, now) = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            let id = self.license.find(&tenant, licensing).await?;
            Ok((licensing.license(&tenant, id).await?, licensing.clock().now()))
        }))?;
        self.output.print(|| text(&details, now), || json(&details, now))
    }
}

fn text(details: &LicenseDetails, now: Timestamp) -> String {
    let LicenseDetails { license, policy, product, customer, machines, seats_used, memo } = details;
    let expires = match license.expires_at {
        None => policy
            .rules
            .term
            .map_or_else(|| "never".to_owned(), |term| format!("{term} after the first activation")),
        Some(end) if license.is_expired(now) => format!("{end} (expired)"),
        Some(end) => end.to_string(),
    };
    let mut lines = vec![
        ("id", license.id.to_string()),
        ("number", license.number.to_string()),
        ("key", format!("ends in {}", license.key_hint)),
        ("state", license.state.code().to_owned()),
        ("product", format!("{} ({})", product.name, product.code)),
        ("policy", format!("{} ({})", policy.name, policy.code)),
        (
            "customer",
            customer.as_ref().map_or_else(|| "none".to_owned(), |c| format!("{} ({})", c.name, c.client_key)),
        ),
        ("expires", expires),
        ("seats", format!("{seats_used} of {}", license.seats(policy))),
        ("activations", format!("{} of {}", license.activations_used, license.activation_limit(policy))),
        ("deactivations", format!("{} of {}", license.deactivations_used, policy.rules.deactivation_limit)),
    ];
    let effective = policy.rules.entitlements.effective(&license.overrides.entitlements, now);
    lines.extend(effective.iter().map(|(code, value)| ("entitlement", entitlement_text(code, value))));
    if let Some(memo) = memo {
        lines.push(("memo", memo.as_str().to_owned()));
    }
    let mut text = facts(&lines);
    if !machines.is_empty() {
        let rows: Vec<_> = machines.iter().map(row).collect();
        text.push('\n');
        text.push_str(&table(["MACHINE", "STATE", "ACTIVATED", "NAME"], &rows));
    }
    text
}

fn row(machine: &Machine) -> [String; 4] {
    [
        machine.id.to_string(),
        machine.state.code().to_owned(),
        machine.activated_at.to_string(),
        machine.name.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}

fn json(details: &LicenseDetails, now: Timestamp) -> Value {
    let LicenseDetails { license, policy, product, customer, machines, seats_used, memo } = details;
    let mut value = license_json(license);
    let Some(members) = value.as_object_mut() else {
        return value;
    };
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("expired", license.is_expired(now).into());
    put("product", product.code.as_str().into());
    put("policy", policy.code.as_str().into());
    if let Some(customer) = customer {
        put(
            "customer",
            json!({ "name": customer.name.as_str(), "client_key": customer.client_key.as_str() }),
        );
    }
    put("seats_used", (*seats_used).into());
    put_limit(&mut put, "seats", license.seats(policy));
    put_limit(&mut put, "activation_limit", license.activation_limit(policy));
    let effective = policy.rules.entitlements.effective(&license.overrides.entitlements, now);
    let entitlements: Map<String, Value> =
        effective.iter().map(|(code, value)| (code.to_string(), entitlement_json(value))).collect();
    put("entitlements", entitlements.into());
    if let Some(memo) = memo {
        put("memo", memo.as_str().into());
    }
    put("machines", machines.iter().map(machine_json).collect());
    value
}

fn put_limit(put: &mut impl FnMut(&str, Value) -> Option<Value>, name: &str, limit: Limit) {
    if let Some(number) = limit.number() {
        put(name, number.into());
    }
}

fn machine_json(machine: &Machine) -> Value {
    let mut value = json!({
        "id": machine.id.to_string(),
        "state": machine.state.code(),
        "activated_at": machine.activated_at.to_string(),
    });
    if let (Some(name), Some(members)) = (&machine.name, value.as_object_mut()) {
        members.insert("name".to_owned(), name.as_str().into());
    }
    value
}
