//! Which endpoint a request goes to: by method, path and tenant.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use licensing::{Licensing, Presented};
use model::TenantSlug;
use poem::{
    Endpoint, EndpointExt as _, Request, Response,
    endpoint::{BoxEndpoint, make_sync},
    http::{HeaderValue, Method, header},
};
use poem_openapi::{OpenApi, registry::MetaParamIn};

use crate::{
    Readiness, Settings, client, document,
    face::Face,
    framecad,
    http::{
        front::{RequestContext, note_route},
        path::{PathParts, Template},
        query::Query,
        tenant::{TenantCall, Whose, domain_owner},
    },
    management, mini_key_server,
    platform::{self, operator::TokenHash},
    probes,
    problem::{Fault, Problem, pages},
    reference,
};

/// An operation, with the query parameters that it knows.
struct Route {
    endpoint: BoxEndpoint<'static, Response>,
    parameters: Vec<String>,
    /// Whether the operation lets requests in itself, since it knows of a key that they present.
    admits: bool,
}

/// What is at which path: first the paths that name one place, then those that have parts which name something.
#[derive(Default)]
struct Table {
    /// What stands before the paths of this table, in logs.
    base: &'static str,
    places: HashMap<String, Place>,
    patterns: BTreeMap<String, (Template, Place)>,
}

/// What is at a path.
struct Place {
    face: Face,
    methods: HashMap<Method, Route>,
    /// The template of its path, for logs and metrics.
    name: Arc<str>,
    /// The same below the path of a tenant.
    name_of_tenant: Arc<str>,
}

impl Place {
    /// A place without methods yet.
    fn new(base: &str, template: &str) -> Self {
        Self {
            face: Face::default(),
            methods: HashMap::new(),
            name: format!("{base}{template}").into(),
            name_of_tenant: format!("/t/{{tenant}}{template}").into(),
        }
    }
}

impl Table {
    /// The place of a template, empty when it is new.
    fn place(&mut self, template: Template) -> &mut Place {
        let text = template.as_str().to_owned();
        if template.is_literal() {
            let place = Place::new(self.base, &text);
            self.places.entry(text).or_insert(place)
        } else {
            let place = Place::new(self.base, &text);
            &mut self.patterns.entry(text).or_insert((template, place)).1
        }
    }

    /// The place that a path leads to, with what the path names.
    fn find(&self, path: &str) -> Option<(&Place, PathParts)> {
        if let Some(place) = self.places.get(path) {
            return Some((place, PathParts::default()));
        }
        self.patterns.values().find_map(|(template, place)| template.read(path).map(|parts| (place, parts)))
    }
}

/// All routes. Paths are matched byte by byte: nothing is decoded, merged or completed, so that no proxy on the way
/// can see another route than this server does.
pub(crate) struct Routes {
    /// Below the origin.
    origin: HashMap<String, Place>,
    /// Below `/platform`, for those who present the token with this hash.
    platform: Option<(TokenHash, Table)>,
    /// Below the base of a tenant.
    tenant: Table,
    licensing: Licensing,
    default_tenant: Option<TenantSlug>,
}

impl Routes {
    /// The routes over `licensing`.
    pub(crate) fn new(licensing: Licensing, settings: Settings, readiness: Readiness) -> Self {
        let mut origin = HashMap::new();
        let mut get = |path: String, endpoint| {
            let new = Place::new("", &path);
            let place: &mut Place = origin.entry(path).or_insert(new);
            place.methods.insert(Method::GET, Route { endpoint, parameters: Vec::new(), admits: false });
        };
        get("/healthz".to_owned(), probes::alive().boxed());
        get("/readyz".to_owned(), probes::ready(licensing.clone(), readiness).boxed());
        for (path, route) in pages::all() {
            get(path, route);
        }
        let platform = settings
            .platform_token_hash
            .map(|hash| (TokenHash(hash), platform_routes(&licensing, settings.public_url.as_deref())));
        Self {
            origin,
            platform,
            tenant: tenant_routes(&licensing),
            licensing,
            default_tenant: settings.default_tenant,
        }
    }

    async fn route(&self, mut request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        if let Some(place) = self.origin.get(path) {
            note_route(&request, &place.name);
            return place.pick(request.method())?.endpoint.call(request).await;
        }
        if let Some(below) = path.strip_prefix("/platform").filter(|below| below.starts_with('/')) {
            return Box::pin(self.route_operator(below.to_owned(), request)).await;
        }
        let (slug, rest) = match path.strip_prefix("/t/") {
            Some(below) => match below.find('/').and_then(|slash| below.split_at_checked(slash)) {
                Some((slug, rest)) => (Some(slug), rest),
                None => return Err(Problem::new(Fault::RouteNotFound).into()),
            },
            None => (None, path),
        };
        let Some((place, parts)) = self.tenant.find(rest) else {
            return Err(Problem::new(Fault::RouteNotFound).into());
        };
        let whose = match slug {
            Some(slug) => Whose::Named(slug),
            None => match (domain_owner(&self.licensing, &request).await?, &self.default_tenant) {
                (Some(owner), _) => Whose::Found(owner),
                (None, Some(slug)) => Whose::Named(slug.as_str()),
                (None, None) => return Err(Problem::new(Fault::RouteNotFound).into()),
            },
        };
        note_route(&request, if slug.is_some() { &place.name_of_tenant } else { &place.name });
        let context = RequestContext::of(&request);
        context.set_face(place.face);
        let route = place.pick(request.method())?;
        let query = match place.face {
            Face::Native => Some(Query::read(&request, &route.parameters)?),
            Face::MiniKeyServer | Face::FrameCad => None,
        };
        let mut caller = TenantCall::resolve(&self.licensing, whose, context.clone()).await?;
        if !route.admits {
            Box::pin(caller.admit(Presented::Nothing)).await?;
        }
        let tenant = Arc::clone(&caller.tenant);
        caller.hand_on(&mut request);
        parts.note_on(&mut request);
        if let Some(query) = query {
            query.note_on(&mut request);
        }
        let answer = route.endpoint.call(request).await;
        if !context.has_limits() {
            // The operation did not come to the key: the request could not be read, or presents none.
            let whose = Whose::Named(tenant.slug.as_str());
            let admitting = async {
                TenantCall::resolve(&self.licensing, whose, context).await?.admit(Presented::Nothing).await
            };
            Box::pin(admitting).await?;
        }
        answer
    }
}

impl Routes {
    /// Routes a request to the platform API, whose path goes on like this below `/platform`.
    async fn route_operator(&self, below: String, mut request: Request) -> poem::Result<Response> {
        let found = self.platform.as_ref().and_then(|(hash, table)| Some((hash, table.find(&below)?)));
        let Some((hash, (place, parts))) = found else {
            return Err(Problem::new(Fault::RouteNotFound).into());
        };
        note_route(&request, &place.name);
        let route = place.pick(request.method())?;
        let query = Query::read(&request, &route.parameters)?;
        request.set_data(hash.clone());
        parts.note_on(&mut request);
        query.note_on(&mut request);
        route.endpoint.call(request).await
    }
}

impl Endpoint for Routes {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        // In a place of its own, since all that waits for it is moved around.
        Box::pin(self.route(request)).await
    }
}

fn tenant_routes(licensing: &Licensing) -> Table {
    let mut table = Table::default();
    add(&mut table, Face::Native, client::api(licensing));
    add(&mut table, Face::Native, management::api(licensing));
    add(&mut table, Face::MiniKeyServer, mini_key_server::api(licensing));
    add(&mut table, Face::FrameCad, framecad::api(licensing));
    let documents = document::all();
    for (path, page) in reference::all(documents.iter().map(|(name, text)| (*name, text.as_str()))) {
        get(&mut table, &path, page);
    }
    for (name, text) in documents {
        get(&mut table, &format!("/openapi/{name}"), serve_document(text).boxed());
    }
    table
}

fn platform_routes(licensing: &Licensing, public_url: Option<&str>) -> Table {
    let mut table = Table { base: "/platform", ..Table::default() };
    add(&mut table, Face::Native, platform::api(licensing, public_url));
    let document = document::platform_document();
    for (path, page) in reference::all([("platform.json", document.as_str())]) {
        get(&mut table, &path, page);
    }
    get(&mut table, "/openapi/platform.json", serve_document(document).boxed());
    table
}

/// Adds what is read at a path.
fn get(table: &mut Table, path: &str, endpoint: BoxEndpoint<'static, Response>) {
    let place = table.place(Template::new(path));
    place.methods.insert(Method::GET, Route { endpoint, parameters: Vec::new(), admits: false });
}

/// Adds the operations of an API. No two APIs share a path.
fn add<A: OpenApi>(table: &mut Table, face: Face, api: A) {
    let mut endpoints = HashMap::new();
    api.add_routes(&mut endpoints);
    for described in A::meta().into_iter().flat_map(|api| api.paths) {
        let Some(methods) = endpoints.get_mut(&numbered(&described.path)) else { continue };
        let place = table.place(Template::new(&described.path));
        place.face = face;
        for operation in described.operations {
            let Some(endpoint) = methods.remove(&operation.method) else { continue };
            let admits =
                face != Face::Native || !operation.security.is_empty() || operation.request.is_some();
            let in_query = operation.params.into_iter().filter(|param| param.in_type == MetaParamIn::Query);
            let parameters = in_query.map(|param| param.name).collect();
            place.methods.insert(operation.method, Route { endpoint, parameters, admits });
        }
    }
    debug_assert!(endpoints.values().all(HashMap::is_empty), "an operation is not described");
}

/// A path as the framework writes it in its table: `/a/:param0/b` for the document's `/a/{name}/b`.
fn numbered(path: &str) -> String {
    let mut count = 0;
    let parts = path.split('/').map(|part| {
        if part.starts_with('{') {
            count += 1;
            format!(":param{}", count - 1)
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("/")
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
        let has_head = || self.face.has_heads() && self.methods.contains_key(&Method::GET);
        let asked = if method == Method::HEAD && has_head() { &Method::GET } else { method };
        self.methods.get(asked).ok_or_else(|| {
            let mut allowed: Vec<&str> = self.methods.keys().map(Method::as_str).collect();
            if has_head() {
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
