//! API keys: credentials of a vendor's programs.

use std::{collections::BTreeSet, fmt};

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    id::ApiKeyId,
    text::{Invalid, Name},
    timestamp::Timestamp,
};

/// What every API key begins with; secret scanners match it by `lh_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}`.
pub const PREFIX: &str = "lh_";
const PUBLIC: usize = 8;
const SECRET: usize = 43;

/// An API key as it is presented: `lh_`, 8 characters that name it, `_`, and 43 characters of secret, all of them
/// letters and digits. Zeroed when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ApiKeyToken(String);

impl ApiKeyToken {
    /// Reads a key as it was presented.
    ///
    /// # Errors
    /// When it has not the shape of one.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid::new("an API key");
        let rest = text.strip_prefix(PREFIX).ok_or(RULE)?;
        let (public, secret) = rest.split_once('_').ok_or(RULE)?;
        let plain =
            |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if plain(public, PUBLIC) && plain(secret, SECRET) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }

    /// Makes a key from uniformly random bytes: each character of its 62 equally likely, 47 and 256 bits in all.
    /// `None` when too many bytes had to be passed over, which happens less than once in 2^100 times.
    #[must_use]
    pub fn generate(entropy: &[u8; 128]) -> Option<Self> {
        const SYMBOLS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        // 248 is the largest multiple of 62 that fits in a byte; what lies above it would favour some symbols.
        let mut symbols = entropy
            .iter()
            .filter(|byte| **byte < 248)
            .filter_map(|byte| SYMBOLS.get(usize::from(byte % 62)).copied().map(char::from));
        let public: String = symbols.by_ref().take(PUBLIC).collect();
        let secret: String = symbols.take(SECRET).collect();
        Self::parse(&format!("{PREFIX}{public}_{secret}")).ok()
    }

    /// The whole key. Shown once, to whom it was made for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The part that names the key and may be shown.
    #[must_use]
    pub fn public_id(&self) -> &str {
        self.0.get(PREFIX.len()..PREFIX.len() + PUBLIC).unwrap_or_default()
    }
}

impl fmt::Debug for ApiKeyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyToken({PREFIX}{}_…)", self.public_id())
    }
}

/// An API key as it is kept: without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identifier.
    pub id: ApiKeyId,
    /// The part of the key that names it.
    pub public_id: String,
    /// Its name for people.
    pub name: Name,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first instant at which it counts no more; never when absent.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it counts at `now`.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)+) => {
        /// One thing that a credential may do.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Scope {
            $($(#[$doc])* $name,)+
        }

        impl Scope {
            /// All scopes.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name used in storage and output.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }
        }
    };
}

scopes! {
    /// Show products and policies.
    ProductsRead = "products:read";
    /// Make, change and delete products and policies.
    ProductsWrite = "products:write";
    /// Show customers.
    CustomersRead = "customers:read";
    /// Make, change and delete customers.
    CustomersWrite = "customers:write";
    /// Show licenses, without their keys.
    LicensesRead = "licenses:read";
    /// Make and change licenses.
    LicensesWrite = "licenses:write";
    /// Show the keys of licenses.
    LicensesReveal = "licenses:reveal";
    /// Show machines.
    MachinesRead = "machines:read";
    /// Rename and deactivate machines.
    MachinesWrite = "machines:write";
    /// Read the audit log.
    EventsRead = "events:read";
    /// Read figures of usage.
    UsageRead = "usage:read";
    /// List API keys.
    ApiKeysRead = "api_keys:read";
    /// Make and revoke API keys.
    ApiKeysWrite = "api_keys:write";
    /// List signing keys.
    SigningKeysRead = "signing_keys:read";
    /// Prepare, activate, retire and revoke signing keys.
    SigningKeysWrite = "signing_keys:write";
    /// Show the settings of the tenant.
    SettingsRead = "settings:read";
    /// Change the settings of the tenant.
    SettingsWrite = "settings:write";
    /// Everything.
    Admin = "admin";
}

impl Scope {
    /// The scope of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        Self::ALL.iter().copied().find(|scope| scope.code() == code).ok_or(Invalid::new("a scope"))
    }
}

/// What a credential may do: at least one scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// From a list, in which a scope may be there twice.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, Invalid> {
        let scopes: BTreeSet<Scope> = scopes.into_iter().collect();
        if scopes.is_empty() { Err(Invalid::new("at least one scope")) } else { Ok(Self(scopes)) }
    }

    /// Everything.
    #[must_use]
    pub fn admin() -> Self {
        Self(BTreeSet::from([Scope::Admin]))
    }

    /// Whether they allow what needs `scope`.
    #[must_use]
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || self.0.contains(&Scope::Admin)
    }

    /// Whether they allow all that `others` allow: nobody gives what he has not.
    #[must_use]
    pub fn cover(&self, others: &Self) -> bool {
        others.0.iter().all(|scope| self.allow(*scope))
    }

    /// All of them, in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl fmt::Display for Scopes {
    /// Their names, separated by spaces, as they are stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.code())?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Scopes {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let scopes: Result<Vec<_>, _> = text.split_whitespace().map(Scope::from_code).collect();
        Self::new(scopes?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_one_shape() {
        let secret = "s".repeat(43);
        let good = format!("lh_AbCd0123_{secret}");
        let key = ApiKeyToken::parse(&good).unwrap();
        assert_eq!((key.reveal(), key.public_id()), (good.as_str(), "AbCd0123"));
        for bad in [
            "",
            "lh_",
            &format!("lh_AbCd012_{secret}"),
            &format!("lh_AbCd01234_{secret}"),
            &format!("LH_AbCd0123_{secret}"),
            &format!("lh_AbCd0123-{secret}"),
            &format!("lh_AbCd0123_{secret}x"),
            &format!("lh_AbCd0123_{}", "s".repeat(42)),
            &format!("lh_AbCd012ä_{secret}"),
            &format!(" {good}"),
            &good.replace('s', "-"),
        ] {
            assert!(ApiKeyToken::parse(bad).is_err(), "{bad}");
        }
        assert!(!format!("{key:?}").contains("sss"));
    }

    #[test]
    fn keys_are_made_of_random_bytes() {
        assert_eq!(
            ApiKeyToken::generate(&[0; 128]).unwrap().reveal(),
            format!("lh_{}_{}", "0".repeat(8), "0".repeat(43))
        );
        assert_eq!(ApiKeyToken::generate(&[247; 128]).unwrap().public_id(), "zzzzzzzz");
        assert!(ApiKeyToken::generate(&[248; 128]).is_none());
        let mut bytes = [0; 128];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(place * 2).unwrap();
        }
        assert_eq!(ApiKeyToken::generate(&bytes).unwrap().public_id(), "02468ACE");
    }

    #[test]
    fn scopes_allow_what_they_name() {
        let scopes: Scopes = "licenses:read  events:read licenses:read".parse().unwrap();
        assert_eq!(scopes.to_string(), "licenses:read events:read");
        assert!(scopes.allow(Scope::LicensesRead) && !scopes.allow(Scope::LicensesWrite));
        assert!(Scope::ALL.iter().all(|scope| Scopes::admin().allow(*scope)));
        assert!(Scopes::admin().cover(&scopes) && !scopes.cover(&Scopes::admin()) && scopes.cover(&scopes));
        assert!("".parse::<Scopes>().is_err() && "licenses".parse::<Scopes>().is_err());
        for scope in Scope::ALL {
            assert_eq!(Scope::from_code(scope.code()), Ok(*scope));
        }
    }

    #[test]
    fn a_key_counts_until_it_expires_or_is_revoked() {
        let now = Timestamp::from_unix_seconds(1_000).unwrap();
        let key = ApiKey {
            id: ApiKeyId::from_uuid(uuid::Uuid::from_u128(1)),
            public_id: "AbCd0123".to_owned(),
            name: Name::parse("shop").unwrap(),
            scopes: Scopes::admin(),
            created_at: now,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        assert!(key.is_good(now));
        assert!(!ApiKey { revoked_at: Some(now), ..key.clone() }.is_good(now));
        assert!(!ApiKey { expires_at: Some(now), ..key.clone() }.is_good(now));
        assert!(ApiKey { expires_at: Some(now.plus_seconds(1)), ..key }.is_good(now));
    }
}
