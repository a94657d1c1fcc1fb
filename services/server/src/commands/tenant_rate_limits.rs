//! `leasehold tenant rate-limits`.

use std::str::FromStr;

use clap::Args;
use licensing::Call;
use model::{Invalid, Quota, RateLimitOverrides, RateLimits as Limits, Tenant, TenantSlug};
use serde_json::{Map, Value, json};

use super::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::Result;
use crate::installation::{Missing, with_installation};
use crate::output::{Output, table};

/// Show or set how often a tenant's API may be used.
///
/// A limit is a number, a slash and seconds: 120/60 is 120 in a minute. Limits that are not named stay as they are.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold tenant rate-limits acme
  leasehold tenant rate-limits acme --license-key 240/60 --wrong-keys-address 10/600
  leasehold tenant rate-limits acme --license-key usual
  leasehold tenant rate-limits acme --reset --tenant-total 100000/60")]
pub(crate) struct RateLimits {
    /// The tenant, by its slug.
    slug: TenantSlug,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Limits")]
struct Changes {
    /// Requests from one address (IPv6: from one /64 network).
    #[arg(long, value_name = "LIMIT")]
    address: Option<Choice>,
    /// Requests that present one license key.
    #[arg(long, value_name = "LIMIT")]
    license_key: Option<Choice>,
    /// Requests with one API key.
    #[arg(long, value_name = "LIMIT")]
    api_key: Option<Choice>,
    /// Requests to the tenant.
    #[arg(long, value_name = "LIMIT")]
    tenant_total: Option<Choice>,
    /// Wrong license keys and API keys from one address.
    #[arg(long, value_name = "LIMIT")]
    wrong_keys_address: Option<Choice>,
    /// Wrong license keys and API keys from all addresses together.
    #[arg(long, value_name = "LIMIT")]
    wrong_keys_tenant: Option<Choice>,
    /// Go back to the usual limits, but for those that are named beside it.
    #[arg(long)]
    reset: bool,
}

/// A limit on the command line.
#[derive(Clone, Copy, Debug)]
enum Choice {
    Usual,
    Own(Quota),
}

impl FromStr for Choice {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "usual" { Ok(Self::Usual) } else { text.parse().map(Self::Own) }
    }
}

impl Changes {
    /// The overrides after the change; `None` when none is asked for.
    fn apply(&self, before: &RateLimitOverrides) -> Option<RateLimitOverrides> {
        let is_named = [
            self.address,
            self.license_key,
            self.api_key,
            self.tenant_total,
            self.wrong_keys_address,
            self.wrong_keys_tenant,
        ]
        .iter()
        .any(Option::is_some);
        let kept = if self.reset { RateLimitOverrides::default() } else { *before };
        let after = |choice: Option<Choice>, kept: Option<Quota>| match choice {
            Some(Choice::Usual) => None,
            Some(Choice::Own(quota)) => Some(quota),
            None => kept,
        };
        (is_named || self.reset).then(|| RateLimitOverrides {
            address: after(self.address, kept.address),
            license_key: after(self.license_key, kept.license_key),
            api_key: after(self.api_key, kept.api_key),
            tenant: after(self.tenant_total, kept.tenant),
            wrong_keys_address: after(self.wrong_keys_address, kept.wrong_keys_address),
            wrong_keys_tenant: after(self.wrong_keys_tenant, kept.wrong_keys_tenant),
        })
    }
}

impl RateLimits {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let tenant = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let before = licensing.hosted_tenant(&self.slug).await?.tenant;
            Ok(match self.changes.apply(&before.rate_limits) {
                Some(limits) => {
                    licensing.set_rate_limits(&Call::operator(), &self.slug, limits).await?.tenant
                }
                None => before,
            })
        }))?;
        self.output.print(|| text(&tenant), || json(&tenant))
    }
}

/// The flags, in the order of [`Limits::named`].
const FLAGS: [&str; 6] =
    ["address", "license-key", "api-key", "tenant-total", "wrong-keys-address", "wrong-keys-tenant"];

fn text(tenant: &Tenant) -> String {
    let counts = tenant.rate_limits.over(&Limits::DEFAULT).named();
    let own = tenant.rate_limits.named();
    let rows: Vec<_> = FLAGS
        .iter()
        .zip(Limits::DEFAULT.named())
        .zip(own)
        .zip(counts)
        .map(|(((flag, (_, usual)), (_, own)), (_, counts))| {
            let own = own.map_or_else(|| "-".to_owned(), |own| own.to_string());
            [(*flag).to_owned(), usual.to_string(), own, counts.to_string()]
        })
        .collect();
    table(["LIMIT", "USUAL", "OWN", "COUNTS"], &rows)
}

fn json(tenant: &Tenant) -> Value {
    let all = |limits: &Limits| -> Map<String, Value> {
        limits.named().into_iter().map(|(name, quota)| (name.to_owned(), json!(quota.to_string()))).collect()
    };
    let own = tenant.rate_limits.named().into_iter();
    let own = own.filter_map(|(name, quota)| Some((name.to_owned(), json!(quota?.to_string()))));
    json!({
        "tenant": tenant.slug.as_str(),
        "usual": all(&Limits::DEFAULT),
        "rate_limit_overrides": own.collect::<Map<_, _>>(),
        "rate_limits": all(&tenant.rate_limits.over(&Limits::DEFAULT)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_stand_beside_the_limits_that_they_set() {
        let quota = Quota::new(7, 7).unwrap();
        for (place, flag) in FLAGS.iter().enumerate() {
            let mut choices = [None; 6];
            choices[place] = Some(Choice::Own(quota));
            let [address, license_key, api_key, tenant_total, wrong_keys_address, wrong_keys_tenant] =
                choices;
            let changes = Changes {
                address,
                license_key,
                api_key,
                tenant_total,
                wrong_keys_address,
                wrong_keys_tenant,
                reset: false,
            };
            let after = changes.apply(&RateLimitOverrides::default()).unwrap();
            let set: Vec<_> =
                after.named().into_iter().enumerate().filter(|(_, (_, quota))| quota.is_some()).collect();
            assert_eq!(set.len(), 1);
            assert_eq!(set[0].0, place, "{flag}");
        }
    }

    #[test]
    fn the_reference_has_the_usual_limits_and_their_flags() {
        let reference = include_str!("../../../../docs/rate-limits.md");
        let rows: Vec<&str> = reference.lines().filter(|line| line.contains("` | `--")).collect();
        assert_eq!(rows.len(), FLAGS.len());
        for ((row, flag), (name, quota)) in rows.iter().zip(FLAGS).zip(Limits::DEFAULT.named()) {
            assert!(row.starts_with(&format!("| `{name}` | `--{flag}` | `{quota}` | ")), "{row}");
        }
    }
}
