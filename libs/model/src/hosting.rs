//! What operators decide about tenants.

use std::{fmt, str::FromStr};

use crate::{tenant::Tenant, text::Invalid, timestamp::Timestamp};

/// A tenant as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// How much it may have.
    pub limits: TenantLimits,
    /// Grows with every change by an operator.
    pub revision: u64,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
    /// As of when it was last exported whole.
    pub exported_at: Option<Timestamp>,
    /// From when on it is deleted, once that was asked for.
    pub delete_after: Option<Timestamp>,
    /// Since when it is being deleted; from then on nothing brings it back.
    pub purged_since: Option<Timestamp>,
}

impl HostedTenant {
    /// Whether all that it has is in an archive: exported after it was suspended, since when nothing changes.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.suspended_at.zip(self.exported_at).is_some_and(|(suspended, exported)| suspended <= exported)
    }
}

/// How many of each kind a tenant may have; any number, when absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TenantLimits {
    /// Licenses, in whatever state.
    pub licenses: Option<u32>,
    /// Products.
    pub products: Option<u32>,
    /// Customers.
    pub customers: Option<u32>,
    /// API keys that are not revoked.
    pub api_keys: Option<u32>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Licenses, in whatever state.
    Licenses,
    /// Products.
    Products,
    /// Customers.
    Customers,
    /// API keys that are not revoked.
    ApiKeys,
}

impl Limited {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Licenses, Self::Products, Self::Customers, Self::ApiKeys];

    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Licenses => "licenses",
            Self::Products => "products",
            Self::Customers => "customers",
            Self::ApiKeys => "API keys",
        }
    }
}

/// The name of a host: a DNS name in lower case, with at least one dot and without one at its end.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DomainName(String);

impl DomainName {
    /// The rule that names of hosts follow.
    pub const RULE: &'static str =
        "a host name of 3 to 253 lower-case letters, digits, hyphens and dots, such as licenses.example.com";

    /// Reads a name.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // The last label of a name has a letter (RFC 3696 section 2); an IPv4 address has not.
        let top = text.rsplit('.').next().is_some_and(|top| top.bytes().any(|b| b.is_ascii_lowercase()));
        let good = text.len() <= 253 && text.contains('.') && top && text.split('.').all(label);
        if good { Ok(Self(text)) } else { Err(Invalid::new(Self::RULE)) }
    }

    /// The name that a `Host` header means: without its port, in lower case (RFC 9110 section 7.2).
    #[must_use]
    pub fn of_host(host: &str) -> Option<Self> {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            Some(_) => return None,
            None => host,
        };
        Self::parse(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()).ok()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DomainName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts() {
        for good in ["a.example", "licenses.example.com", "xn--bcher-kva.example", "1.a"] {
            assert!(DomainName::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}.example", "a.".repeat(130));
        for bad in [
            "",
            "localhost",
            "A.example",
            "a..example",
            ".a.example",
            "a.example.",
            "-a.example",
            "a_b.example",
            "192.0.2.1",
            "a.example:80",
            "a.example/x",
            "é.example",
            &long,
        ] {
            assert!(DomainName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_header_means_a_name() {
        let host = |text| DomainName::of_host(text).map(|name| name.to_string());
        for text in ["a.example", "A.Example", "a.example:8080", "a.example.", "A.EXAMPLE.:443"] {
            assert_eq!(host(text).as_deref(), Some("a.example"), "{text}");
        }
        for text in ["", "[::1]:80", "a.example:x", "127.0.0.1:80", "a b.example"] {
            assert_eq!(host(text), None, "{text}");
        }
    }
}
