//! Arguments that several commands take.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use licensing::Licensing;
use model::{
    EntitlementCode, EntitlementValue, Entitlements, LicenseId, LicenseKey, Limit, Tenant, TenantSlug,
    Timestamp,
};
use serde_json::Value;

use crate::config::Config;
use crate::fault::{Fault, Result};

/// Which tenant a command works on.
#[derive(clap::Args, Debug)]
pub(crate) struct TenantFlag {
    /// The tenant, by its slug [environment: `LEASEHOLD_DEFAULT_TENANT`].
    #[arg(long = "tenant", value_name = "TENANT")]
    slug: Option<TenantSlug>,
}

impl TenantFlag {
    /// The tenant that was named, or else the configured default.
    ///
    /// # Errors
    /// When none was named, or there is no such tenant.
    pub(crate) async fn find(&self, config: &Config, licensing: &Licensing) -> Result<Tenant> {
        let slug = self.slug.as_ref().or(config.default_tenant.as_ref());
        let slug = slug.ok_or_else(|| {
            Fault::usage("name the tenant: --tenant TENANT, or set LEASEHOLD_DEFAULT_TENANT")
        })?;
        match licensing.tenant(slug).await {
            Err(licensing::Error::NotFound(_)) => {
                Err(Fault::not_found(format_args!("there is no tenant {slug}")))
            }
            other => Ok(other?),
        }
    }
}

/// Which license a command works on.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct LicenseChoice {
    /// The license, by its ID, or by its key where shell history and process list are no concern.
    #[arg(value_name = "LICENSE")]
    license: Option<String>,
    /// Read the license's key from this file instead; - is standard input.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl LicenseChoice {
    /// The license that was named.
    ///
    /// # Errors
    /// When it cannot be read, or there is none.
    pub(crate) async fn find(&self, tenant: &Tenant, licensing: &Licensing) -> Result<LicenseId> {
        let key = match (&self.license, &self.key_file) {
            (Some(text), _) => match text.parse() {
                Ok(id) => return Ok(id),
                Err(_) => license_key(text)?,
            },
            (None, Some(file)) => key_from(file)?,
            (None, None) => {
                return Err(Fault::usage("name the license by its ID, or its key with --key-file"));
            }
        };
        Ok(licensing.license_by_key(tenant, &key).await?)
    }
}

/// Reads a license key from a file, or from standard input when it is `-`.
///
/// # Errors
/// When the file cannot be read or holds something else.
pub(crate) fn key_from(file: &Path) -> Result<LicenseKey> {
    license_key(&read_text(file, 4 * 1024)?)
}

fn license_key(text: &str) -> Result<LicenseKey> {
    LicenseKey::parse(text.trim()).map_err(|rule| Fault::usage(format_args!("a license key {rule}")))
}

/// Reads a text of at most `most` bytes from a file, or from standard input when it is `-`.
///
/// # Errors
/// When it cannot be read, is longer, or is not UTF-8.
pub(crate) fn read_text(file: &Path, most: u64) -> Result<String> {
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(most + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(most + 1).read_to_string(&mut text))
    };
    read.map_err(|error| Fault::usage(format_args!("cannot read {name}: {error}")))?;
    if text.len() as u64 > most {
        return Err(Fault::usage(format_args!("{name} is longer than {most} bytes")));
    }
    Ok(text)
}

/// Reads a limit: a number, or `unlimited` or `-1`.
///
/// # Errors
/// When it is neither.
pub(crate) fn limit(text: &str) -> Result<Limit, String> {
    match text {
        "unlimited" | "-1" => Ok(Limit::Unlimited),
        _ => text.parse().map(Limit::AtMost).map_err(|_| "must be a number, or unlimited".to_owned()),
    }
}

/// Reads an instant.
///
/// # Errors
/// When it is not RFC 3339.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|rule| rule.to_string())
}

/// One `CODE=VALUE`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EntitlementFlag {
    code: EntitlementCode,
    value: EntitlementValue,
}

impl std::str::FromStr for EntitlementFlag {
    type Err = String;

    /// `true` and `false` are flags, whole numbers are numbers, a text with commas is a set, all else is a text.
    fn from_str(text: &str) -> Result<Self, String> {
        let (code, value) = text.split_once('=').ok_or("must be CODE=VALUE, such as export=true")?;
        let code = EntitlementCode::parse(code).map_err(|rule| format!("the code {rule}"))?;
        let value = match (value, value.parse()) {
            ("true" | "false", _) => EntitlementValue::Flag(value == "true"),
            (_, Ok(number)) => EntitlementValue::Number(number),
            _ if value.contains(',') => EntitlementValue::Set(
                value.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect(),
            ),
            _ => EntitlementValue::Text(value.to_owned()),
        };
        let value = value.checked().map_err(|rule| format!("the value {rule}"))?;
        Ok(Self { code, value })
    }
}

/// Puts the flags together; of two with one code, the last counts.
pub(crate) fn entitlements(flags: &[EntitlementFlag]) -> Entitlements {
    let mut entitlements = Entitlements::default();
    for flag in flags {
        entitlements.set(flag.code.clone(), flag.value.clone());
    }
    entitlements
}

/// An entitlement as it would be written in `--entitlement`.
pub(crate) fn entitlement_text(code: &EntitlementCode, value: &EntitlementValue) -> String {
    match value {
        EntitlementValue::Flag(on) => format!("{code}={on}"),
        EntitlementValue::Number(number) => format!("{code}={number}"),
        EntitlementValue::Text(text) => format!("{code}={text}"),
        EntitlementValue::Set(members) => {
            format!("{code}={}", members.iter().map(String::as_str).collect::<Vec<_>>().join(","))
        }
    }
}

/// The value of an entitlement as it stands in leases.
pub(crate) fn entitlement_json(value: &EntitlementValue) -> Value {
    match value {
        EntitlementValue::Flag(on) => (*on).into(),
        EntitlementValue::Number(number) => (*number).into(),
        EntitlementValue::Text(text) => text.as_str().into(),
        EntitlementValue::Set(members) => members.iter().map(String::as_str).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_value_says_what_it_is() {
        let value = |text: &str| text.parse::<EntitlementFlag>().map(|flag| flag.value);
        assert_eq!(value("export=true"), Ok(EntitlementValue::Flag(true)));
        assert_eq!(value("export=false"), Ok(EntitlementValue::Flag(false)));
        assert_eq!(value("max-layers=64"), Ok(EntitlementValue::Number(64)));
        assert_eq!(value("tiers=a,b"), Ok(EntitlementValue::Set(["a".to_owned(), "b".to_owned()].into())));
        assert_eq!(value("tiers=a,"), Ok(EntitlementValue::Set(["a".to_owned()].into())));
        assert_eq!(value("edition=pro=x"), Ok(EntitlementValue::Text("pro=x".to_owned())));
        for bad in ["export", "=true", "Export=true", "a=\u{7}"] {
            assert!(value(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_limit_is_a_number_or_none() {
        assert_eq!(limit("3"), Ok(Limit::AtMost(3)));
        assert_eq!(limit("-1"), Ok(Limit::Unlimited));
        assert_eq!(limit("unlimited"), Ok(Limit::Unlimited));
        assert!(limit("-2").is_err() && limit("").is_err() && limit("4294967296").is_err());
    }
}
