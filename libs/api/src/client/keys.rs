//! `GET /.well-known/jwks.json`

use licensing::{Licensing, PublishedKeys};
use poem::{
    IntoResponse, Request, RequestBody, Response,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi,
    registry::{
        MetaMediaType, MetaParamIn, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
    },
    types::{Example, Type},
};
use serde_json::json;

use super::Tag;
use crate::{
    http::{
        reply::{request_id_header, text_header},
        tenant::TenantCall,
    },
    problem::{Problem, failed},
};

/// The public signing keys of a tenant: a JWK Set (RFC 7517 section 5).
#[derive(Object)]
#[oai(rename = "KeySet", example)]
struct KeySet {
    /// All keys whose leases count: the one that signs, the next one, and those that signed before.
    keys: Vec<PublicKey>,
}

/// A public key: a JWK (RFC 7517 section 4, RFC 8037 section 2).
#[derive(Object)]
#[oai(rename = "PublicKey", example)]
struct PublicKey {
    /// `OKP`.
    kty: String,
    /// `Ed25519`.
    crv: String,
    /// The public key, base64url.
    x: String,
    /// The key's thumbprint (RFC 7638). Verifiers compute it themselves and refuse a key whose `kid` differs.
    kid: String,
    /// `sig`.
    #[oai(rename = "use")]
    purpose: String,
    /// `EdDSA`.
    alg: String,
}

/// Long enough to spare the server, short enough that a revoked key is out of use within minutes; a rotation needs
/// no hurry, because the next key is published long before it signs.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The key set, or that the caller has it.
struct KeySetReply {
    keys: PublishedKeys,
    known: bool,
}

impl IntoResponse for KeySetReply {
    fn into_response(self) -> Response {
        let mut response = if self.known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::builder()
                .header(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"))
                .body(self.keys.json)
        };
        response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.keys.etag)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

impl ApiResponse for KeySetReply {
    fn meta() -> MetaResponses {
        let headers = || {
            vec![
                text_header("Cache-Control", "How long the answer may be kept."),
                text_header("ETag", "Names this version of the key set."),
                request_id_header(),
            ]
        };
        let response = |status, description, content| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content,
            headers: headers(),
        };
        let content =
            vec![MetaMediaType { content_type: "application/jwk-set+json", schema: KeySet::schema_ref() }];
        MetaResponses {
            responses: vec![
                response(200, "The key set.", content),
                response(304, "The key set is the one that `If-None-Match` names.", Vec::new()),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        KeySet::register(registry);
    }
}

/// The entity tags that the caller has.
struct IfNoneMatch(Vec<String>);

impl IfNoneMatch {
    /// Whether one of them is `etag`, by weak comparison (RFC 9110 section 13.1.2).
    fn names(&self, etag: &str) -> bool {
        self.0.iter().flat_map(|value| value.split(',')).map(str::trim).any(|tag| {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            tag == "*" || opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(etag)
        })
    }
}

impl<'a> ApiExtractor<'a> for IfNoneMatch {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(MetaSchema {
            example: Some(json!("\"Vt8mQ2xk1c\"")),
            ..MetaSchema::new("string")
        })))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<String>,
    ) -> poem::Result<Self> {
        let values = request.headers().get_all(header::IF_NONE_MATCH).iter();
        Ok(Self(values.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()))
    }
}

/// The operation.
pub(crate) struct GetKeySet(pub(super) Licensing);

#[OpenApi]
impl GetKeySet {
    /// Get the public keys that leases and verdicts are signed with
    ///
    /// Apps pin keys when they are built; the set is for rotation and for servers.
    #[oai(path = "/.well-known/jwks.json", method = "get", operation_id = "getKeySet", tag = "Tag::Keys")]
    async fn keys(
        &self,
        caller: TenantCall,
        /// Entity tags of the key sets that the caller has.
        #[oai(name = "If-None-Match")]
        if_none_match: IfNoneMatch,
    ) -> Result<KeySetReply, Problem> {
        let keys = self.0.published_keys(&caller.tenant).await.map_err(failed)?;
        Ok(KeySetReply { known: if_none_match.names(&keys.etag), keys })
    }
}

impl Example for KeySet {
    fn example() -> Self {
        Self { keys: vec![Example::example()] }
    }
}

impl Example for PublicKey {
    /// The key of RFC 8037 appendix A.2, with its thumbprint of appendix A.3.
    fn example() -> Self {
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
            kid: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned(),
            purpose: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_compared_weakly() {
        let names = |header: &str| IfNoneMatch(vec![header.to_owned()]).names("abc");
        for header in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(names(header), "{header}");
        }
        for header in ["", "abc", "\"ab\"", "\"abc", "W/abc"] {
            assert!(!names(header), "{header}");
        }
    }
}
