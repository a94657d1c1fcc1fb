//! The patterns of texts in requests, by the names of their members: the rules of the model, in the words of JSON Schema.
//!
//! In the part of regular expressions that ECMAScript, Python, Java, .NET, Go and Rust have in common.

use model::Scope;
use serde_json::{Map, Value, json};

/// A license key: printable ASCII, at least four characters of it neither hyphens nor spaces.
const KEY: &str = r"^(?:[ -]*[!-,.-~]){4}[ -~]*$";
/// Text without control characters.
const PLAIN: &str = r"^[^\x00-\x1F\x7F-\x9F]*$";
/// Text that PostgreSQL can keep.
const WITHOUT_NUL: &str = r"^[^\x00]*$";
/// Text without control characters, and not only white space.
const NAME: &str = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$";
/// The shape that every email address has.
const EMAIL: &str = r"^[^@\s\x00-\x1F\x7F-\x9F]+@[^@\s\x00-\x1F\x7F-\x9F]+$";
/// Text that may have tabs and line breaks.
const MEMO: &str = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$";
/// The code of a product, policy or entitlement.
const CODE: &str = "^[a-z0-9][a-z0-9._-]*$";
/// The base URL of a tenant's API.
const ISSUER: &str = r"^https?://[A-Za-z0-9\[](?:[!$-;=A-\[\]-~]*[!$-.0-;=A-\[\]-~])?$";
/// An ISO 8601 duration of whole numbers. That some are too long, and none may be nothing, is left to the server.
const TERM: &str = "^P(?:[0-9]{1,10}Y)?(?:[0-9]{1,10}M)?(?:[0-9]{1,10}W)?(?:[0-9]{1,10}D)?\
    (?:T(?:[0-9]{1,10}H(?:[0-9]{1,10}M)?(?:[0-9]{1,10}S)?|[0-9]{1,10}M(?:[0-9]{1,10}S)?|[0-9]{1,10}S))?$";
const CLIENT_KEY: &str = "^[A-Za-z0-9._-]*$";
const PRODUCT_KEY: &str = "^[!-~]*$";

/// Which member is which; also those of the older APIs.
const MEMBERS: [(&str, &str); 18] = [
    ("client_key", CLIENT_KEY),
    ("email", EMAIL),
    ("fingerprint", PLAIN),
    ("hwid", PLAIN),
    ("issuer", ISSUER),
    ("key", KEY),
    ("license_key", KEY),
    ("machine", NAME),
    ("machine_key", PLAIN),
    ("machine_name", NAME),
    ("memo", MEMO),
    ("metadata_name", PLAIN),
    ("metadata_value", WITHOUT_NUL),
    ("name", NAME),
    ("product_key", PRODUCT_KEY),
    ("support_message", MEMO),
    ("term", TERM),
    ("user", NAME),
];

/// Gives texts of requests their patterns.
pub(super) fn add(document: &mut Value) {
    for schema in super::finish::request_schemas(document) {
        let Some(properties) = document
            .pointer_mut(&format!("/components/schemas/{schema}/properties"))
            .and_then(Value::as_object_mut)
        else {
            continue;
        };
        for (name, schema) in properties.iter_mut() {
            if let Some(schema) = schema.as_object_mut() {
                add_to(name, schema);
            }
        }
    }
    for operation in super::finish::operations(document) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                add_to(&name, schema);
            }
        }
    }
}

fn add_to(name: &str, schema: &mut Map<String, Value>) {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let inner = |schema: &mut Map<String, Value>, place: &str, rules: Value| {
        if let (Some(Value::Object(inner)), Value::Object(rules)) = (schema.get_mut(place), rules) {
            inner.extend(rules);
        }
    };
    match (name, &*kind) {
        ("entitlements", "array") => {
            inner(schema, "items", json!({"minLength": 1, "maxLength": 64, "pattern": CODE}));
        }
        ("scopes", "array") => {
            let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.code()).collect();
            inner(schema, "items", json!({"pattern": format!("^({})$", scopes.join("|"))}));
        }
        ("metadata", "object") => {
            schema.insert("maxProperties".to_owned(), json!(50));
            inner(schema, "additionalProperties", json!({"maxLength": 500, "pattern": WITHOUT_NUL}));
        }
        (_, "string") => {
            if let Some((_, pattern)) = MEMBERS.iter().find(|(member, _)| *member == name) {
                schema.insert("pattern".to_owned(), json!(pattern));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use model::{
        ClientKey, EmailAddress, EntitlementCode, Fingerprint, Issuer, LicenseKey, MachineName, Memo, Name,
        ProductKey, Term,
    };
    use regex::Regex;

    use super::*;

    /// Texts at the edges of all rules.
    const TEXTS: [&str; 52] = [
        "http://a",
        "https://licenses.example.com/t/acme",
        "http://[::1]:8080",
        "http://",
        "https://x/",
        "ftp://x",
        "https://x?q",
        "https://u@x",
        "https://x y",
        "https:///t/a",
        "https://x#",
        "https://x/\\",
        "",
        " ",
        "  ",
        "a",
        "-",
        "----",
        "abc",
        "abcd",
        "a-b-c",
        "a-b-c-d",
        "-a-b-c-d-",
        "a b c d",
        " abcd ",
        "    ",
        "ab cd",
        "ab\tcd",
        "ab\ncd",
        "ab\rcd",
        "abcd\n",
        "\nabcd",
        "abcd\u{0}",
        "abcd\u{7f}",
        "abcd\u{80}",
        "abcd\u{9f}",
        "abcd\u{a0}",
        "\u{a0}\u{a0}\u{a0}\u{a0}",
        "\u{3000}\u{2028}\u{2029}\u{205f}",
        "äöüß",
        "Ω",
        "😀😀😀😀",
        "!\"#$%&'()*+,./:;<=>?@[\\]^_`{|}~",
        "a.b_c-d",
        ".abc",
        "A",
        "a@b",
        "@b",
        "a@",
        "a@b@c",
        "a b@c",
        "a@b\u{b}",
    ];

    fn agree(pattern: &str, accepts: fn(&str) -> bool) {
        let regex = Regex::new(pattern).unwrap();
        for text in TEXTS {
            assert_eq!(regex.is_match(text), accepts(text), "{pattern} {text:?}");
        }
    }

    /// Lengths are told apart from patterns; the texts are none too long.
    #[test]
    fn patterns_are_the_rules_of_the_model() {
        let long = |text: &str, least: usize| text.chars().count() >= least;
        assert!(TEXTS.iter().all(|text| text.len() <= 64));
        agree(KEY, |text| LicenseKey::parse(text).is_ok());
        agree(NAME, |text| Name::parse(text).is_ok());
        agree(NAME, |text| MachineName::parse(text).is_ok());
        let terms = Regex::new(TERM).unwrap();
        for (text, good) in [
            ("P1Y", true),
            ("P1Y2M3W4DT5H6M7S", true),
            ("PT5M", true),
            ("P1M1Y", false),
            ("P1YT", false),
            ("1Y", false),
            ("P12345678901D", false),
        ] {
            assert_eq!((terms.is_match(text), text.parse::<Term>().is_ok()), (good, good), "{text}");
        }
        let quotas = Regex::new(crate::client::wire::QUOTA).unwrap();
        for text in [
            "1/1",
            "9999999/86399",
            "10000000/86400",
            "10000001/1",
            "1/86401",
            "1/90000",
            "0/1",
            "1/0",
            "01/1",
            "1/01",
            "1",
            "/1",
            "1/",
            "1/1/1",
            " 1/1",
            "1/1\n",
            "+1/1",
            "11000000/1",
            "1/86499",
            "1/87000",
            "1/79999",
            "1/100000",
        ] {
            assert_eq!(quotas.is_match(text), text.parse::<model::Quota>().is_ok(), "{text:?}");
        }
        agree(ISSUER, |text| Issuer::parse(text).is_ok());
        agree(EMAIL, |text| EmailAddress::parse(text).is_ok());
        agree(CODE, |text| EntitlementCode::parse(text).is_ok());
        for text in TEXTS {
            for (pattern, least, accepted) in [
                (PLAIN, 1, Fingerprint::parse(text).is_ok()),
                (MEMO, 1, Memo::parse(text).is_ok()),
                (CLIENT_KEY, 4, ClientKey::parse(text).is_ok()),
                (PRODUCT_KEY, 4, ProductKey::parse(text).is_ok()),
            ] {
                let matches = Regex::new(pattern).unwrap().is_match(text) && long(text, least);
                assert_eq!(matches, accepted, "{pattern} {text:?}");
            }
        }
    }

    #[test]
    fn texts_of_requests_are_given_patterns_and_others_are_not() {
        let schema = json!({"properties": {
            "key": {"type": "string"},
            "name": {"type": "string", "pattern": "weaker"},
            "memo": {"type": "integer"},
            "entitlements": {"type": "array", "items": {"type": "string"}},
            "scopes": {"type": "array", "items": {"type": "string"}},
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        }});
        let mut document = json!({
            "components": {"schemas": {"Request": schema, "Answer": schema}},
            "paths": {"/": {"post": {
                "parameters": [{"name": "hwid", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Request"}}}},
            }}},
        });
        add(&mut document);
        let properties = &document["components"]["schemas"]["Request"]["properties"];
        assert_eq!(properties["key"]["pattern"], KEY);
        assert_eq!(properties["name"]["pattern"], NAME);
        assert_eq!(properties["memo"], json!({"type": "integer"}));
        assert_eq!(properties["entitlements"]["items"]["pattern"], CODE);
        let scopes = Regex::new(properties["scopes"]["items"]["pattern"].as_str().unwrap()).unwrap();
        assert!(
            scopes.is_match("api_keys:read") && !scopes.is_match("api_keys") && !scopes.is_match("xadmin")
        );
        assert_eq!(properties["metadata"]["additionalProperties"]["maxLength"], 500);
        assert_eq!(document["paths"]["/"]["post"]["parameters"][0]["schema"]["pattern"], PLAIN);
        assert_eq!(document["components"]["schemas"]["Answer"], schema);
    }
}
