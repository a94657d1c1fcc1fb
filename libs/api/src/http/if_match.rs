//! The `If-Match` header (RFC 9110 section 13.1.1).

use licensing::Precondition;
use poem::{Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};
use serde_json::json;

use crate::problem::{Fault, Problem};

/// Which revisions the caller means to change.
pub(crate) struct IfMatch(pub(crate) Precondition);

impl<'a> ApiExtractor<'a> for IfMatch {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(MetaSchema {
            example: Some(json!("\"3\"")),
            ..MetaSchema::new("string")
        })))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<String>,
    ) -> poem::Result<Self> {
        let mut values = Vec::new();
        for value in request.headers().get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| {
                Problem::new(Fault::BadHeader).detail("The header if-match must be visible ASCII.")
            })?;
            values.push(text);
        }
        Ok(Self(read(&values)))
    }
}

/// Reads the values. A tag that is none of ours, or weak, is one that nothing has: strong comparison is demanded.
fn read(values: &[&str]) -> Precondition {
    if values.is_empty() {
        return Precondition::Any;
    }
    let tags: Vec<&str> = values.iter().flat_map(|value| value.split(',')).map(str::trim).collect();
    if tags.contains(&"*") {
        return Precondition::Any;
    }
    let revision = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Precondition::Revisions(tags.iter().filter_map(revision).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_strongly() {
        let revisions = |numbers: &[u64]| Precondition::Revisions(numbers.to_vec());
        for (values, expected) in [
            (&[][..], Precondition::Any),
            (&["*"], Precondition::Any),
            (&["\"3\""], revisions(&[3])),
            (&["\"3\", \"4\"", "\"5\""], revisions(&[3, 4, 5])),
            (&["W/\"3\""], revisions(&[])),
            (&["3"], revisions(&[])),
            (&["\"x\""], revisions(&[])),
            (&[""], revisions(&[])),
        ] {
            assert_eq!(read(values), expected, "{values:?}");
        }
    }
}
