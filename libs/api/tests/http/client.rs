//! A client of the whole `app`, which checks of every answer what holds for all answers.

use std::path::PathBuf;

use leasehold_api::{Readiness, Settings, app};
use model::TenantSlug;
use poem::{
    Body, Endpoint, EndpointExt, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderMap, Method, Uri},
};
use serde_json::{Value, json};
use store::Location;
use testkit::World;

/// The API that answers.
#[derive(Clone, Copy)]
enum Face {
    Native,
    MiniKeyServer,
    FrameCad,
}

/// The operations of the FrameCAD API, below the base of a tenant.
pub(crate) const FRAMECAD: [(&str, &str); 6] = [
    ("POST", "/api/v1/licenses/activate"),
    ("POST", "/api/v1/licenses/validate"),
    ("GET", "/api/v1/licenses/first_check"),
    ("GET", "/api/v1/licenses/last_check"),
    ("DELETE", "/api/v1/license/deactivate"),
    ("DELETE", "/api/v1/licenses/deactivate"),
];

/// The whole HTTP face over a world.
pub(crate) struct Client {
    app: BoxEndpoint<'static, Response>,
    has_default_tenant: bool,
    /// Its readiness.
    pub(crate) readiness: Readiness,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    /// The face over `world`, with the API of `default_tenant` at the root.
    pub(crate) fn new(world: &World, default_tenant: Option<&str>) -> Self {
        let default_tenant = default_tenant.map(|slug| TenantSlug::parse(slug).unwrap());
        Self::with(world, Settings { default_tenant, ..Settings::default() })
    }

    /// The face over `world` with these settings.
    pub(crate) fn with(world: &World, settings: Settings) -> Self {
        let has_default_tenant = settings.default_tenant.is_some();
        let readiness = Readiness::starting();
        readiness.set_ready();
        let app = app(world.licensing.clone(), settings, readiness.clone());
        Self { app: app.boxed(), has_default_tenant, readiness }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).finish()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(json(path).body(body.to_string())).await
    }

    /// Posts a form.
    pub(crate) async fn form(&self, path: &str, form: &str) -> Answer {
        let request = request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(form.to_owned())).await
    }

    /// Sends a JSON body by any method.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = request(method.parse().unwrap(), path).header("content-type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// The API that a path belongs to.
    fn face(&self, path: &str) -> Face {
        let rest = match path.strip_prefix("/t/") {
            Some(below) => below.find('/').map(|slash| &below[slash..]),
            None => Some(path).filter(|_| self.has_default_tenant),
        };
        match rest {
            Some("/api/activate" | "/api/check") => Face::MiniKeyServer,
            Some(path) if FRAMECAD.iter().any(|(_, known)| *known == path) => Face::FrameCad,
            _ => Face::Native,
        }
    }

    /// Sends a request and gives the answer as it comes, for bodies that do not come to their end.
    pub(crate) async fn unchecked(&self, request: Request) -> Response {
        self.app.call(request).await.expect("the app always gives a response")
    }

    /// Sends a request and checks what holds for all answers.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        let face = self.face(request.uri().path());
        let sent = format!("{} {}", request.method(), request.uri());
        let response = self.app.call(request).await.expect("the app always gives a response");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.into_body().into_string().await.expect("answers are UTF-8");
        let answer = Answer { status, headers, text };

        let request_id = answer.header("x-request-id").expect("every answer has an identifier");
        assert!((1..=64).contains(&request_id.len()), "{sent}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{sent}");
        assert!(answer.header("cache-control").is_some(), "{sent}");
        let media_type = answer.header("content-type").unwrap_or_default();
        match face {
            Face::Native if media_type.contains("json") && !media_type.contains("ndjson") => {
                let body = answer.json();
                assert!(!has_null(&body), "{sent}: {body}");
            }
            Face::Native => {}
            Face::MiniKeyServer | Face::FrameCad => {
                assert_eq!(media_type, "application/json", "{sent}: {}", answer.text);
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{sent}");
            }
        }
        match face {
            Face::Native if status >= 400 => answer.check_problem(&sent),
            Face::Native => {}
            Face::MiniKeyServer => answer.check_mini_key_server(&sent),
            Face::FrameCad => answer.check_framecad(&sent),
        }
        answer
    }
}

impl Answer {
    fn check_problem(&self, sent: &str) {
        let problem = self.problem();
        for member in ["type", "title", "code", "detail", "request_id"] {
            assert!(
                problem[member].as_str().is_some_and(|text| !text.is_empty()),
                "{sent}: {member} in {problem}"
            );
        }
        assert_eq!(problem["status"], self.status, "{sent}");
        let registered = "https://iana.org/assignments/http-problem-types#quota-exceeded";
        let kind =
            if self.status == 429 { registered.to_owned() } else { format!("/problems/{}", self.code()) };
        assert_eq!(problem["type"], kind, "{sent}");
    }

    fn check_mini_key_server(&self, sent: &str) {
        let mut body = self.json();
        let members = body.as_object_mut().unwrap();
        let message = members.remove("message");
        match (self.status, message, members.remove("result")) {
            (201, None, Some(result)) => {
                assert_eq!(result, "ok", "{sent}");
                members.remove("remainingActivations");
            }
            (404 | 410, None, Some(result)) => {
                assert_eq!(result, "failure", "{sent}");
                assert!(members.remove("error").unwrap().is_string(), "{sent}");
                // The one place where null may be.
                members.remove("support_message");
            }
            (400.., Some(Value::String(_)), None) => {}
            (400, Some(Value::Object(parameters)), None) => {
                assert!(!parameters.is_empty() && parameters.values().all(Value::is_string), "{sent}");
            }
            other => panic!("{sent}: {other:?}"),
        }
        assert!(members.is_empty(), "{sent}: {}", self.text);
    }

    fn check_framecad(&self, sent: &str) {
        let mut body = self.json();
        let members = body.as_object_mut().unwrap();
        assert!(!members.remove("message").unwrap().as_str().unwrap().is_empty(), "{sent}");
        let now = members.remove("now").unwrap();
        assert!(
            now.as_str().unwrap().ends_with("+00:00") && now.as_str().unwrap().len() == 29,
            "{sent}: {now}"
        );
        let code = members.remove("code").unwrap().as_u64().unwrap();
        let statuses: &[u16] = match code {
            0 => &[200],
            1 => &[404],
            2 | 3 => &[409],
            4 | 5 | 7 | 11 | 12 => &[403],
            6 | 8 | 10 => &[422],
            9 => &[200, 403],
            13 => &[403, 404, 405, 429, 500, 503],
            other => panic!("{sent}: code {other}"),
        };
        assert!(statuses.contains(&self.status), "{sent}: {} with {code}", self.status);
        if let Some(license) = members.remove("license") {
            let names: Vec<&str> = license.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names.len(), 9, "{sent}: {license}");
            for (name, value) in license.as_object().unwrap() {
                let may_be_null = ["machine_key", "expiration_date", "client_id"].contains(&name.as_str());
                assert!(may_be_null || !value.is_null(), "{sent}: {name}");
            }
        }
        assert!(members.is_empty(), "{sent}: {}", self.text);
    }

    /// The code of a FrameCAD answer.
    pub(crate) fn number(&self) -> u64 {
        self.json()["code"].as_u64().expect("a code")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body, which is a problem document.
    pub(crate) fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        self.json()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().expect("a code").to_owned()
    }

    /// The pointers of the violations.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let errors = self.problem()["errors"].as_array().expect("errors").clone();
        errors.iter().map(|error| error["pointer"].as_str().expect("a pointer").to_owned()).collect()
    }
}

/// A request, to be given headers and a body.
pub(crate) fn request(method: Method, path: &str) -> poem::RequestBuilder {
    Request::builder()
        .method(method)
        .uri(path.parse::<Uri>().unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// A request with a JSON body.
pub(crate) fn json(path: &str) -> poem::RequestBuilder {
    request(Method::POST, path).header("content-type", "application/json")
}

/// A body that is sent in pieces, without saying how long it is.
pub(crate) fn pieces(piece: &'static [u8], count: usize) -> Body {
    let stream = futures::stream::iter((0..count).map(move |_| Ok::<_, std::io::Error>(piece)));
    Body::from_bytes_stream(stream)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

/// The operations that take a body, at a tenant `acme`.
pub(crate) const POSTS: [&str; 4] =
    ["/t/acme/v1/activate", "/t/acme/v1/validate", "/t/acme/v1/leases/refresh", "/t/acme/v1/deactivate"];

/// All bytes of the database.
pub(crate) fn written(world: &World) -> Vec<Vec<u8>> {
    let Location::Sqlite(path) = &world.database.location else { panic!("these tests run on SQLite") };
    let log = PathBuf::from(format!("{}-wal", path.display()));
    [path, &log].map(|file| std::fs::read(file).unwrap_or_default()).into()
}

/// A good request to any operation, but for what is changed.
pub(crate) fn body(change: impl Fn(&mut serde_json::Map<String, Value>)) -> Vec<u8> {
    let mut body = json!({"key": "AAAA-BBBB-CCCC", "product": "app", "fingerprint": "f-1"});
    change(body.as_object_mut().unwrap());
    body.to_string().into_bytes()
}
