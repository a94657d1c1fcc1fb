//! Which endpoint a request goes to: by method, path and tenant.

use std::collections::{BTreeMap, HashMap};

use licensing::Licensing;
use model::TenantSlug;
use poem::{
    Endpoint, EndpointExt as _, Request, Response,
    endpoint::{BoxEndpoint, make_sync},
    http::{HeaderValue, Method, header},
};
use poem_openapi::OpenApi;

use crate::{
    Readiness, Settings, client, document,
    face::Face,
    framecad,
    http::{
        front::{RequestContext, note_route},
        tenant::TenantCall,
    },
    mini_key_server, probes,
    problem::{Fault, Problem, pages},
    reference,
};

type Route = BoxEndpoint<'static, Response>;
type Table = BTreeMap<String, Place>;

/// What is at a path.
#[derive(Default)]
struct Place {
    face: Face,
    methods: HashMap<Method, Route>,
}

/// All routes. Paths are matched byte by byte: nothing is decoded, merged or completed, so that no proxy on the way
/// can see another route than this server does.
pub(crate) struct Routes {
    /// Below the origin.
    platform: Table,
    /// Below the base of a tenant.
    tenant: Table,
    licensing: Licensing,
    default_tenant: Option<TenantSlug>,
}

impl Routes {
    /// The routes over `licensing`.
    pub(crate) fn new(licensing: Licensing, settings: Settings, readiness: Readiness) -> Self {
        let mut platform = Table::new();
        let mut get = |path: String, route| {
            let place: &mut Place = platform.entry(path).or_default();
            place.methods.insert(Method::GET, route);
        };
        get("/healthz".to_owned(), probes::alive().boxed());
        get("/readyz".to_owned(), probes::ready(licensing.clone(), readiness).boxed());
        for (path, route) in pages::all() {
            get(path, route);
        }
        Self {
            platform,
            tenant: tenant_routes(&licensing),
            licensing,
            default_tenant: settings.default_tenant,
        }
    }

    async fn route(&self, mut request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        if let Some((path, place)) = self.platform.get_key_value(path) {
            note_route(request.method(), path);
            return place.pick(request.method())?.call(request).await;
        }
        let (prefix, slug, rest) = match path.strip_prefix("/t/") {
            Some(below) => match below.find('/').and_then(|slash| below.split_at_checked(slash)) {
                Some((slug, rest)) => ("/t/{tenant}", Some(slug), rest),
                None => return Err(Problem::new(Fault::RouteNotFound).into()),
            },
            None => ("", self.default_tenant.as_ref().map(TenantSlug::as_str), path),
        };
        let (Some(slug), Some((template, place))) = (slug, self.tenant.get_key_value(rest)) else {
            return Err(Problem::new(Fault::RouteNotFound).into());
        };
        note_route(request.method(), &format!("{prefix}{template}"));
        RequestContext::of(&request).set_face(place.face);
        let route = place.pick(request.method())?;
        let caller = TenantCall::resolve(&self.licensing, slug, &request).await?;
        request.set_data(caller);
        route.call(request).await
    }
}

impl Endpoint for Routes {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        self.route(request).await
    }
}

fn tenant_routes(licensing: &Licensing) -> Table {
    let mut table = Table::new();
    add(&mut table, Face::Native, client::api(licensing));
    add(&mut table, Face::MiniKeyServer, mini_key_server::api(licensing));
    add(&mut table, Face::FrameCad, framecad::api(licensing));
    let documents = document::all();
    for (path, page) in reference::all(documents.iter().map(|(name, text)| (*name, text.as_str()))) {
        table.entry(path).or_default().methods.insert(Method::GET, page);
    }
    for (name, text) in documents {
        let place = table.entry(format!("/openapi/{name}")).or_default();
        place.methods.insert(Method::GET, serve_document(text).boxed());
    }
    table
}

/// Adds the operations of an API. No two APIs share a path.
fn add(table: &mut Table, face: Face, api: impl OpenApi) {
    let mut routes = HashMap::new();
    api.add_routes(&mut routes);
    table.extend(routes.into_iter().map(|(path, methods)| (path, Place { face, methods })));
}

fn serve_document(text: String) -> impl Endpoint<Output = Response> + 'static {
    make_sync(move |_| {
        Response::builder()
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))
            .body(text.clone())
    })
}

impl Place {
    /// The endpoint for a method. Whoever may GET our own API may ask for the HEAD; the server leaves the body out.
    fn pick(&self, method: &Method) -> Result<&Route, Problem> {
        let has_head = self.face.has_heads() && self.methods.contains_key(&Method::GET);
        let asked = if has_head && method == Method::HEAD { &Method::GET } else { method };
        self.methods.get(asked).ok_or_else(|| {
            let mut allowed: Vec<&str> = self.methods.keys().map(Method::as_str).collect();
            if has_head {
                allowed.push("HEAD");
            }
            allowed.sort_unstable();
            let problem = Problem::new(Fault::MethodNotAllowed);
            match HeaderValue::try_from(allowed.join(", ")) {
                Ok(allow) => problem.header(header::ALLOW, allow),
                Err(_) => problem,
            }
        })
    }
}
