//! The HTTP APIs: wire types, routes, problem documents, OpenAPI documents.
//!
//! A request passes three layers. `http::front` gives it an identifier and a span and turns every failure into an
//! answer. `routes` finds its tenant and its operation. The operation (one file each) reads the request into a command
//! of `licensing`, calls the verb, and renders what it decided. No licensing rule lives here.
//!
//! `client`, `management` and `platform` are our own APIs. `mini_key_server` and `framecad` are those of two older systems, whose apps find them here
//! as they were; which of them a route belongs to is its `face`, in whose words even a panic is told.

mod client;
mod document;
mod face;
mod framecad;
mod http;
mod management;
mod mini_key_server;
mod platform;
mod probes;
mod problem;
mod reference;
mod routes;

use licensing::Licensing;
use model::TenantSlug;
use poem::{Endpoint, Response};

pub use crate::http::address::TrustedProxies;
pub use document::{
    all as documents, client_document, framecad_document, management_document, mini_key_server_document,
    platform_document,
};
pub use probes::Readiness;

use crate::{http::front::Front, routes::Routes};

/// What the operator decides about the APIs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The tenant whose API is also at the root of the server.
    pub default_tenant: Option<TenantSlug>,
    /// The URL under which clients reach the server, without a slash at its end.
    pub public_url: Option<String>,
    /// SHA-256 of the token that operators present to the platform API. Without one, there is no such API.
    pub platform_token_hash: Option<[u8; 32]>,
    /// The proxies that say from which address a request comes.
    pub trusted_proxies: TrustedProxies,
}

/// Whether requests to that path may take much longer than others: those that bring in files of any length. They end by
/// themselves when no more of the body comes.
#[must_use]
pub fn takes_long(path: &str) -> bool {
    path == "/platform/v1/import"
        || path.rsplit_once('/').is_some_and(|(folder, _)| folder.ends_with("/v1/imports"))
}

/// The whole HTTP face, as an endpoint that always gives a response: routing, identifiers, limits, problem documents,
/// caught panics.
pub fn app(
    licensing: Licensing,
    settings: Settings,
    readiness: Readiness,
) -> impl Endpoint<Output = Response> + 'static {
    let entropy = licensing.clone();
    let clock = licensing.clock().clone();
    let proxies = settings.trusted_proxies.clone();
    Front::new(Routes::new(licensing, settings, readiness), clock, proxies, move || entropy.request_id())
}
