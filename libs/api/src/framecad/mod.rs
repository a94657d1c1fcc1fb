//! The FrameCAD licensing API, version 1: one file per operation. Only a translation; the decisions are those of
//! `licensing`.

mod activate;
mod answer;
mod code;
mod deactivate;
mod first_check;
mod last_check;
mod license;
mod request;
mod validate;
mod visit;

use std::{collections::HashMap, future::Future};

use licensing::Licensing;
use poem::{Response, endpoint::BoxEndpoint, http::Method};
use poem_openapi::{
    OpenApi,
    registry::{MetaApi, MetaOperation, MetaPath, MetaTag, Registry},
    types::Type as _,
};

pub(crate) use self::answer::failure;
use self::{answer::Answer, visit::Stop};
use crate::{
    http::{
        described,
        params::{Params, Sources, endpoint},
        tenant::TenantCall,
    },
    problem::Problem,
};

const TAG: &str = "Licenses";
const BODY: Sources = Sources { form: false, query: false };
const BODY_OR_QUERY: Sources = Sources { form: false, query: true };

/// All operations, with paths relative to a tenant's base URL.
pub(crate) struct FrameCadApi(Licensing);

/// The operations over `licensing`.
pub(crate) fn api(licensing: &Licensing) -> FrameCadApi {
    FrameCadApi(licensing.clone())
}

impl OpenApi for FrameCadApi {
    fn meta() -> Vec<MetaApi> {
        let paths = [
            (activate::PATH, activate::describe()),
            (validate::PATH, validate::describe()),
            (first_check::PATH, first_check::describe()),
            (last_check::PATH, last_check::describe()),
            (deactivate::PATH, deactivate::describe()),
            (deactivate::OTHER_PATH, deactivate::describe_other()),
        ];
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
            description: Some("Bind licenses to machines and clients, and check them."),
            external_docs: None,
        });
        described::register_body(
            registry,
            request::CHECK_SCHEMA,
            "What an app says to check a license.",
            &request::CHECK,
        );
        described::register_body(
            registry,
            request::BIND_SCHEMA,
            "What an app says to activate or deactivate a license.",
            &request::bind(),
        );
        Answer::register(registry);
    }

    fn add_routes(self, table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let licensing = &self.0;
        let routes = [
            (activate::PATH, Method::POST, route(licensing, BODY, activate::run)),
            (validate::PATH, Method::POST, route(licensing, BODY, validate::run)),
            (first_check::PATH, Method::GET, route(licensing, BODY_OR_QUERY, first_check::run)),
            (last_check::PATH, Method::GET, route(licensing, BODY_OR_QUERY, last_check::run)),
            (deactivate::PATH, Method::DELETE, route(licensing, BODY_OR_QUERY, deactivate::run)),
            (deactivate::OTHER_PATH, Method::DELETE, route(licensing, BODY_OR_QUERY, deactivate::run)),
        ];
        for (path, method, route) in routes {
            table.entry(path.to_owned()).or_default().insert(method, route);
        }
    }
}

/// The endpoint of an operation that may stop before its end.
fn route<F, R>(licensing: &Licensing, sources: Sources, operation: F) -> BoxEndpoint<'static>
where
    F: Fn(Licensing, TenantCall, Params) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response, Stop>> + Send + 'static,
{
    endpoint(licensing, sources, move |licensing, caller, params| {
        let clock = licensing.clock().clone();
        let running = operation(licensing, caller, params);
        async move {
            match running.await {
                Ok(response) => Ok(response),
                Err(Stop::At(code)) => Ok(answer::stopped(code, clock.now())),
                Err(Stop::Failed(problem)) => Err::<_, Problem>(problem),
            }
        }
    })
}

/// An operation with the one answer that all operations have.
fn operation(method: Method, id: &'static str, text: (&'static str, &'static str)) -> MetaOperation {
    let answer = Answer::schema_ref();
    described::operation(method, id, TAG, text, (200, answer.clone()), &answer)
}
