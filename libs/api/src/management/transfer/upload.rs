//! The body of an import, taken whole into a file without a name before anything is done with it: a body that breaks
//! off has changed nothing.

use std::{fs::File, marker::PhantomData, time::Duration};

use futures::StreamExt as _;
use poem::{
    Request, RequestBody,
    http::{HeaderMap, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
};
use tokio::{io::AsyncWriteExt as _, time::timeout};

use super::format::Written;
use crate::{
    http::header::once,
    problem::{Fault, Problem},
};

/// The most bytes of a file: more than a million licenses.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// How long the next piece of a body may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The file that a request's body is.
pub(super) struct Upload<F> {
    pub(super) file: File,
    format: PhantomData<fn() -> F>,
}

impl<'a, F: Written> ApiExtractor<'a> for Upload<F> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let schema = MetaSchemaRef::Inline(Box::new(file_schema()));
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType { content_type: F::FORMAT.media_type(), schema }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let wanted = F::FORMAT.media_type();
        want(request.headers(), wanted)?;
        Ok(Self { file: spool(request.headers(), body).await?, format: PhantomData })
    }
}

/// What a file looks like in the document.
pub(super) fn file_schema() -> MetaSchema {
    MetaSchema::new_with_format("string", "binary")
}

/// Checks the type of a body: that one, at most with `charset=utf-8` and `header=present`, and not compressed.
fn want(headers: &HeaderMap, wanted: &'static str) -> Result<(), Problem> {
    let refused = || {
        Problem::new(Fault::UnsupportedMediaType)
            .detail(format!("Send the file as {wanted}, not compressed."))
    };
    let text = once(headers, &header::CONTENT_TYPE)?.ok_or_else(refused)?;
    let mut parts = text.split(';').map(str::trim);
    let is_wanted = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(wanted));
    let is_good = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            let value = value.trim_matches('"');
            match name.to_ascii_lowercase().as_str() {
                "charset" => value.eq_ignore_ascii_case("utf-8"),
                "header" => value.eq_ignore_ascii_case("present"),
                _ => false,
            }
        })
    };
    let coding = once(headers, &header::CONTENT_ENCODING)?.unwrap_or("identity");
    if is_wanted && parts.all(is_good) && coding.eq_ignore_ascii_case("identity") {
        Ok(())
    } else {
        Err(refused())
    }
}

/// Takes the whole body into a file.
async fn spool(headers: &HeaderMap, body: &mut RequestBody) -> Result<File, Problem> {
    let too_large =
        || Problem::new(Fault::BodyTooLarge).detail(format!("A file has at most {MOST_BYTES} bytes here."));
    let announced = once(headers, &header::CONTENT_LENGTH)?.and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MOST_BYTES) {
        return Err(too_large());
    }
    let unread = body.take().map_err(|_| Problem::new(Fault::BadRequest))?;
    let mut pieces = unread.into_bytes_stream();
    let mut file = tokio::fs::File::from_std(unnamed_file()?);
    let mut length = 0;
    loop {
        let piece = match timeout(PATIENCE, pieces.next()).await {
            Ok(None) => break,
            Ok(Some(Ok(piece))) => piece,
            Ok(Some(Err(_))) => return Err(broken_off("The body broke off.")),
            Err(_) => return Err(broken_off("The next piece of the body did not come in time.")),
        };
        length += piece.len() as u64;
        if length > MOST_BYTES {
            return Err(too_large());
        }
        file.write_all(&piece).await.map_err(cannot_keep)?;
    }
    file.flush().await.map_err(cannot_keep)?;
    Ok(file.into_std().await)
}

fn broken_off(detail: &'static str) -> Problem {
    Problem::new(Fault::BadRequest).detail(format!("{detail} Nothing was imported."))
}

/// A file that has no name and goes away with the process: it may hold license keys.
pub(super) fn unnamed_file() -> Result<File, Problem> {
    tempfile::tempfile().map_err(cannot_keep)
}

#[expect(clippy::needless_pass_by_value, reason = "the error ends here; `map_err` hands it over")]
fn cannot_keep(error: std::io::Error) -> Problem {
    tracing::error!(%error, "the folder for temporary files cannot be written");
    Problem::new(Fault::Unavailable)
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_type_of_the_operation_is_taken() {
        let outcome = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(text).unwrap());
            want(&headers, "text/csv").is_ok()
        };
        for good in
            ["text/csv", "Text/CSV", "text/csv; charset=utf-8", "text/csv; charset=UTF-8; header=present"]
        {
            assert!(outcome(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/x-ndjson",
            "text/csv; charset=latin1",
            "text/csv; header=absent",
            "text/csv; x",
        ] {
            assert!(!outcome(bad), "{bad}");
        }
    }
}
