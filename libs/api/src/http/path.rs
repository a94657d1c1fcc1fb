//! Parts of paths that name things.

use std::{str::FromStr, sync::Arc};

use model::{
    ApiKeyId, CustomerId, DomainName, EntitlementCode, EventId, Invalid, KeyId, LicenseId, MachineId,
    PolicyCode, ProductCode, TenantSlug,
};
use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};
use serde_json::json;

use crate::problem::{Fault, Problem};

/// A path with named parts, such as `/v1/products/{product}`.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    Named(Arc<str>),
}

impl Template {
    /// From the form in which documents write it.
    pub(crate) fn new(text: &str) -> Self {
        let parts = text.split('/').map(|part| {
            match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => Part::Named(name.into()),
                None => Part::Literal(part.to_owned()),
            }
        });
        Self { text: text.to_owned(), parts: parts.collect() }
    }

    /// The template, for logs.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has named parts.
    pub(crate) fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// What stands in a path for the named parts, byte by byte; `None` when the path is another.
    pub(crate) fn read(&self, path: &str) -> Option<PathParts> {
        let mut found = Vec::new();
        let mut sent = path.split('/');
        for part in &self.parts {
            match (part, sent.next()?) {
                (Part::Literal(text), sent) if text == sent => {}
                (Part::Named(name), sent) if !sent.is_empty() => {
                    found.push((Arc::clone(name), sent.to_owned()));
                }
                _ => return None,
            }
        }
        if sent.next().is_some() { None } else { Some(PathParts(found)) }
    }
}

/// The named parts of a request's path.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathParts(Vec<(Arc<str>, String)>);

impl PathParts {
    /// Notes them on the request, if there are any.
    pub(crate) fn note_on(self, request: &mut Request) {
        if !self.0.is_empty() {
            request.set_data(self);
        }
    }
}

/// What a part of a path can name.
pub(crate) trait PathValue: FromStr<Err = Invalid> + Send {
    /// What it looks like: format or pattern, and an example.
    fn schema() -> MetaSchema;
}

macro_rules! uuids {
    ($($name:ident)+) => {$(
        impl PathValue for $name {
            fn schema() -> MetaSchema {
                MetaSchema {
                    example: Some(json!("0196a1c4-0b52-7c7e-9d6a-1c2f3e4a5b60")),
                    ..MetaSchema::new_with_format("string", "uuid")
                }
            }
        }
    )+};
}

uuids! { ApiKeyId CustomerId EventId LicenseId MachineId }

macro_rules! patterns {
    ($($name:ident, $most:literal, $pattern:literal, $example:literal;)+) => {$(
        impl PathValue for $name {
            fn schema() -> MetaSchema {
                MetaSchema {
                    min_length: Some(1),
                    max_length: Some($most),
                    pattern: Some($pattern.to_owned()),
                    example: Some(json!($example)),
                    ..MetaSchema::new("string")
                }
            }
        }
    )+};
}

patterns! {
    ProductCode, 64, "^[a-z0-9][a-z0-9._-]*$", "cad";
    PolicyCode, 64, "^[a-z0-9][a-z0-9._-]*$", "cad-pro";
    EntitlementCode, 64, "^[a-z0-9][a-z0-9._-]*$", "layers";
    TenantSlug, 63, "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "acme";
    DomainName, 253, "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", "licenses.acme.example";
    KeyId, 43, "^[A-Za-z0-9_-]{43}$", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
}

/// What a named part of the path names.
pub(crate) struct PathParam<T>(pub(crate) T);

impl<'a, T: PathValue> ApiExtractor<'a> for PathParam<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Path)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(T::schema())))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<String>,
    ) -> poem::Result<Self> {
        let parts = request.data::<PathParts>();
        let sent = parts.and_then(|parts| parts.0.iter().find(|(name, _)| **name == *options.name));
        // A route whose template has no such part: a fault of ours, not the caller's.
        let (_, text) = sent.ok_or_else(|| Problem::new(Fault::Internal))?;
        // What no thing can be called, no thing is called.
        text.parse().map(Self).map_err(|_| Problem::new(Fault::ResourceNotFound).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_matched_byte_by_byte() {
        let template = Template::new("/v1/policies/{policy}/entitlements/{entitlement}");
        assert!(!template.is_literal() && Template::new("/v1/policies").is_literal());
        let parts = template.read("/v1/policies/a%2Fb/entitlements/c").unwrap().0;
        let parts: Vec<(&str, &str)> = parts.iter().map(|(name, sent)| (&**name, sent.as_str())).collect();
        assert_eq!(parts, [("policy", "a%2Fb"), ("entitlement", "c")]);
        for other in [
            "/v1/policies/a/entitlements",
            "/v1/policies/a/entitlements/",
            "/v1/policies//entitlements/c",
            "/v1/policies/a/entitlements/c/",
            "/v1/policies/a/entitlements/c/d",
            "/v1/Policies/a/entitlements/c",
            "v1/policies/a/entitlements/c",
            "/v1/policies/a//entitlements/c",
        ] {
            assert!(template.read(other).is_none(), "{other}");
        }
    }
}
