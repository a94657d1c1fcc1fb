//! `leasehold verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use lease::{Explanation, KeySet, VerifiedLease, Verifier};
use licensing::Clock;
use model::{Fingerprint, Issuer, ProductCode, Timestamp};
use serde_json::{Value, json};

use crate::arguments::{instant, read_text};
use crate::fault::{Exit, Fault, Result};
use crate::output::{Output, facts};

/// Verify a lease offline, and say each check.
///
/// Does what an app does: no server and no database, only the lease, the pinned keys and what the app knows of itself.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold verify @lease.jwt --keys keys.json --issuer https://licenses.example.com/t/acme \\
      --product atelier --fingerprint 6f1d-22a0
  curl -s https://licenses.example.com/t/acme/.well-known/jwks.json > keys.json

Exit codes: 0 the app may run (time state valid, refresh_due or in_grace) · 3 it may not: a check failed, or the lease \
has expired with its grace · 2 the command line or the keys are wrong.")]
pub(crate) struct Verify {
    /// The lease: a token, @FILE, or - for standard input.
    lease: String,
    /// The pinned keys: a JWK Set, such as `leasehold keys list --jwks` prints.
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// The issuer that the app expects.
    #[arg(long, value_name = "URL")]
    issuer: Issuer,
    /// The product that the app is.
    #[arg(long, value_name = "CODE")]
    product: ProductCode,
    /// The fingerprint of this machine, as the app sent it.
    #[arg(long, value_parser = fingerprint)]
    fingerprint: Fingerprint,
    /// Verify as of this RFC 3339 time [default: now].
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<Timestamp>,
    #[command(flatten)]
    output: Output,
}

fn fingerprint(text: &str) -> Result<Fingerprint, model::Invalid> {
    Fingerprint::parse(text)
}

/// More than any lease may have: what is longer fails its first check.
const MOST_TOKEN: u64 = 64 * 1024;
const MOST_KEYS: u64 = 64 * 1024;

impl Verify {
    pub(super) fn run(self) -> Result<()> {
        let token = match self.lease.strip_prefix('@') {
            Some(file) => read_text(Path::new(file), MOST_TOKEN)?,
            None if self.lease == "-" => read_text(Path::new("-"), MOST_TOKEN)?,
            None => self.lease,
        };
        let keys = read_text(&self.keys, MOST_KEYS)?;
        let keys = KeySet::parse(keys.as_bytes())
            .map_err(|error| Fault::usage(format_args!("{}: {error}", self.keys.display())))?;
        let now = self.at.unwrap_or_else(|| Clock::System.now());
        let verifier = Verifier::new(self.issuer.as_str(), self.product.as_str(), keys);
        let explanation = verifier.explain_lease(token.trim(), self.fingerprint.as_str(), now.unix_seconds());
        let permits = explanation.lease.as_ref().is_some_and(|lease| lease.state.permits_use());
        self.output.print(|| text(&explanation, permits), || json(&explanation, permits))?;
        if permits { Ok(()) } else { Err(Fault::said(Exit::Refused)) }
    }
}

fn text(explanation: &Explanation, permits: bool) -> String {
    let mut text = String::new();
    for check in &explanation.checks {
        let (mark, words) = match &check.outcome {
            Ok(found) => ("ok  ", found.clone()),
            Err(error) => ("FAIL", error.to_string()),
        };
        text.push_str(&format!("{mark}  {:<12}  {words}\n", check.name));
    }
    if let Some(lease) = &explanation.lease {
        text.push_str(&format!("\n{}", lease_text(lease)));
    }
    let verdict = if permits { "The app may run." } else { "The app may not run." };
    text + &format!("\n{verdict}")
}

fn lease_text(lease: &VerifiedLease) -> String {
    let claims = &lease.claims;
    let mut lines = vec![
        ("state", lease.state.name().to_owned()),
        ("license", claims.sub.clone()),
        ("machine", claims.mid.clone()),
        ("issued", time(claims.iat)),
        ("refresh at", time(claims.refresh_at)),
        ("expires", time(claims.exp)),
        ("grace until", time(claims.grace_until)),
    ];
    lines.extend(claims.ent.iter().map(|(code, value)| ("entitlement", format!("{code}={}", json!(value)))));
    facts(&lines)
}

fn time(seconds: i64) -> String {
    Timestamp::from_unix_seconds(seconds).map_or_else(|| seconds.to_string(), |time| time.to_string())
}

fn json(explanation: &Explanation, permits: bool) -> Value {
    let checks: Vec<Value> = explanation
        .checks
        .iter()
        .map(|check| match &check.outcome {
            Ok(found) => json!({ "name": check.name, "ok": true, "found": found }),
            Err(error) => {
                json!({ "name": check.name, "ok": false, "code": error.code(), "reason": error.to_string() })
            }
        })
        .collect();
    let mut value = json!({ "permitted": permits, "checks": checks });
    if let (Some(lease), Some(members)) = (&explanation.lease, value.as_object_mut()) {
        members.insert("state".to_owned(), lease.state.name().into());
        members.insert("claims".to_owned(), json!(lease.claims));
    }
    value
}
