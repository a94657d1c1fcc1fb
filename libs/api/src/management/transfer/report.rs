//! What an import answers: how many lines came to what, and every line that was refused.

use std::{
    fs::File,
    io::{BufWriter, Seek as _, SeekFrom, Write as _},
};

use futures::StreamExt as _;
use licensing::{Error, ImportReport, ImportSummary, LineRefusal};
use poem::{
    Body, IntoResponse, Response,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaResponses, Registry},
    types::{Example, Type as _},
};
use serde::Serialize;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use super::upload::unnamed_file;
use crate::{http::reply::Reply, problem::Problem};

/// What became of a file.
#[derive(Object, Serialize)]
#[oai(rename = "ImportReport", example, skip_serializing_if_is_none)]
struct ReportShape {
    /// Whether anything was written: not in a dry run, and not where all or nothing was wanted and a line was refused.
    applied: bool,
    /// Lines that made something; those that would, where nothing was written.
    created: u64,
    /// Lines that name what was there already; it was left as it is.
    existing: u64,
    /// Lines that were refused.
    refused: u64,
    /// Every line that was refused, in the order of the file.
    refused_lines: Vec<RefusedLine>,
}

/// A line that was refused.
#[derive(Object, Serialize)]
#[oai(rename = "RefusedLine", example, skip_serializing_if_is_none)]
struct RefusedLine {
    /// Its number, counted from 1 with the header.
    line: u64,
    /// The column or member that is wrong, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    /// What is wrong with it. Never what the line says.
    reason: String,
}

/// The refused lines so far, in a file: their number has no bound that memory would have.
pub(super) struct Refused {
    lines: BufWriter<File>,
    is_empty: bool,
}

impl Refused {
    pub(super) fn new() -> Result<Self, Problem> {
        Ok(Self { lines: BufWriter::new(unnamed_file()?), is_empty: true })
    }

    /// The report, when all lines are in.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn conclude(self, summary: ImportSummary) -> Result<Report, Error> {
        let mut lines = self.lines.into_inner().map_err(|error| broken(error.into_error()))?;
        let length = lines.stream_position().map_err(broken)?;
        lines.seek(SeekFrom::Start(0)).map_err(broken)?;
        Ok(Report { summary, lines, length })
    }
}

fn broken(error: std::io::Error) -> Error {
    Error::Internal("writing down a refused line", Some(Box::new(error)))
}

impl ImportReport for Refused {
    fn refuse(&mut self, line: u64, refusal: &LineRefusal) -> Result<(), Error> {
        let shape = RefusedLine {
            line,
            member: refusal.member.map(str::to_owned),
            reason: refusal.reason.to_string(),
        };
        let text = json!(shape).to_string();
        let separator: &[u8] = if std::mem::take(&mut self.is_empty) { b"" } else { b"," };
        self.lines.write_all(separator).and_then(|()| self.lines.write_all(text.as_bytes())).map_err(broken)
    }
}

/// The answer to an import.
pub(super) struct Report {
    summary: ImportSummary,
    lines: File,
    length: u64,
}

impl IntoResponse for Report {
    fn into_response(self) -> Response {
        let ImportSummary { applied, created, existing, refused } = self.summary;
        let beginning = format!(
            "{{\"applied\":{applied},\"created\":{created},\"existing\":{existing},\"refused\":{refused},\"refused_lines\":["
        );
        let lines = Box::pin(tokio::fs::File::from_std(self.lines).take(self.length));
        let lines = futures::stream::try_unfold(lines, |mut lines| async move {
            let mut piece = vec![0; 64 * 1024];
            let count = lines.read(&mut piece).await?;
            piece.truncate(count);
            Ok::<_, std::io::Error>((count > 0).then_some((piece, lines)))
        });
        let whole = |text: Vec<u8>| futures::stream::iter([Ok(text)]);
        let body = whole(beginning.into_bytes()).chain(lines).chain(whole(b"]}".to_vec()));
        Response::builder()
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Body::from_bytes_stream(body))
    }
}

impl ApiResponse for Report {
    fn meta() -> MetaResponses {
        Reply::<ReportShape, 200>::meta()
    }

    fn register(registry: &mut Registry) {
        ReportShape::register(registry);
    }
}

impl Example for ReportShape {
    fn example() -> Self {
        Self {
            applied: true,
            created: 998,
            existing: 1,
            refused: 1,
            refused_lines: vec![RefusedLine::example()],
        }
    }
}

impl Example for RefusedLine {
    fn example() -> Self {
        Self { line: 17, member: Some("policy".to_owned()), reason: "names no policy".to_owned() }
    }
}
