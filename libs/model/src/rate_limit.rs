//! How often something may be done.

use std::{fmt, str::FromStr};

use crate::text::Invalid;

/// So many in so many seconds: a bucket that holds `count`, and fills up evenly within `seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quota {
    count: u32,
    seconds: u32,
}

impl Quota {
    /// The most that a quota counts.
    pub const MOST: u32 = 10_000_000;
    /// The longest time that a quota is about, in seconds: a day.
    pub const LONGEST: u32 = 86_400;
    /// The rule that [`FromStr`] checks, to complete "must be".
    pub const RULE: &'static str =
        "a number from 1 to 10000000, a slash and seconds from 1 to 86400, such as 60/60";

    /// A quota of `count` in `seconds`.
    ///
    /// # Errors
    /// When one of them is zero or too large.
    pub const fn new(count: u32, seconds: u32) -> Result<Self, Invalid> {
        if count == 0 || count > Self::MOST || seconds == 0 || seconds > Self::LONGEST {
            return Err(Invalid::new(Self::RULE));
        }
        Ok(Self { count, seconds })
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// In how many seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.seconds)
    }
}

impl FromStr for Quota {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = |text: &str| !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        text.split_once('/')
            .filter(|(count, seconds)| digits(count) && digits(seconds))
            .and_then(|(count, seconds)| Some((count.parse().ok()?, seconds.parse().ok()?)))
            .map_or(Err(Invalid::new(Self::RULE)), |(count, seconds)| Self::new(count, seconds))
    }
}

/// How often a tenant's API may be used. Every request counts for the tenant and for the caller's address, and for the
/// license key or the API key that it presents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits<Q = Quota> {
    /// Requests from one address.
    pub address: Q,
    /// Requests about one license key.
    pub license_key: Q,
    /// Requests with one API key.
    pub api_key: Q,
    /// Requests to the tenant.
    pub tenant: Q,
    /// Wrong license keys and API keys from one address.
    pub wrong_keys_address: Q,
    /// Wrong license keys and API keys from all addresses together.
    pub wrong_keys_tenant: Q,
}

/// What a tenant's rate limits are instead of the usual ones, where they are others.
pub type RateLimitOverrides = RateLimits<Option<Quota>>;

impl RateLimits {
    /// What counts where nothing else was decided.
    pub const DEFAULT: Self = Self {
        address: Quota { count: 600, seconds: 60 },
        license_key: Quota { count: 120, seconds: 60 },
        api_key: Quota { count: 1_200, seconds: 60 },
        tenant: Quota { count: 60_000, seconds: 60 },
        wrong_keys_address: Quota { count: 30, seconds: 600 },
        wrong_keys_tenant: Quota { count: 3_000, seconds: 600 },
    };
}

impl<Q: Copy> RateLimits<Q> {
    /// All of them, by their names in output.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Q); 6] {
        [
            ("per_address", self.address),
            ("per_license_key", self.license_key),
            ("per_api_key", self.api_key),
            ("per_tenant", self.tenant),
            ("wrong_keys_per_address", self.wrong_keys_address),
            ("wrong_keys_per_tenant", self.wrong_keys_tenant),
        ]
    }
}

impl RateLimitOverrides {
    /// The limits that count.
    #[must_use]
    pub fn over(&self, usual: &RateLimits) -> RateLimits {
        RateLimits {
            address: self.address.unwrap_or(usual.address),
            license_key: self.license_key.unwrap_or(usual.license_key),
            api_key: self.api_key.unwrap_or(usual.api_key),
            tenant: self.tenant.unwrap_or(usual.tenant),
            wrong_keys_address: self.wrong_keys_address.unwrap_or(usual.wrong_keys_address),
            wrong_keys_tenant: self.wrong_keys_tenant.unwrap_or(usual.wrong_keys_tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_read_as_they_are_written() {
        let quota: Quota = "60/3600".parse().unwrap();
        assert_eq!((quota.count(), quota.seconds()), (60, 3600));
        assert_eq!(quota.to_string(), "60/3600");
        for bad in [
            "",
            "60",
            "60/",
            "/60",
            "0/60",
            "60/0",
            "060/60",
            "60/060",
            "+1/60",
            "1/86401",
            "10000001/1",
            "1/1/1",
            " 1/1",
        ] {
            assert!(bad.parse::<Quota>().is_err(), "{bad}");
        }
    }

    #[test]
    fn overrides_replace_what_they_name_alone() {
        let quota = Quota::new(7, 7).unwrap();
        let overrides = RateLimitOverrides { license_key: Some(quota), ..RateLimitOverrides::default() };
        let limits = overrides.over(&RateLimits::DEFAULT);
        assert_eq!(limits, RateLimits { license_key: quota, ..RateLimits::DEFAULT });
        for ((name, own), (same, counts)) in overrides.named().into_iter().zip(limits.named()) {
            assert_eq!((name, own.is_some()), (same, counts == quota));
        }
    }
}
