//! Parameters of the APIs of older apps: named texts in a body, a query string, or both.

use std::future::Future;

use licensing::Licensing;
use model::Invalid;
use poem::{
    EndpointExt as _, FromRequest as _, Request, RequestBody, Response,
    endpoint::{BoxEndpoint, make},
};
use serde_json::Value;

use super::{
    body::{self, MediaType},
    encoded, json,
    tenant::TenantCall,
};
use crate::problem::{Fault, Problem};

/// Where an operation takes its parameters from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sources {
    /// Whether a body may be a form; JSON it may always be.
    pub(crate) form: bool,
    /// Whether the query string counts.
    pub(crate) query: bool,
}

/// The parameters of a request, as they were sent.
#[derive(Debug, Default)]
pub(crate) struct Params {
    body: Vec<(String, Value)>,
    query: Vec<(String, String)>,
}

impl Params {
    /// Reads what a request has; no body at all is no fault.
    ///
    /// # Errors
    /// When the body is too large, of a type that is not taken here, or not what its type says; when a query string
    /// that counts is not one.
    pub(crate) async fn read(
        request: &Request,
        body: &mut RequestBody,
        sources: Sources,
    ) -> Result<Self, Problem> {
        let bytes = body::read(request.headers(), body).await?;
        let body = if bytes.is_empty() {
            Vec::new()
        } else {
            match body::media_type(request.headers())? {
                MediaType::Json => members(&bytes)?,
                MediaType::Form if sources.form => encoded::pairs(&bytes)?
                    .into_iter()
                    .map(|(name, value)| (name, Value::String(value)))
                    .collect(),
                MediaType::Form => return Err(Problem::new(Fault::UnsupportedMediaType)),
            }
        };
        let query = match request.uri().query() {
            Some(query) if sources.query => encoded::pairs(query.as_bytes())?,
            _ => Vec::new(),
        };
        Ok(Self { body, query })
    }

    /// Parameters as from a JSON body.
    #[cfg(test)]
    pub(crate) fn of_body<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let members = members.into_iter();
        Self { body: members.map(|(name, value)| (name.to_owned(), value)).collect(), query: Vec::new() }
    }

    /// The text of a parameter; `None` when it was not sent, or is empty or `null`. The body counts before the query
    /// string. A whole number is taken for its digits.
    ///
    /// # Errors
    /// When it is no text, or was sent more than once in one place with different values: which one is meant would
    /// be a guess.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Invalid> {
        let sent = self.body.iter().filter(|(sent, _)| sent == name);
        let mut texts = Vec::new();
        for (_, value) in sent {
            texts.extend(text(value)?);
        }
        match one(texts)? {
            None => {
                let sent = self.query.iter().filter(|(sent, _)| sent == name);
                one(sent.map(|(_, value)| value.clone()).collect())
            }
            found => Ok(found),
        }
    }
}

fn members(bytes: &[u8]) -> Result<Vec<(String, Value)>, Problem> {
    match json::parse(bytes)? {
        Value::Object(members) => Ok(members.into_iter().collect()),
        _ => Err(Problem::new(Fault::MalformedJson).detail("The body is not a JSON object.")),
    }
}

fn text(value: &Value) -> Result<Option<String>, Invalid> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) if !number.is_f64() => Ok(Some(number.to_string())),
        Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(Invalid::new("a text or a whole number"))
        }
    }
}

/// The one value of a parameter that may have been sent several times.
fn one(values: Vec<String>) -> Result<Option<String>, Invalid> {
    let mut values = values.into_iter().filter(|value| !value.is_empty());
    let first = values.next();
    if values.all(|other| first.as_ref() == Some(&other)) {
        Ok(first)
    } else {
        Err(Invalid::new("the same wherever it is repeated"))
    }
}

/// The endpoint of an operation that takes such parameters.
pub(crate) fn endpoint<F, R>(licensing: &Licensing, sources: Sources, operation: F) -> BoxEndpoint<'static>
where
    F: Fn(Licensing, TenantCall, Params) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    let licensing = licensing.clone();
    make(move |request: Request| {
        let (licensing, operation) = (licensing.clone(), operation.clone());
        async move {
            let (request, mut body) = request.split();
            let caller = TenantCall::from_request(&request, &mut body).await?;
            let params = Params::read(&request, &mut body, sources).await?;
            Ok::<_, poem::Error>(operation(licensing, caller, params).await?)
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(body: &Value, query: &str) -> Params {
        Params {
            body: body.as_object().unwrap().clone().into_iter().collect(),
            query: encoded::pairs(query.as_bytes()).unwrap(),
        }
    }

    #[test]
    fn the_body_counts_before_the_query() {
        let params = params(&json!({"a": "body", "empty": "", "null": null}), "a=query&b=b&empty=e&null=n");
        for (name, expected) in
            [("a", Some("body")), ("b", Some("b")), ("c", None), ("empty", Some("e")), ("null", Some("n"))]
        {
            assert_eq!(params.text(name).unwrap().as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn whole_numbers_are_texts_and_other_values_are_not() {
        let values = json!({
            "number": 12, "negative": -1, "large": u64::MAX, "huge": 1e25, "fraction": 1.5, "flag": true,
            "list": ["a"], "object": {},
        });
        let params = params(&values, "flag=x");
        assert_eq!(params.text("number").unwrap().as_deref(), Some("12"));
        assert_eq!(params.text("negative").unwrap().as_deref(), Some("-1"));
        assert_eq!(params.text("large").unwrap().as_deref(), Some("18446744073709551615"));
        for name in ["huge", "fraction", "flag", "list", "object"] {
            let error = params.text(name).unwrap_err();
            assert_eq!(error.to_string(), "must be a text or a whole number", "{name}");
        }
    }

    #[test]
    fn repeated_parameters_must_agree() {
        let params = params(&json!({}), "same=1&same=1&other=1&other=2&filled=&filled=1&empty=&empty=");
        assert_eq!(params.text("same").unwrap().as_deref(), Some("1"));
        assert_eq!(params.text("filled").unwrap().as_deref(), Some("1"));
        assert_eq!(params.text("empty").unwrap(), None);
        let error = params.text("other").unwrap_err();
        assert_eq!(error.to_string(), "must be the same wherever it is repeated");
    }
}
