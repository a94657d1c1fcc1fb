//! Archives as bodies, and the header with their key.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use licensing::{ArchiveKey, Error, TenantExport};
use poem::{
    Body, IntoResponse, Request, RequestBody, Response,
    http::{HeaderName, HeaderValue, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions,
    registry::{
        MetaMediaType, MetaParamIn, MetaRequest, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef,
        Registry,
    },
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    http::{
        header::once,
        reply::{request_id_header, text_header},
    },
    problem::{Fault, Problem, failed, managed},
};

const MEDIA_TYPE: &str = "application/x-ndjson";
const KEY_HEADER: HeaderName = HeaderName::from_static("leasehold-archive-key");
/// How long the next piece of an archive may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn schema() -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")))
}

/// The key of an archive, from its header.
pub(super) struct KeyHeader(pub(super) ArchiveKey);

impl<'a> ApiExtractor<'a> for KeyHeader {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(MetaSchema {
            min_length: Some(64),
            max_length: Some(64),
            pattern: Some("^[0-9A-Fa-f]{64}$".to_owned()),
            // Of the shape of a key, and visibly none.
            example: Some(json!("0".repeat(64))),
            ..MetaSchema::new("string")
        })))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<String>,
    ) -> poem::Result<Self> {
        let sent = once(request.headers(), &KEY_HEADER)?;
        let key = sent.and_then(|text| ArchiveKey::parse(text).ok());
        let missing = "The header Leasehold-Archive-Key must be an archive key: 32 random bytes as 64 hexadecimal digits.";
        Ok(Self(key.ok_or_else(|| Problem::new(Fault::BadHeader).detail(missing))?))
    }
}

/// The archive that a request's body is, not read yet.
pub(super) struct Upload(Body);

impl<'a> ApiExtractor<'a> for Upload {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType { content_type: MEDIA_TYPE, schema: schema() }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let headers = request.headers();
        let media_type = once(headers, &header::CONTENT_TYPE)?.unwrap_or_default();
        let coding = once(headers, &header::CONTENT_ENCODING)?.unwrap_or("identity");
        if !media_type.eq_ignore_ascii_case(MEDIA_TYPE) || !coding.eq_ignore_ascii_case("identity") {
            let detail = "Send the archive as application/x-ndjson, not compressed.";
            return Err(Problem::new(Fault::UnsupportedMediaType).detail(detail).into());
        }
        Ok(Self(body.take().map_err(|_| Problem::new(Fault::BadRequest))?))
    }
}

impl Upload {
    /// Feeds the archive to an import, piece by piece as it comes.
    pub(super) async fn feed(self, import: &mut licensing::TenantImport) -> Result<(), Problem> {
        let mut pieces = self.0.into_bytes_stream();
        loop {
            match timeout(PATIENCE, pieces.next()).await {
                Ok(Some(Ok(piece))) => import.feed(&piece).await.map_err(managed)?,
                Ok(None) => return Ok(()),
                Ok(Some(Err(_))) | Err(_) => return Err(Problem::new(Fault::BadRequest)),
            }
        }
    }
}

/// An answer that is an archive.
pub(super) struct Download {
    name: String,
    body: Body,
}

impl Download {
    /// The archive that an export writes. What fails before its first lines is told as a problem; a later fault cuts the
    /// connection, and the archive has no last line.
    pub(super) async fn of(mut export: TenantExport) -> Result<Self, Problem> {
        let name = format!("{}.leasehold", export.tenant().slug);
        let first = export.next().await.map_err(managed)?;
        let rest = stream::try_unfold(export, async |mut export: TenantExport| {
            let lines = export.next().await.map_err(broken_off)?;
            Ok::<_, std::io::Error>(lines.map(|lines| (lines, export)))
        });
        let pieces = stream::iter(first.map(Ok)).chain(rest);
        Ok(Self { name, body: Body::from_bytes_stream(pieces) })
    }
}

fn broken_off(error: Error) -> std::io::Error {
    // Logs it.
    let _ = failed(error);
    std::io::Error::other("an export broke off")
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .header(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))
            .body(self.body);
        // A slug has nothing that would have to be quoted.
        if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"{}\"", self.name)) {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

impl ApiResponse for Download {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The archive. One that breaks off has no last line, and is not taken by an import.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType { content_type: MEDIA_TYPE, schema: schema() }],
                headers: vec![request_id_header(), text_header("Content-Disposition", "Names the file.")],
            }],
        }
    }

    fn register(_registry: &mut Registry) {}
}
