//! The API of mini-key-server: one file per operation. Only a translation; the decisions are those of `licensing`.

mod activate;
mod answer;
mod check;
mod request;

use std::collections::HashMap;

use licensing::Licensing;
use poem::{endpoint::BoxEndpoint, http::Method};
use poem_openapi::{
    OpenApi,
    registry::{MetaApi, MetaPath, MetaTag, Registry},
    types::Type as _,
};

pub(crate) use self::answer::failure;
use crate::http::{
    described,
    params::{Sources, endpoint},
};

const TAG: &str = "Keys";
/// Parameters come as form, JSON or query string, on both calls.
const SOURCES: Sources = Sources { form: true, query: true };

/// All operations, with paths relative to a tenant's base URL.
pub(crate) struct MiniKeyServerApi(Licensing);

/// The operations over `licensing`.
pub(crate) fn api(licensing: &Licensing) -> MiniKeyServerApi {
    MiniKeyServerApi(licensing.clone())
}

impl OpenApi for MiniKeyServerApi {
    fn meta() -> Vec<MetaApi> {
        let paths = [(activate::PATH, activate::describe()), (check::PATH, check::describe())];
        vec![MetaApi {
            paths: paths
                .into_iter()
                .map(|(path, operation)| MetaPath { path: path.to_owned(), operations: vec![operation] })
                .collect(),
        }]
    }

    fn register(registry: &mut Registry) {
        registry.create_tag(MetaTag {
            name: TAG,
            description: Some("Activate and check license keys."),
            external_docs: None,
        });
        described::register_body(
            registry,
            request::SCHEMA,
            "What an app says of itself.",
            &request::PARAMETERS,
        );
        answer::Activated::register(registry);
        answer::Checked::register(registry);
        answer::Failure::register(registry);
    }

    fn add_routes(self, table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let routes = [
            (activate::PATH, Method::POST, endpoint(&self.0, SOURCES, activate::run)),
            (check::PATH, Method::GET, endpoint(&self.0, SOURCES, check::run)),
        ];
        for (path, method, route) in routes {
            table.entry(path.to_owned()).or_default().insert(method, route);
        }
    }
}
