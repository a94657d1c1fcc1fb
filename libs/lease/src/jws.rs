//! The envelope of every token: a compact JWS, opened strictly.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::digest::decode;
use crate::explain::Trace;
use crate::strict_json::{JsonFault, check_object};
use crate::{KeySet, PublicKey, TokenType, VerifyError};

/// A token whose signature is good: the bytes that were signed over, and by which key.
pub(crate) struct Opened<'k> {
    /// A JSON object without repeated members and without `null`.
    pub(crate) payload: Vec<u8>,
    pub(crate) key: &'k PublicKey,
}

/// Opens a token of the kind `expected`: size, parts, header, key, signature, payload, in this order.
pub(crate) fn open<'k>(
    token: &str,
    expected: TokenType,
    keys: &'k KeySet,
    trace: &mut impl Trace,
) -> Result<Opened<'k>, VerifyError> {
    trace.check("size", within_limit(token, expected.max_bytes()), |()| format!("{} bytes", token.len()))?;
    let parts = trace.check("parts", Parts::split(token), |_| "three".to_owned())?;
    let bytes = trace.check("base64url", parts.decode(), |bytes| {
        format!("{} + {} + {} bytes", bytes.header.len(), bytes.payload.len(), bytes.signature.len())
    })?;
    let header = trace.check("header", Header::parse(&bytes.header), |_| "alg, typ and kid".to_owned())?;
    trace.check("algorithm", header.is_for_ed25519(), |()| header.alg.clone())?;
    trace.check("type", header.is_a(expected), |()| header.typ.clone())?;
    let key = keys.get(&header.kid).ok_or_else(|| VerifyError::UnknownKey { kid: header.kid.clone() });
    let key = trace.check("key", key, |key| key.kid().to_owned())?;
    let signature = match key.has_signed(parts.signed.as_bytes(), &bytes.signature) {
        true => Ok(()),
        false => Err(VerifyError::BadSignature),
    };
    trace.check("signature", signature, |()| "Ed25519, strict".to_owned())?;
    let payload = check_object(&bytes.payload).map_err(|fault| match fault {
        JsonFault::Duplicate(name) => VerifyError::DuplicateMember { part: "payload", name },
        other => VerifyError::bad_payload(&other),
    });
    trace.check("payload", payload, |()| "one JSON object".to_owned())?;
    Ok(Opened { payload: bytes.payload, key })
}

fn within_limit(token: &str, limit: usize) -> Result<(), VerifyError> {
    if token.len() > limit { Err(VerifyError::TooLarge { limit }) } else { Ok(()) }
}

/// The three parts of the compact serialization (RFC 7515 §7.1), still encoded.
struct Parts<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    /// Header, dot and payload exactly as received: what the signature is over (RFC 7515 §5.2).
    signed: &'t str,
}

struct PartBytes {
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Parts<'t> {
    fn split(token: &'t str) -> Result<Self, VerifyError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(VerifyError::Malformed)?;
        if payload.contains('.') {
            return Err(VerifyError::Malformed);
        }
        Ok(Self { header, payload, signature, signed })
    }

    fn decode(&self) -> Result<PartBytes, VerifyError> {
        let part = |part, text| decode(text).ok_or(VerifyError::BadBase64 { part });
        Ok(PartBytes {
            header: part("header", self.header)?,
            payload: part("payload", self.payload)?,
            signature: part("signature", self.signature)?,
        })
    }
}

/// The header: these three strings and nothing else.
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

impl Header {
    fn parse(text: &[u8]) -> Result<Self, VerifyError> {
        let bad = |reason: &dyn ToString| VerifyError::BadHeader { reason: reason.to_string() };
        check_object(text).map_err(|fault| match fault {
            JsonFault::Duplicate(name) => VerifyError::DuplicateMember { part: "header", name },
            other => bad(&other),
        })?;
        let mut members: BTreeMap<String, Value> = serde_json::from_slice(text).map_err(|e| bad(&e))?;
        let (alg, typ, kid) = (members.remove("alg"), members.remove("typ"), members.remove("kid"));
        if let Some(name) = members.into_keys().next() {
            return Err(VerifyError::UnknownMember { name });
        }
        match (alg, typ, kid) {
            (Some(Value::String(alg)), Some(Value::String(typ)), Some(Value::String(kid))) => {
                Ok(Self { alg, typ, kid })
            }
            _ => Err(bad(&"alg, typ and kid must be there and be strings")),
        }
    }

    /// The pinned keys are all Ed25519 keys and decide the algorithm; the header may only agree with them
    /// (RFC 8725 §3.1). `EdDSA` is the name of RFC 8037, `Ed25519` its successor of RFC 9864.
    fn is_for_ed25519(&self) -> Result<(), VerifyError> {
        match self.alg.as_str() {
            "EdDSA" | "Ed25519" => Ok(()),
            _ => Err(VerifyError::BadAlgorithm { alg: self.alg.clone() }),
        }
    }

    fn is_a(&self, expected: TokenType) -> Result<(), VerifyError> {
        if self.typ == expected.typ() {
            return Ok(());
        }
        Err(VerifyError::BadType { found: self.typ.clone(), expected })
    }
}
