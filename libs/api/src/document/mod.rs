//! The published OpenAPI documents: what poem-openapi makes, repaired.
//!
//! OpenAPI 3.0.3 and not 3.1, because generators of Rust clients read no later version.

mod finish;
mod patterns;

use std::{collections::HashMap, marker::PhantomData};

use poem::{endpoint::BoxEndpoint, http::Method};
use poem_openapi::{
    LicenseObject, OpenApi, OpenApiService, ServerObject,
    registry::{MetaApi, MetaPath, Registry},
};
use serde_json::Value;

use self::finish::{UnknownMembers, finish, sorted};
use crate::{
    client::ClientApi, framecad::FrameCadApi, management::ManagementApi, mini_key_server::MiniKeyServerApi,
    platform::PlatformApi,
};

const CLIENT: &str = "\
What a desktop app uses: it activates a license on a machine, is given a signed lease, verifies that lease offline, \
and refreshes it now and then.

The credential is the license key in the body of a request; no secret ships in an app. An app is configured with one \
base URL, below which the paths are the same for every vendor.

Absent members are left out and never null. Unknown members of requests are refused; apps must ignore unknown members \
of answers. A license that is not valid is an answer of `validateLicense`; all errors, and refusals by the other \
operations, are problem documents (RFC 9457).";

const MANAGEMENT: &str = "\
What a vendor's back office uses: shop, support desk and build server. It manages products, policies, customers and \
licenses, looks at machines and the audit log, and rotates keys.

The credential is an API key, as `Authorization: Bearer lh_…`; each operation says which scope it needs. Base URL and \
paths are those of one vendor; nothing of another vendor exists there.

Absent members are left out and never null, and -1 means unlimited. Unknown members and query parameters are refused; \
programs must ignore unknown members of answers. In changes, absent members stay as they are, and `clear` names those to \
take away. Answers that show one thing have an `ETag`, and changes take it as `If-Match`: who has not seen the last change \
does not undo it. POSTs that make something take an `Idempotency-Key`: the same key and body are given the same answer, for \
a day. Lists come in pieces; `next_cursor` leads to the next one. All errors are problem documents (RFC 9457).";

const PLATFORM: &str = "\
What the operator of a server uses: it makes tenants, which are the vendors, and decides how much they may have, under \
which domains they are served, and when they end.

The credential is the platform token of the server, as `Authorization: Bearer`. A server that is configured with none has \
nothing at these paths.

Absent members are left out and never null. Unknown members and query parameters are refused; programs must ignore unknown \
members of answers. Answers that show one thing have an `ETag`, and changes take it as `If-Match`. Lists come in pieces; \
`next_cursor` leads to the next one. All errors are problem documents (RFC 9457). What operators do is in the audit log of \
the tenant, with the actor `operator`.";

const MINI_KEY_SERVER: &str = "\
The API of mini-key-server, for apps that speak it already; new apps use the client API. `token` is a license key, \
`app_id` the number of a product, `hwid` what identifies a machine.

Parameters may come as a form, as a JSON object or in the query string, and are looked for in the body first. A \
parameter that is empty or null counts as not sent; one that is there twice must have the same value. Parameters that \
are not known are left aside.

An answer that is not a success says why in `error`, or in `message` when the request could not be read. An activation \
uses up one of the license's activations each time, also on a machine that is active already.";

const FRAMECAD: &str = "\
The FrameCAD licensing API, version 1, for apps that speak it already; new apps use the client API. `client_key` names a \
customer, `machine_key` is what identifies a machine, `product_key` names a product.

Bodies are JSON objects. The checks that are GETs take a JSON body too, and the deactivation a query string; parameters \
are looked for in the body first. A parameter that is empty or null counts as not sent; one that is there twice must \
have the same value. Parameters that are not known are left aside.

Every answer has a `code`: 0 ok, 1 missing, 2 reserved by another client, 3 already activated, 4 expired, 5 revoked, \
6 invalid, 7 not activated, 8 no machine key, 9 deactivated, 10 no product key, 11 wrong product key, 12 wrong client, \
13 unknown. When several apply, the first in this order is told: 6 for a request that cannot be read, 12, 8, 10, 6 for \
the license key, 1, 11, 2, 5, 4, and of 7, 9 and 3 the one that applies.

An answer never holds a machine key that was not in the request, and names no client but the one that asks.";

/// The OpenAPI document of the client API, pretty-printed with a newline at its end: the content of
/// `openapi/client.json`.
#[must_use]
pub fn client_document() -> String {
    document::<ClientApi>("Leasehold client API", CLIENT, UnknownMembers::Refused)
}

/// The OpenAPI document of the management API: the content of `openapi/management.json`.
#[must_use]
pub fn management_document() -> String {
    document::<ManagementApi>("Leasehold management API", MANAGEMENT, UnknownMembers::Refused)
}

/// The OpenAPI document of the platform API: the content of `openapi/platform.json`.
#[must_use]
pub fn platform_document() -> String {
    document_at::<PlatformApi>(
        "Leasehold platform API",
        PLATFORM,
        UnknownMembers::Refused,
        "The base URL of the platform API, such as `https://licenses.example.com/platform`. The default is right for this \
         document where the server serves it.",
    )
}

/// The OpenAPI document of the API of mini-key-server: the content of `openapi/mini-key-server.json`.
#[must_use]
pub fn mini_key_server_document() -> String {
    document::<MiniKeyServerApi>("mini-key-server API", MINI_KEY_SERVER, UnknownMembers::Ignored)
}

/// The OpenAPI document of the FrameCAD licensing API: the content of `openapi/framecad.json`.
#[must_use]
pub fn framecad_document() -> String {
    document::<FrameCadApi>("FrameCAD licensing API", FRAMECAD, UnknownMembers::Ignored)
}

/// All documents of tenants' APIs, by the names of their files.
#[must_use]
pub fn all() -> [(&'static str, String); 4] {
    [
        ("client.json", client_document()),
        ("management.json", management_document()),
        ("mini-key-server.json", mini_key_server_document()),
        ("framecad.json", framecad_document()),
    ]
}

fn document<A: OpenApi>(title: &str, description: &str, unknown: UnknownMembers) -> String {
    document_at::<A>(
        title,
        description,
        unknown,
        "The vendor's base URL, such as `https://licenses.example.com/t/acme`. The default is right for this document \
         where the server serves it.",
    )
}

fn document_at<A: OpenApi>(title: &str, description: &str, unknown: UnknownMembers, base: &str) -> String {
    let server = ServerObject::new("{base}").variable("base", base, "..");
    let service = OpenApiService::new(Described::<A>(PhantomData), title, "1")
        .description(description)
        .license(LicenseObject::new("Apache-2.0").url("https://www.apache.org/licenses/LICENSE-2.0.html"))
        .server(server);
    #[expect(clippy::expect_used, reason = "poem-openapi wrote this text as JSON")]
    let mut document: Value = serde_json::from_str(&service.spec()).expect("the document is JSON");
    finish(&mut document, unknown);
    format!("{:#}\n", sorted(document))
}

/// An API as far as it is described: without anything to serve it with.
struct Described<A>(PhantomData<fn() -> A>);

impl<A: OpenApi> OpenApi for Described<A> {
    /// With all operations of a path in one place: a path that is written twice loses what stands there first.
    fn meta() -> Vec<MetaApi> {
        let mut paths: Vec<MetaPath> = Vec::new();
        for path in A::meta().into_iter().flat_map(|api| api.paths) {
            match paths.iter_mut().find(|known| known.path == path.path) {
                Some(known) => known.operations.extend(path.operations),
                None => paths.push(path),
            }
        }
        vec![MetaApi { paths }]
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }

    fn add_routes(self, _table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use licensing::{Activate, Deactivate, Refresh, Validate};
    use serde_json::{Map, json};

    use super::*;
    use crate::http::members::{Command, Members};

    fn violations<T: Command>(body: Value) -> BTreeSet<(String, String)> {
        let problem = Members::read::<T>(body, b"").err().expect("the body is not acceptable");
        let document: Value = serde_json::from_str(&problem.render("r", "/").body).unwrap();
        let errors = document["errors"].as_array().unwrap().iter();
        errors.map(|error| (text(&error["pointer"]), text(&error["detail"]))).collect()
    }

    fn text(value: &Value) -> String {
        value.as_str().unwrap().to_owned()
    }

    /// The described members are the ones that are read, and the required ones those that are demanded.
    fn matches_its_description<T: Command>(name: &str) {
        let document: Value = serde_json::from_str(&client_document()).unwrap();
        let schema = &document["components"]["schemas"][name];
        assert_eq!(schema["additionalProperties"], json!(false), "{name}");

        let required = schema["required"].as_array().unwrap().iter();
        let expected = required.map(|name| (format!("/{}", text(name)), "is required".to_owned())).collect();
        assert_eq!(violations::<T>(json!({})), expected, "{name}");

        let properties = schema["properties"].as_object().unwrap();
        let mut body: Map<String, Value> = properties.keys().map(|name| (name.clone(), json!(1))).collect();
        let wrong = violations::<T>(Value::Object(body.clone()));
        assert_eq!(wrong.len(), properties.len(), "{name}: {wrong:?}");
        assert!(wrong.iter().all(|(_, detail)| detail.starts_with("must be a ")), "{name}: {wrong:?}");
        body.insert("other".to_owned(), json!("x"));
        assert!(
            violations::<T>(Value::Object(body))
                .contains(&("/other".to_owned(), "is not known here".to_owned()))
        );

        let example = schema["example"].clone();
        assert!(Members::read::<T>(example, b"").is_ok(), "the example of {name} is acceptable");
    }

    #[test]
    fn requests_are_read_as_they_are_described() {
        matches_its_description::<Activate>("ActivateRequest");
        matches_its_description::<Validate>("ValidateRequest");
        matches_its_description::<Refresh>("RefreshRequest");
        matches_its_description::<Deactivate>("DeactivateRequest");
    }
}
