//! Letting a request in: its rate limits, the tenant as it is now, and what is known of the license that it asks for.

use std::{net::IpAddr, sync::Arc, time::Instant};

use ephemeral::{Ask, Limit, Scope, Standing};
use model::{ApiKeyToken, ClientKey, Fingerprint, LicenseKey, Quota, RateLimits, Tenant};
use sha2::{Digest as _, Sha256};

use super::{Mark, Recall, Visit, check::Wanted};
use crate::{Error, Licensing};

/// What a request presents, by which it is limited.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// Nothing.
    Nothing,
    /// An API key.
    ApiKey(&'a ApiKeyToken),
    /// A license key, to do something with its license.
    LicenseKey(&'a LicenseKey),
    /// A license key, to check its license.
    Check {
        /// The license key.
        key: &'a LicenseKey,
        /// The machine.
        fingerprint: Option<&'a Fingerprint>,
        /// The customer's key.
        customer: Option<&'a ClientKey>,
    },
}

/// A request that was let in.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The tenant as it is now, which is served, where that is not as it was when it was visited.
    pub tenant: Option<Arc<Tenant>>,
    /// How the limits stand that the request has counted for.
    pub limits: Vec<LimitStanding>,
    /// What is known of what it asks for; belongs into its [`Call`](crate::Call).
    pub recall: Arc<Recall>,
}

/// How a limit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitStanding {
    /// The name of the limit.
    pub name: &'static str,
    /// How many there may be.
    pub quota: Quota,
    /// How many more there may be at once.
    pub left: u32,
    /// After how many seconds all of the quota is there again.
    pub full_after: u32,
    /// After how many seconds there may be one more; absent when there may be one now.
    pub retry_after: Option<u32>,
}

/// A request that was not let in, and took nothing from any limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// How the limits stand.
    pub limits: Vec<LimitStanding>,
    /// After how many seconds it may be let in.
    pub retry_after: u32,
}

impl Licensing {
    /// Lets a request in, and counts it for the limits of the tenant, of the caller's address and of the key that it
    /// presents; makes sure that the tenant is as it is now.
    ///
    /// # Errors
    /// [`Error::Throttled`]; [`Error::NotFound`] when the tenant is not served any more; [`Error::Unavailable`] and
    /// [`Error::Internal`].
    pub async fn admit(
        &self,
        visit: &Visit,
        address: Option<IpAddr>,
        presented: Presented<'_>,
    ) -> Result<Admission, Error> {
        let recent = &self.inner.recent;
        let tenant = visit.tenant();
        let (era, asked) = (recent.eras.now(), Instant::now());
        let key_hash = match presented {
            Presented::LicenseKey(key) | Presented::Check { key, .. } => {
                Some(self.inner.vault.key_hash(tenant.id, key)?)
            }
            Presented::ApiKey(token) => Some(Sha256::digest(token.reveal().as_bytes()).into()),
            Presented::Nothing => None,
        };
        let key = key_hash.as_ref().map(<[u8; 32]>::as_slice).map(|hash| match presented {
            Presented::ApiKey(_) => (Scope::ApiKey, hash),
            _ => (Scope::LicenseKey, hash),
        });
        let wanted = match (presented, key_hash) {
            (Presented::Check { key, fingerprint, customer }, Some(key_hash)) => {
                self.wanted(tenant, key_hash, key, fingerprint, customer, asked)
            }
            _ => None,
        };
        let usual = recent.rate_limits.as_ref();
        let rates = usual.map(|usual| tenant.rate_limits.over(usual));
        let address = address.map(CountedAddress::of);
        let limits = rates.as_ref().map(|rates| limits(rates, address.as_ref(), key)).unwrap_or_default();
        let license = wanted.as_ref().map(Wanted::look_up);
        let answer = recent.ephemeral.ask(Ask { tenant: tenant.id, limits: &limits, license }).await;

        // What is only looked at says something to the caller when it refuses.
        let limits = limits
            .iter()
            .zip(&answer.limits)
            .filter(|(limit, standing)| limit.take || standing.retry_after.is_some())
            .map(|(limit, standing)| standing_of(limit, standing))
            .collect();
        if let Some(retry_after) = answer.limits.iter().filter_map(|standing| standing.retry_after).max() {
            return Err(Error::Throttled(Box::new(Throttled { limits, retry_after })));
        }
        let changed = self.revisit(visit, answer.tenant, asked).await?;
        let mark = Mark { tenant: answer.tenant, era };
        let check = wanted.map(|wanted| {
            let found = answer.license;
            recent.meters.looked_up(&found);
            (wanted, found)
        });
        Ok(Admission {
            tenant: changed.map(|visit| Arc::clone(visit.tenant())),
            limits,
            recall: Arc::new(Recall { mark, check }),
        })
    }

    /// Counts a key that there is not, for the caller's address and for the tenant.
    pub async fn note_wrong_key(&self, tenant: &Tenant, address: Option<IpAddr>) {
        let recent = &self.inner.recent;
        let Some(usual) = &recent.rate_limits else { return };
        let rates = tenant.rate_limits.over(usual);
        let address = address.map(CountedAddress::of);
        let of_address = address.as_ref().map(|address| Limit {
            scope: Scope::WrongKeysOfAddress,
            of: address.bytes(),
            quota: rates.wrong_keys_address,
            take: true,
        });
        let of_tenant =
            Limit { scope: Scope::WrongKeysOfTenant, of: &[], quota: rates.wrong_keys_tenant, take: true };
        // One after the other: a budget that is spent does not keep the other from being charged.
        for limit in of_address.into_iter().chain([of_tenant]) {
            recent.ephemeral.ask(Ask { tenant: tenant.id, limits: &[limit], license: None }).await;
        }
    }
}

fn limits<'a>(
    rates: &RateLimits,
    address: Option<&'a CountedAddress>,
    key: Option<(Scope, &'a [u8])>,
) -> Vec<Limit<'a>> {
    let mut limits = Vec::with_capacity(5);
    let address = address.map(CountedAddress::bytes);
    if let Some((scope, of)) = key {
        // Only who presents a key can guess.
        if let Some(of) = address {
            let quota = rates.wrong_keys_address;
            limits.push(Limit { scope: Scope::WrongKeysOfAddress, of, quota, take: false });
            let quota = rates.wrong_keys_tenant;
            limits.push(Limit { scope: Scope::WrongKeysOfTenant, of: &[], quota, take: false });
        }
        let quota = if scope == Scope::ApiKey { rates.api_key } else { rates.license_key };
        limits.push(Limit { scope, of, quota, take: true });
    }
    if let Some(of) = address {
        limits.push(Limit { scope: Scope::Address, of, quota: rates.address, take: true });
    }
    limits.push(Limit { scope: Scope::Tenant, of: &[], quota: rates.tenant, take: true });
    limits
}

fn standing_of(limit: &Limit<'_>, standing: &Standing) -> LimitStanding {
    LimitStanding {
        name: limit.scope.name(),
        quota: limit.quota,
        left: standing.left,
        full_after: standing.full_after,
        retry_after: standing.retry_after,
    }
}

/// What an address is counted as: one of version 6 as its /64, which is what a customer of a provider has at the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CountedAddress {
    Four([u8; 4]),
    Six([u8; 8]),
}

impl CountedAddress {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::Four(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::Six([a, b, c, d, e, f, g, h])
            }
        }
    }

    /// Those of the two versions differ in length.
    const fn bytes(&self) -> &[u8] {
        match self {
            Self::Four(bytes) => bytes,
            Self::Six(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_version_6_are_counted_by_their_network() {
        let counted = |text: &str| CountedAddress::of(text.parse().unwrap());
        assert_eq!(counted("192.0.2.7"), counted("::ffff:192.0.2.7"));
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), counted("2001:db8:1:2::"));
        let all = ["192.0.2.7", "192.0.2.8", "::1", "2001:db8:1:2::", "2001:db8:1:3::"].map(counted);
        let distinct: std::collections::BTreeSet<_> = all.iter().map(CountedAddress::bytes).collect();
        assert_eq!(distinct.len(), all.len());
    }
}
