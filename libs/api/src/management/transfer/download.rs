//! The answer to an export: a file that is written while it is sent.

use std::{future::Future, marker::PhantomData};

use futures::stream;
use licensing::{Error, Exported};
use poem::{
    Body, IntoResponse, Response,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
};

use super::{
    format::{Writer, Written},
    kind::Kind,
    upload::file_schema,
};
use crate::{
    http::{
        reply::{request_id_header, text_header},
        tenant::TenantCall,
    },
    problem::{Problem, failed, managed},
};

/// A file of the format `F`.
pub(super) struct Download<F> {
    body: Body,
    name: String,
    format: PhantomData<fn() -> F>,
}

/// Where a file goes on.
enum Place<I> {
    Begun { piece: Vec<u8>, next: Option<I> },
    Next(I),
    End,
}

impl<F: Written> Download<F> {
    /// A file of all pages that `fetch` gives, each for the identifier that it begins behind. The first page is read before
    /// anything is sent; a fault on a later one ends the answer before its end, as an error of the transfer.
    pub(super) async fn of<K, I, Fetch, Page>(
        caller: &TenantCall,
        with_keys: bool,
        fetch: Fetch,
    ) -> Result<Self, Problem>
    where
        K: Kind,
        I: Send + 'static,
        Fetch: Fn(Option<I>) -> Page + Send + Sync + 'static,
        Page: Future<Output = Result<Exported<K::Item, I>, Error>> + Send,
    {
        let writer = Writer::new::<K>(F::FORMAT, with_keys);
        let first = fetch(None).await.map_err(managed)?;
        let mut piece = writer.header();
        first.items.iter().for_each(|item| writer.line::<K>(item, &mut piece));
        let begun = Place::Begun { piece, next: first.next };
        let pieces = stream::try_unfold((begun, writer, fetch), |(place, writer, fetch)| async move {
            let (piece, next) = match place {
                Place::Begun { piece, next } => (piece, next),
                Place::Next(after) => {
                    let page = fetch(Some(after)).await.map_err(broken_off)?;
                    let mut piece = Vec::new();
                    page.items.iter().for_each(|item| writer.line::<K>(item, &mut piece));
                    (piece, page.next)
                }
                Place::End => return Ok(None),
            };
            let place = next.map_or(Place::End, Place::Next);
            Ok::<_, std::io::Error>(Some((piece, (place, writer, fetch))))
        });
        let name = format!("{}-{}.{}", caller.tenant.slug, K::NAME, F::FORMAT.extension());
        Ok(Self { body: Body::from_bytes_stream(pieces), name, format: PhantomData })
    }
}

/// Logs the fault; the connection is cut, which says all that can still be said.
fn broken_off(error: Error) -> std::io::Error {
    let _ = failed(error);
    std::io::Error::other("an export broke off")
}

impl<F: Written> IntoResponse for Download<F> {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .header(header::CONTENT_TYPE, HeaderValue::from_static(F::FORMAT.media_type()))
            .body(self.body);
        // A slug has nothing that would have to be quoted.
        if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"{}\"", self.name)) {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

impl<F: Written> ApiResponse for Download<F> {
    fn meta() -> MetaResponses {
        let schema = MetaSchemaRef::Inline(Box::new(file_schema()));
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The file. Where it ends with an error of the transfer, it is not complete.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType { content_type: F::FORMAT.media_type(), schema }],
                headers: vec![request_id_header(), text_header("Content-Disposition", "Names the file.")],
            }],
        }
    }

    fn register(_registry: &mut Registry) {}
}
