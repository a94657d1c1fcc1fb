//! Request bodies: JSON, of bounded size, read strictly.

use std::marker::PhantomData;

use http_body_util::{BodyExt as _, LengthLimitError, Limited, combinators::BoxBody};
use poem::{
    Request, RequestBody,
    http::{HeaderMap, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, Registry},
    types::Type,
};
use sha2::{Digest as _, Sha256};

use super::{
    header::once,
    json,
    members::{Command, Members},
};
use crate::problem::{Fault, Problem};

/// The most bytes that a request body has, unless its operation says otherwise.
pub(crate) const LIMIT: usize = 64 * 1024;

/// A command read from the body of a request of at most `MOST` bytes, documented as `D`.
pub(crate) struct Body<D, T, const MOST: usize = LIMIT> {
    /// The command.
    pub(crate) command: T,
    bytes: Vec<u8>,
    shape: PhantomData<fn() -> D>,
}

impl<D, T, const MOST: usize> Body<D, T, MOST> {
    /// Like [`Self::identity`], of an operation on what the path names.
    pub(crate) fn identity_at(&self, operation: &str, path: &str) -> [u8; 32] {
        self.identity(&format!("{operation} {path}"))
    }

    /// What makes two requests the same for an idempotency key: the operation, and every byte of the body.
    pub(crate) fn identity(&self, operation: &str) -> [u8; 32] {
        Sha256::new().chain_update(operation).chain_update([0]).chain_update(&self.bytes).finalize().into()
    }
}

impl<'a, D: Type, T: Command + Send, const MOST: usize> ApiExtractor<'a> for Body<D, T, MOST> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        D::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType { content_type: "application/json", schema: D::schema_ref() }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        want_json(request.headers())?;
        let bytes = read_up_to(MOST, request.headers(), body).await?;
        let command = Members::read(json::parse(&bytes)?, &bytes)?;
        Ok(Self { command, bytes, shape: PhantomData })
    }
}

/// What a body is, by its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/json`
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
}

/// The type of a body: one that is known here, at most with `charset=utf-8`, and not compressed.
pub(crate) fn media_type(headers: &HeaderMap) -> Result<MediaType, Problem> {
    let refused = || Problem::new(Fault::UnsupportedMediaType);
    let text = once(headers, &header::CONTENT_TYPE)?.ok_or_else(refused)?;
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known =
        [("application/json", MediaType::Json), ("application/x-www-form-urlencoded", MediaType::Form)];
    let found = known
        .into_iter()
        .find_map(|(name, media_type)| essence.eq_ignore_ascii_case(name).then_some(media_type));
    let is_utf8 = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    };
    let coding = once(headers, &header::CONTENT_ENCODING)?.unwrap_or("identity");
    found.filter(|_| parts.all(is_utf8) && coding.eq_ignore_ascii_case("identity")).ok_or_else(refused)
}

fn want_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers)? {
        MediaType::Json => Ok(()),
        MediaType::Form => Err(Problem::new(Fault::UnsupportedMediaType)),
    }
}

/// All bytes of a body of at most [`LIMIT`].
pub(crate) async fn read(headers: &HeaderMap, body: &mut RequestBody) -> Result<Vec<u8>, Problem> {
    read_up_to(LIMIT, headers, body).await
}

async fn read_up_to(most: usize, headers: &HeaderMap, body: &mut RequestBody) -> Result<Vec<u8>, Problem> {
    let too_large = || {
        let problem = Problem::new(Fault::BodyTooLarge);
        if most == LIMIT {
            problem
        } else {
            problem.detail(format!("This request body has at most {most} bytes."))
        }
    };
    let announced = once(headers, &header::CONTENT_LENGTH)?.and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let unread = body.take().map_err(|_| Problem::new(Fault::BadRequest))?;
    match Limited::new(BoxBody::from(unread), most).collect().await {
        Ok(read) => Ok(read.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Problem::new(Fault::BadRequest)),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;

    fn outcome(headers: &[(HeaderName, &str)]) -> Option<String> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        want_json(&headers).err().map(|problem| problem.to_string())
    }

    #[test]
    fn json_in_utf_8_is_wanted() {
        use header::{CONTENT_ENCODING, CONTENT_TYPE};
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            assert_eq!(outcome(&[(CONTENT_TYPE, good)]), None, "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/json5",
            "application/problem+json",
            "application/json; charset=latin1",
            "application/json; version=2",
            "application/json, text/plain",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
        ] {
            assert_eq!(outcome(&[(CONTENT_TYPE, bad)]).as_deref(), Some("unsupported_media_type"), "{bad}");
        }
        assert_eq!(outcome(&[]).as_deref(), Some("unsupported_media_type"));
        let json = (CONTENT_TYPE, "application/json");
        assert_eq!(
            outcome(&[json.clone(), (CONTENT_ENCODING, "gzip")]).as_deref(),
            Some("unsupported_media_type")
        );
        assert_eq!(outcome(&[json.clone(), (CONTENT_ENCODING, "identity")]), None);
        assert_eq!(outcome(&[json.clone(), json]).as_deref(), Some("bad_header"));
    }

    #[test]
    fn the_identity_of_a_request_is_its_operation_and_its_bytes() {
        let body = |bytes: &[u8]| Body::<(), ()> { command: (), bytes: bytes.to_vec(), shape: PhantomData };
        assert_eq!(body(b"{}").identity("a"), body(b"{}").identity("a"));
        assert_ne!(body(b"{}").identity("a"), body(b"{ }").identity("a"));
        assert_ne!(body(b"{}").identity("a"), body(b"{}").identity("b"));
    }
}
