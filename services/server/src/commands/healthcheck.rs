//! `leasehold healthcheck`.

use std::time::Duration;

use clap::Args;
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use serde_json::json;

use super::block_on;
use crate::fault::{Fault, Result};
use crate::output::Output;

/// How long a server may take: less than container platforms wait by default.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ask a server whether it wants requests.
///
/// Asks /readyz once and waits at most 2 seconds. For container platforms and scripts: it needs no other program,
/// configuration or file.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  leasehold healthcheck --url http://127.0.0.1:8080

Exit codes: 0 the server is ready · 1 it is not, or does not answer · 2 the URL is wrong.")]
pub(crate) struct Healthcheck {
    /// Where the server listens: it speaks plain HTTP.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = server_url)]
    url: Url,
    #[command(flatten)]
    output: Output,
}

fn server_url(text: &str) -> Result<Url, &'static str> {
    Url::parse(text)
        .ok()
        .filter(|url| {
            url.scheme() == "http" && url.has_host() && url.path() == "/" && url.username().is_empty()
        })
        .and_then(|url| url.join("readyz").ok())
        .ok_or("must be an http URL without a path, such as http://127.0.0.1:8080")
}

impl Healthcheck {
    pub(super) fn run(self) -> Result<()> {
        let status = block_on(ask(self.url))?;
        if status != StatusCode::OK {
            return Err(Fault::failed(format_args!("the server is not ready: it answers {status}")));
        }
        self.output.print(|| "The server is ready.".to_owned(), || json!({ "ready": true }))
    }
}

async fn ask(url: Url) -> Result<StatusCode> {
    // No proxy: a server that only a proxy can reach is not this container's.
    let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build();
    let client = client.map_err(|error| Fault::failed(format_args!("cannot ask: {error}")))?;
    match client.get(url).send().await {
        Ok(answer) => Ok(answer.status()),
        Err(error) if error.is_timeout() => Err(Fault::failed("the server did not answer within 2 seconds")),
        Err(_) => Err(Fault::failed("the server does not answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_that_of_a_server() {
        assert_eq!(server_url("http://127.0.0.1:8080").unwrap().as_str(), "http://127.0.0.1:8080/readyz");
        assert_eq!(server_url("http://[::1]:80/").unwrap().as_str(), "http://[::1]/readyz");
        for bad in ["127.0.0.1:8080", "https://a.example", "http://a.example/healthz", "http://u:p@a.example"]
        {
            assert!(server_url(bad).is_err(), "{bad}");
        }
    }
}
