//! `leasehold policy create`.

use clap::{Args, Subcommand};
use licensing::{Call, NewPolicy};
use model::{Limit, Name, Policy, PolicyCode, PolicyRules, ProductCode, SeatKind, Term, TermStart};
use serde_json::{Map, Value, json};

use super::{block_on, configure};
use crate::arguments::{
    EntitlementFlag, TenantFlag, entitlement_json, entitlement_text, entitlements, limit,
};
use crate::config::DatabaseFlags;
use crate::fault::{Fault, Result};
use crate::installation::{Missing, with_installation};
use crate::output::{Output, facts};

/// Make policies, the templates of licenses.
#[derive(Subcommand, Debug)]
pub(crate) enum Policies {
    Create(Create),
}

impl Policies {
    pub(super) fn run(self) -> Result<()> {
        let Self::Create(command) = self;
        command.run()
    }
}

/// Make a policy.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold policy create atelier --tenant acme --product atelier --seats 3 \\
      --entitlement export=true --entitlement max-layers=64 --entitlement tiers=a,b
  leasehold policy create yearly --tenant acme --product atelier --term P1Y --requires-customer
  leasehold policy create trial --tenant acme --product atelier --term P14D --term-starts creation --trial")]
pub(crate) struct Create {
    /// Its name in requests and leases.
    code: PolicyCode,
    /// The product whose licenses it is for.
    #[arg(long)]
    product: ProductCode,
    /// Its name for people [default: the code].
    #[arg(long)]
    name: Option<Name>,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    database: DatabaseFlags,
}

/// What the policy gives and demands. The defaults are those of `PolicyRules`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Rules")]
struct Rules {
    /// How long a license runs, an ISO 8601 duration such as P1Y or P30D [default: for ever].
    #[arg(long, value_name = "DURATION")]
    term: Option<Term>,
    /// What starts the term: `first_activation` or `creation`.
    #[arg(long, value_name = "WHEN", default_value = "first_activation", value_parser = TermStart::from_code)]
    term_starts: TermStart,
    /// Machines at a time, or unlimited.
    #[arg(long, value_name = "N", default_value = "1", value_parser = limit)]
    seats: Limit,
    /// How a seat is held: `node_locked` (until deactivation) or `floating` (while its lease lives).
    #[arg(long, value_name = "KIND", default_value = "node_locked", value_parser = SeatKind::from_code)]
    seat_kind: SeatKind,
    /// How far activation may go beyond the seats, in percent of them.
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    overage_percent: u16,
    /// Activations ever, or unlimited.
    #[arg(long, value_name = "N", default_value = "unlimited", value_parser = limit)]
    activation_limit: Limit,
    /// Deactivations ever by the app, or unlimited.
    #[arg(long, value_name = "N", default_value = "unlimited", value_parser = limit)]
    deactivation_limit: Limit,
    /// Activation must name the customer, and binds the license to it.
    #[arg(long)]
    requires_customer: bool,
    /// Lifetime of a lease, in seconds [default: 14 days].
    #[arg(long, value_name = "SECONDS")]
    lease_seconds: Option<u32>,
    /// When the app should come back, in seconds [default: 1 day].
    #[arg(long, value_name = "SECONDS")]
    refresh_seconds: Option<u32>,
    /// How long an expired lease is still tolerated, in seconds [default: 3 days].
    #[arg(long, value_name = "SECONDS")]
    grace_seconds: Option<u32>,
    /// Lifetime of a lease made by offline activation, in seconds [default: 365 days].
    #[arg(long, value_name = "SECONDS")]
    offline_lease_seconds: Option<u32>,
    /// Give an entitlement: a flag (export=true), a number (max-layers=64), a text (edition=pro) or a set
    /// (tiers=a,b). May be given several times.
    #[arg(long = "entitlement", value_name = "CODE=VALUE")]
    entitlements: Vec<EntitlementFlag>,
    /// Mark its licenses and leases as a trial.
    #[arg(long)]
    trial: bool,
}

impl From<Rules> for PolicyRules {
    fn from(rules: Rules) -> Self {
        let default = Self::default();
        Self {
            term: rules.term,
            term_starts: rules.term_starts,
            seats: rules.seats,
            seat_kind: rules.seat_kind,
            overage_percent: rules.overage_percent,
            activation_limit: rules.activation_limit,
            deactivation_limit: rules.deactivation_limit,
            requires_customer: rules.requires_customer,
            lease_seconds: rules.lease_seconds.unwrap_or(default.lease_seconds),
            refresh_seconds: rules.refresh_seconds.unwrap_or(default.refresh_seconds),
            grace_seconds: rules.grace_seconds.unwrap_or(default.grace_seconds),
            offline_lease_seconds: rules.offline_lease_seconds.unwrap_or(default.offline_lease_seconds),
            entitlements: entitlements(&rules.entitlements),
            trial: rules.trial,
        }
    }
}

impl Create {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let name = self.name.map_or_else(|| Name::parse(self.code.as_str()), Ok);
        let new = NewPolicy {
            metadata: model::Metadata::default(),
            product: self.product,
            name: name.map_err(|rule| Fault::usage(format_args!("the name {rule}")))?,
            code: self.code,
            rules: self.rules.into(),
        };
        let policy = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            Ok(licensing.create_policy(&tenant, &Call::operator(), new).await?)
        }))?;
        self.output
            .print(|| format!("Policy {} is made.\n\n{}", policy.code, text(&policy)), || json(&policy))
    }
}

fn text(policy: &Policy) -> String {
    let rules = &policy.rules;
    let mut lines = vec![
        ("id", policy.id.to_string()),
        ("code", policy.code.to_string()),
        ("name", policy.name.to_string()),
        (
            "term",
            rules.term.map_or_else(
                || "for ever".to_owned(),
                |term| format!("{term} from {}", rules.term_starts.code()),
            ),
        ),
        ("seats", format!("{} {}", rules.seats, rules.seat_kind.code())),
        ("overage", format!("{} %", rules.overage_percent)),
        ("activation limit", rules.activation_limit.to_string()),
        ("deactivation limit", rules.deactivation_limit.to_string()),
        ("requires customer", rules.requires_customer.to_string()),
        ("lease seconds", rules.lease_seconds.to_string()),
        ("refresh seconds", rules.refresh_seconds.to_string()),
        ("grace seconds", rules.grace_seconds.to_string()),
        ("offline lease", format!("{} seconds", rules.offline_lease_seconds)),
        ("trial", rules.trial.to_string()),
    ];
    lines.extend(
        rules
            .entitlements
            .iter()
            .map(|(code, entitlement)| ("entitlement", entitlement_text(code, &entitlement.value))),
    );
    facts(&lines)
}

fn json(policy: &Policy) -> Value {
    let rules = &policy.rules;
    let entitlements: Map<String, Value> = rules
        .entitlements
        .iter()
        .map(|(code, entitlement)| (code.to_string(), entitlement_json(&entitlement.value)))
        .collect();
    let mut value = json!({
        "id": policy.id.to_string(),
        "code": policy.code.as_str(),
        "name": policy.name.as_str(),
        "term_starts": rules.term_starts.code(),
        "seat_kind": rules.seat_kind.code(),
        "overage_percent": rules.overage_percent,
        "requires_customer": rules.requires_customer,
        "lease_seconds": rules.lease_seconds,
        "refresh_seconds": rules.refresh_seconds,
        "grace_seconds": rules.grace_seconds,
        "offline_lease_seconds": rules.offline_lease_seconds,
        "entitlements": entitlements,
        "trial": rules.trial,
        "created_at": policy.created_at.to_string(),
    });
    if let Some(members) = value.as_object_mut() {
        let limits = [
            ("seats", rules.seats),
            ("activation_limit", rules.activation_limit),
            ("deactivation_limit", rules.deactivation_limit),
        ];
        members.extend(
            limits.iter().filter_map(|(name, limit)| Some(((*name).to_owned(), limit.number()?.into()))),
        );
        members.extend(rules.term.map(|term| ("term".to_owned(), term.to_string().into())));
    }
    value
}
