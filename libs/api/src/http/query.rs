//! Parameters in the query string.

use std::collections::BTreeSet;

use model::{ApiKeyId, CustomerId, Invalid, LicenseId, PolicyCode, ProductCode, Timestamp};
use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};
use serde_json::json;

use super::{encoded, path::PathValue};
use crate::problem::{Fault, Problem};

/// The parameters of a request's query string, each sent once and known to its operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query string of an operation that takes the parameters `known`.
    ///
    /// # Errors
    /// When a parameter is not known, is sent twice, or is not URL-encoded UTF-8: one that is left aside is a filter
    /// that does not filter.
    pub(crate) fn read(request: &Request, known: &[String]) -> Result<Self, Problem> {
        let pairs = encoded::pairs(request.uri().query().unwrap_or_default().as_bytes())?;
        let mut seen = BTreeSet::new();
        for (name, _) in &pairs {
            if !known.contains(name) {
                // Its name is left out: it was made up by the caller, and may be a key that went astray.
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(bad(format!("A query parameter is not known here; these are: {known}.")));
            }
            if !seen.insert(name) {
                return Err(bad(format!("The query parameter {name} was sent more than once.")));
            }
        }
        Ok(Self(pairs))
    }

    /// Notes them on the request, if there are any.
    pub(crate) fn note_on(self, request: &mut Request) {
        if !self.0.is_empty() {
            request.set_data(self);
        }
    }
}

fn bad(detail: String) -> Problem {
    Problem::new(Fault::BadParameter).detail(detail)
}

/// What a query parameter can be.
pub(crate) trait QueryValue: Sized + Send {
    /// Reads it.
    ///
    /// # Errors
    /// When it breaks its rule.
    fn read(text: &str) -> Result<Self, Invalid>;

    /// What it looks like.
    fn schema() -> MetaSchema;
}

/// What names things in paths may also be looked for.
macro_rules! named {
    ($($name:ty)+) => {$(
        impl QueryValue for $name {
            fn read(text: &str) -> Result<Self, Invalid> {
                text.parse()
            }

            fn schema() -> MetaSchema {
                <Self as PathValue>::schema()
            }
        }
    )+};
}

named! { ApiKeyId CustomerId LicenseId PolicyCode ProductCode }

impl QueryValue for Timestamp {
    fn read(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            example: Some(json!("2026-03-01T12:00:00Z")),
            ..MetaSchema::new_with_format("string", "date-time")
        }
    }
}

/// A query parameter that may be there.
pub(crate) struct QueryParam<T>(pub(crate) Option<T>);

impl<'a, T: QueryValue> ApiExtractor<'a> for QueryParam<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(T::schema())))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<String>,
    ) -> poem::Result<Self> {
        let query = request.data::<Query>();
        let sent = query.and_then(|query| query.0.iter().find(|(name, _)| name == options.name));
        let Some((name, text)) = sent else {
            return Ok(Self(None));
        };
        match T::read(text) {
            Ok(value) => Ok(Self(Some(value))),
            Err(invalid) => Err(bad(format!("The query parameter {name} {invalid}.")).into()),
        }
    }
}
