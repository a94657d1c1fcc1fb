//! The keys that a verifier trusts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::decode;
use crate::strict_json::{JsonFault, check_object};
use crate::{Jwk, PublicKey, PublicKeyError};

/// The largest accepted key set in bytes; about 350 keys.
const MAX_BYTES: usize = 64 * 1024;

/// The members of a key, all of them required.
const MEMBERS: [&str; 6] = ["kty", "crv", "x", "kid", "use", "alg"];

/// Public keys by ID, in the order they were given: what `GET {issuer}/.well-known/jwks.json` serves and what
/// an app pins (RFC 7517 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

/// Why a text is not a usable key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Longer than 64 KiB.
    #[error("the key set is longer than {MAX_BYTES} bytes")]
    TooLarge,
    /// Not `{"keys": [{…}, …]}` with strings in each key, or a required member is missing.
    #[error("the key set cannot be read: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A JSON object names a member twice.
    #[error("the key set has the member {name:?} twice")]
    DuplicateMember {
        /// The name.
        name: String,
    },
    /// There is no key in it.
    #[error("the key set is empty")]
    Empty,
    /// A key has the private member `d` (RFC 8037 §2): it is not a secret any more, so it is not to be trusted.
    #[error("the key set contains a private key")]
    PrivateKey,
    /// The set or a key has a member that the profile does not know.
    #[error("the key set has the member {name:?}, which this profile does not allow")]
    UnknownMember {
        /// The name.
        name: String,
    },
    /// `kty` is not `OKP`, or `crv` not `Ed25519`.
    #[error("a key is not an Ed25519 key")]
    WrongKeyType,
    /// `use` is not `sig`.
    #[error("a key is not for signatures")]
    WrongUse,
    /// `alg` is neither `EdDSA` nor `Ed25519`.
    #[error("a key is for another algorithm")]
    WrongAlgorithm,
    /// `x` is not the strict base64url of 32 bytes.
    #[error("a key is not the base64url of 32 bytes")]
    BadEncoding,
    /// `x` is not a usable point.
    #[error("a key cannot be used")]
    BadPoint(#[source] PublicKeyError),
    /// `kid` is not the key's RFC 7638 thumbprint.
    #[error("the id {kid:?} is not that of its key")]
    WrongKid {
        /// The member `kid`.
        kid: String,
    },
    /// Two keys have one ID.
    #[error("the id {kid:?} is there twice")]
    DuplicateKid {
        /// The ID.
        kid: String,
    },
}

impl KeySetError {
    /// A short name that never changes, for logs, tests and programs in other languages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed { .. } => "malformed",
            Self::DuplicateMember { .. } => "duplicate_member",
            Self::Empty => "empty",
            Self::PrivateKey => "private_key",
            Self::UnknownMember { .. } => "unknown_member",
            Self::WrongKeyType => "wrong_key_type",
            Self::WrongUse => "wrong_use",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::BadEncoding => "bad_encoding",
            Self::BadPoint(point) => point.code(),
            Self::WrongKid { .. } => "wrong_kid",
            Self::DuplicateKid { .. } => "duplicate_kid",
        }
    }

    fn malformed(reason: &impl ToString) -> Self {
        Self::Malformed { reason: reason.to_string() }
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Members(BTreeMap<String, Value>);

impl KeySet {
    /// A set of these keys. A key given twice is kept once: the ID is a function of the key. A verifier with an
    /// empty set refuses every token.
    pub fn new(keys: Vec<PublicKey>) -> Self {
        let mut set = Self { keys: Vec::with_capacity(keys.len()) };
        for key in keys {
            if set.get(key.kid()).is_none() {
                set.keys.push(key);
            }
        }
        set
    }

    /// Reads a key set strictly. RFC 7517 §5 would have unknown members and unknown kinds of key ignored; a
    /// pinned set comes with the app, so here they are mistakes.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold; nothing is skipped.
    pub fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        if text.len() > MAX_BYTES {
            return Err(KeySetError::TooLarge);
        }
        check_object(text).map_err(|fault| match fault {
            JsonFault::Duplicate(name) => KeySetError::DuplicateMember { name },
            other => KeySetError::malformed(&other),
        })?;
        let Members(mut set) =
            serde_json::from_slice(text).map_err(|error| KeySetError::malformed(&error))?;
        let entries = set.remove("keys").ok_or_else(|| KeySetError::malformed(&"no member keys"))?;
        if let Some(name) = set.into_keys().next() {
            return Err(KeySetError::UnknownMember { name });
        }
        let entries: Vec<Members> =
            serde_json::from_value(entries).map_err(|error| KeySetError::malformed(&error))?;
        if entries.is_empty() {
            return Err(KeySetError::Empty);
        }
        let mut keys: Vec<PublicKey> = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = parse_key(&entry.0)?;
            if keys.iter().any(|other| other.kid() == key.kid()) {
                return Err(KeySetError::DuplicateKid { kid: key.kid().to_owned() });
            }
            keys.push(key);
        }
        Ok(Self { keys })
    }

    /// The set as JSON, on one line: `{"keys":[…]}`.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Set {
            keys: Vec<Jwk>,
        }
        let set = Set { keys: self.keys.iter().map(PublicKey::to_jwk).collect() };
        #[expect(clippy::expect_used, reason = "a struct of strings always has a JSON form")]
        serde_json::to_string(&set).expect("strings are JSON")
    }

    /// The key with this ID.
    pub fn get(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.kid() == kid)
    }

    /// The keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter()
    }
}

fn parse_key(members: &BTreeMap<String, Value>) -> Result<PublicKey, KeySetError> {
    if members.contains_key("d") {
        return Err(KeySetError::PrivateKey);
    }
    if let Some(name) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(KeySetError::UnknownMember { name: name.clone() });
    }
    let text = |name: &str| {
        let value = members.get(name).and_then(Value::as_str);
        value.ok_or_else(|| KeySetError::malformed(&format_args!("a key has no string {name:?}")))
    };
    if text("kty")? != "OKP" || text("crv")? != "Ed25519" {
        return Err(KeySetError::WrongKeyType);
    }
    if text("use")? != "sig" {
        return Err(KeySetError::WrongUse);
    }
    if !matches!(text("alg")?, "EdDSA" | "Ed25519") {
        return Err(KeySetError::WrongAlgorithm);
    }
    let bytes = decode(text("x")?).and_then(|bytes| bytes.try_into().ok()).ok_or(KeySetError::BadEncoding)?;
    let key = PublicKey::from_bytes(bytes).map_err(KeySetError::BadPoint)?;
    let kid = text("kid")?;
    if kid != key.kid() {
        return Err(KeySetError::WrongKid { kid: kid.to_owned() });
    }
    Ok(key)
}
