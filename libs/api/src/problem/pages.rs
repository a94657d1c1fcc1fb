//! The pages that `type` of a problem document leads to: the catalogue, for people.

use poem::{
    Endpoint, EndpointExt, Response,
    endpoint::{BoxEndpoint, make_sync},
    http::{HeaderValue, header},
};

use super::catalogue::{Code, Entry};

/// Where the catalogue is.
pub(crate) const INDEX: &str = "/problems";

/// Where the page of a code is.
pub(crate) fn path(code: &str) -> String {
    format!("{INDEX}/{code}")
}

/// All pages, with their paths.
pub(crate) fn all() -> Vec<(String, BoxEndpoint<'static, Response>)> {
    let rows: String = Code::all().map(Code::entry).map(|entry| row(&entry)).collect();
    let index = page("Problems", &format!("<ul>\n{rows}</ul>\n"));
    let one = |entry: Entry| {
        let body = format!(
            "<p>HTTP status {}.</p>\n<p>{}</p>\n<p>{}</p>\n",
            entry.status, entry.title, entry.advice
        );
        (path(entry.code), serve(page(entry.code, &body)).boxed())
    };
    std::iter::once((INDEX.to_owned(), serve(index).boxed()))
        .chain(Code::all().map(Code::entry).map(one))
        .collect()
}

fn row(entry: &Entry) -> String {
    format!(
        "<li><a href=\"{INDEX}/{0}\"><code>{0}</code></a> ({1}): {2}</li>\n",
        entry.code, entry.status, entry.title
    )
}

/// A page. Everything in it comes from the catalogue, so nothing needs escaping.
fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title} · Leasehold</title>\n<h1>{title}</h1>\n{body}</html>\n"
    )
}

fn serve(html: String) -> impl Endpoint<Output = Response> + 'static {
    make_sync(move |_| {
        Response::builder()
            .header(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))
            .header(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"))
            .body(html.clone())
    })
}
