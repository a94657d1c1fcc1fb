//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header-06).

use licensing::{Decision, Idempotency, IdempotencyKey, Rendered};
use poem::{Request, RequestBody, http::HeaderName};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::header;
use crate::problem::{Fault, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Quoted or bare; spaces around a header's value do not belong to it.
const PATTERN: &str = r#"^(?:"[ !#-\[\]-~]{1,255}"|[!#-\[\]-~](?:[ !#-\[\]-~]{0,253}[!#-\[\]-~])?)$"#;

/// The caller's idempotency key, if there is one.
pub(crate) struct IdempotencyHeader(pub(crate) Option<IdempotencyKey>);

impl IdempotencyHeader {
    /// What makes a request idempotent, where the caller sent a key: what identifies the request, and how its answer
    /// is rendered.
    pub(crate) fn of<T>(
        self,
        request: [u8; 32],
        render: &(dyn Fn(&Decision<T>) -> Rendered + Send + Sync),
    ) -> Option<Idempotency<'_, T>> {
        self.0.map(|key| Idempotency { key, request, render })
    }
}

/// What identifies a request that has no body: its operation and the path, which names what it is done to.
pub(crate) fn identity(operation: &str, path: &str) -> [u8; 32] {
    Sha256::new().chain_update(operation).chain_update([0]).chain_update(path).finalize().into()
}

impl<'a> ApiExtractor<'a> for IdempotencyHeader {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(MetaSchema {
            min_length: Some(1),
            max_length: Some(257),
            pattern: Some(PATTERN.to_owned()),
            example: Some(json!("5b6cf8fd-3a52-4d0b-9d4e-7d6a0f1c2e3b")),
            ..MetaSchema::new("string")
        })))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<String>,
    ) -> poem::Result<Self> {
        let Some(text) = header::once(request.headers(), &IDEMPOTENCY_KEY)? else {
            return Ok(Self(None));
        };
        IdempotencyKey::parse(text).map(|key| Self(Some(key))).map_err(|invalid| {
            Problem::new(Fault::BadHeader).detail(format!("The header {IDEMPOTENCY_KEY} {invalid}.")).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn the_pattern_is_the_rule() {
        let pattern = Regex::new(PATTERN).unwrap();
        let long = |length| "x".repeat(length);
        for text in [
            "a",
            "a b",
            "\"a\"",
            "\" \"",
            "\"",
            "\"\"",
            "a\"",
            "\"a",
            "a\\b",
            "ä",
            "[a]",
            "~!",
            &long(255),
            &long(256),
        ] {
            assert_eq!(pattern.is_match(text), IdempotencyKey::parse(text).is_ok(), "{text}");
        }
    }
}
