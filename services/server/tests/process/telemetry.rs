//! What a server tells of itself: metrics, traces and logs, and in none of them a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use regex::Regex;
use serde_json::Value;

use crate::support::{Place, Server, client};

const DOCS: &str = include_str!("../../../../docs/observability.md");
const DASHBOARD: &str = include_str!("../../../../deploy/grafana/leasehold.json");
const PLATFORM_TOKEN: &str = "platform-token-0123456789abcdefghij";
const FINGERPRINT: &str = "fingerprint-of-a-machine-31337";
const WRONG_KEY: &str = "a-key-that-is-not-there-4242";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
/// Longer than any answer takes on a busy machine, and shorter than a receiver's time is over.
const QUICK: Duration = Duration::from_secs(5);

/// Starts a server and sends requests that carry secrets in every place that may hold one; gives the secrets.
async fn drive(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> (Server, Vec<String>) {
    place.sell("3");
    let license = place.license();
    let made = place.run(&["api-key", "create", "robot", "--scope", "admin", "--json"]).json();
    let api_key = made["key"].as_str().or_else(|| made["secret"].as_str()).expect("a key").to_owned();
    let mut command = place.command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
    command.env("LEASEHOLD_PLATFORM_TOKEN", PLATFORM_TOKEN).envs(variables.iter().copied());
    let server = Server::start(command);
    let at = |path: &str| format!("{}{path}", server.url);
    let json = |path: &str, body: String| {
        client().post(at(path)).header("Content-Type", "application/json").body(body)
    };
    let traced = format!("00-{TRACE}-{PARENT}-01");
    let key = &license.key;
    let requests = [
        (201, json("/v1/activate", license.on(FINGERPRINT))),
        (200, json("/t/acme/v1/validate", license.on(FINGERPRINT)).header("traceparent", traced)),
        (200, json("/v1/validate", license.on(FINGERPRINT).replace(key, WRONG_KEY))),
        (200, client().get(at("/v1/products")).bearer_auth(&api_key)),
        (401, client().get(at("/v1/products")).bearer_auth(WRONG_KEY)),
        (200, client().get(at("/platform/v1/tenants")).bearer_auth(PLATFORM_TOKEN)),
        (404, client().get(at(&format!("/v1/{key}")))),
        (404, client().get(at(&format!("/{FINGERPRINT}?key={key}")))),
        (405, client().request(FINGERPRINT.parse().expect("a method"), at("/v1/validate"))),
        (200, client().get(at("/readyz"))),
    ];
    for (status, request) in requests {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{}", answer.url());
    }
    let secrets = [key, &api_key, PLATFORM_TOKEN, FINGERPRINT, WRONG_KEY];
    (server, secrets.map(str::to_owned).to_vec())
}

fn assert_without<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) {
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

/// The names at `/metrics` in the documentation: those that every server has, and the others.
fn documented() -> (BTreeSet<String>, BTreeSet<String>) {
    let row = Regex::new(r"(?m)^\| (?:`[a-z._]+`)? ?\| `([a-z_]+)` \|").unwrap();
    let (_, metrics) = DOCS.split_once("\n## Metrics\n").expect("the section");
    let (always, others) = metrics.split_once("These depend on").expect("two tables");
    let (others, _) = others.split_once("\n## ").expect("an end");
    let names = |text| row.captures_iter(text).map(|found| found[1].to_owned()).collect();
    (names(always), names(others))
}

/// The address of the metrics listener.
fn metrics_url(server: &mut Server) -> String {
    let line = server.logged("metrics are shown");
    let (_, address) = line.rsplit_once("address=").expect("an address");
    format!("http://{}", address.trim())
}

#[tokio::test]
async fn metrics_are_shown_on_a_listener_of_their_own() {
    metrics_are_shown(Place::embedded(), "sqlite.writer\"} 1").await;
}

#[tokio::test]
async fn metrics_are_shown_with_postgres() {
    metrics_are_shown(Place::postgres().await, "postgresql\"} 24").await;
}

async fn metrics_are_shown(place: Place, pool: &str) {
    let arguments = ["--metrics-listen", "127.0.0.1:0"];
    let (mut server, secrets) = drive(&place, &arguments, &[]).await;
    let metrics = metrics_url(&mut server);
    let answer = client().get(format!("{metrics}/metrics")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4");
    let text = answer.text().await.unwrap();

    let exported: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let (always, others) = documented();
    assert!(always.len() > 10 && others.len() > 5, "the tables were found");
    for name in &always {
        assert!(exported.contains(name.as_str()), "{name} is documented, and not in {text}");
    }
    for name in &exported {
        assert!(always.contains(*name) || others.contains(*name), "{name} is not documented");
    }

    let count = "http_server_request_duration_seconds_count";
    for series in [
        r#"{http_request_method="POST",http_response_status_code="200",http_route="/t/{tenant}/v1/validate",url_scheme="http"} 1"#,
        r#"{http_request_method="POST",http_response_status_code="200",http_route="/v1/validate",url_scheme="http"} 1"#,
        r#"{http_request_method="GET",http_response_status_code="200",http_route="/platform/v1/tenants",url_scheme="http"} 1"#,
        r#"{http_request_method="GET",http_response_status_code="404",url_scheme="http"} 2"#,
        r#"{http_request_method="_OTHER",http_response_status_code="405",http_route="/v1/validate",url_scheme="http"} 1"#,
    ] {
        assert!(text.lines().any(|line| line == format!("{count}{series}")), "no {series} in {text}");
    }
    for line in [
        r#"leasehold_checks_total{outcome="valid"} 1"#,
        r#"leasehold_checks_total{outcome="not_found"} 1"#,
        r#"http_server_active_requests{http_request_method="POST",url_scheme="http"} 0"#,
        &format!("db_client_connection_max{{db_client_connection_pool_name=\"{pool}"),
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in {text}");
    }
    assert_without(&text, secrets.iter().map(String::as_str).chain(["acme", "127.0.0.1"]));

    // Nothing else is there, and they are nowhere else.
    for (status, request) in [
        (200, client().head(format!("{metrics}/metrics"))),
        (404, client().post(format!("{metrics}/metrics"))),
        (404, client().get(format!("{metrics}/healthz"))),
        (404, client().get(format!("{}/metrics", server.url))),
    ] {
        assert_eq!(request.send().await.unwrap().status().as_u16(), status);
    }
    server.terminate();
    assert_eq!(server.ended(), Some(0));
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    fn expressions<'j>(value: &'j Value, found: &mut Vec<&'j str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("expr").and_then(Value::as_str));
                members.values().for_each(|member| expressions(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
            _ => {}
        }
    }
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    assert_eq!(dashboard["uid"], "leasehold");
    assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(found.len() > 15, "{found:?}");
    let metric = Regex::new(r"([a-z_]+)\{job").unwrap();
    let (always, others) = documented();
    let mut asked = BTreeSet::new();
    for expression in found {
        for name in metric.captures_iter(expression).map(|found| found[1].to_owned()) {
            let family = ["_bucket", "_count", "_sum"]
                .iter()
                .filter_map(|suffix| name.strip_suffix(suffix))
                .find(|family| family.ends_with("_duration_seconds"))
                .unwrap_or(&name);
            assert!(always.contains(family) || others.contains(family), "{name} in {expression}");
            asked.insert(family.to_owned());
        }
    }
    let all: BTreeSet<_> = always.union(&others).filter(|name| *name != "target_info").cloned().collect();
    assert_eq!(asked, all, "the dashboard shows all of them");
}

/// A receiver of OTLP that answers with `status`.
struct Collector {
    url: String,
    received: Receiver<(String, Vec<u8>)>,
}

impl Collector {
    fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (send, received) = mpsc::channel();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (mut socket, send) = (socket.unwrap(), send.clone());
                std::thread::spawn(move || {
                    while let Some(request) = read(&mut socket) {
                        // Nobody listens any more when the test has ended.
                        let _sent = send.send(request);
                        write!(socket, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
                    }
                });
            }
        });
        Self { url, received }
    }

    /// The bodies of all that came to a path.
    fn all(&self) -> Vec<(String, Vec<u8>)> {
        self.received.try_iter().collect()
    }
}

/// The path and body of the next request on a connection.
fn read(socket: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    let (_, length) = head.split_once("content-length: ").expect("a length");
    let mut body = vec![0; length.lines().next()?.trim().parse().unwrap()];
    socket.read_exact(&mut body).unwrap();
    Some((head.split(' ').nth(1)?.to_owned(), body))
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn traces_metrics_and_logs_are_sent() {
    let place = Place::embedded();
    let collector = Collector::start("200 OK");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_SERVICE_NAME", "my-licenses"),
        ("LEASEHOLD_LOG_FORMAT", "json"),
        ("LEASEHOLD_LOG", "info,leasehold_api=debug"),
        // A machine without certificates.
        ("SSL_CERT_FILE", "/nowhere"),
        ("SSL_CERT_DIR", "/nowhere"),
    ];
    let (server, secrets) = drive(&place, &[], &variables).await;
    server.terminate();
    let (code, log) = server.last_words();
    assert_eq!(code, Some(0));
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().any(|line| line["message"] == "answered" && line["status"] == 200), "{log}");
    assert!(!log.contains("opentelemetry"), "{log}");
    assert_without(&log, secrets.iter().map(String::as_str));

    let received = collector.all();
    for (_, body) in &received {
        let text = String::from_utf8_lossy(body);
        assert_without(&text, secrets.iter().map(String::as_str));
    }
    let bodies = |path: &str| {
        let bodies: Vec<_> = received.iter().filter(|(to, _)| to == path).map(|(_, body)| &**body).collect();
        assert!(!bodies.is_empty(), "nothing came to {path}");
        bodies
    };

    let mut spans: Vec<Span> = Vec::new();
    for body in bodies("/v1/traces") {
        for resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
            let about = format!("{:?}", resource.resource);
            assert!(about.contains("my-licenses") && about.contains("service.instance.id"), "{about}");
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }
    assert_without(&format!("{spans:?}"), ["acme", "127.0.0.1"]);
    let (trace, parent) = (bytes(TRACE), bytes(PARENT));
    let of_trace: Vec<_> = spans.iter().filter(|span| span.trace_id == trace).collect();
    let request = of_trace.iter().find(|span| span.parent_span_id == parent).expect("the trace goes on");
    assert_eq!(request.name, "POST /t/{tenant}/v1/validate");
    assert_eq!(request.kind, 2, "a server's");
    let attributes = format!("{:?}", request.attributes);
    for word in
        ["http.request.method", "http.route", "http.response.status_code", "IntValue(200)", "url.scheme"]
    {
        assert!(attributes.contains(word), "no {word} in {attributes}");
    }
    let work = of_trace.iter().find(|span| span.parent_span_id == request.span_id).expect("a unit of work");
    assert_eq!((work.name.as_str(), work.kind), ("read", 3));
    assert!(format!("{:?}", work.attributes).contains("sqlite"));
    // Work in the background makes no traces, and each request one.
    assert_eq!(spans.iter().filter(|span| span.kind == 2).count(), 10);
    assert_eq!(spans.iter().filter(|span| span.parent_span_id.is_empty()).count(), 9);

    let mut names = BTreeSet::new();
    for body in bodies("/v1/metrics") {
        let request = ExportMetricsServiceRequest::decode(body).unwrap();
        assert_without(&format!("{request:?}"), ["acme", "127.0.0.1"]);
        let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        names.extend(scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name));
    }
    for name in ["http.server.request.duration", "leasehold.checks", "process.memory.usage"] {
        assert!(names.contains(name), "{names:?}");
    }

    let mut records = Vec::new();
    for body in bodies("/v1/logs") {
        let resources = ExportLogsServiceRequest::decode(body).unwrap().resource_logs;
        records.extend(resources.into_iter().flat_map(|r| r.scope_logs).flat_map(|scope| scope.log_records));
    }
    let of_trace: Vec<_> = records.iter().filter(|record| record.trace_id == trace).collect();
    assert_eq!(of_trace.len(), 1, "{records:?}");
    assert!(format!("{:?}", of_trace[0].body).contains("answered"));
    assert_eq!(of_trace[0].span_id, request.span_id);
}

#[tokio::test]
async fn a_receiver_that_refuses_is_told_of_once() {
    let place = Place::embedded();
    let collector = Collector::start("400 Bad Request");
    let variables = [
        ("LEASEHOLD_OTLP_ENDPOINT", collector.url.as_str()),
        ("LEASEHOLD_LOG", "info,leasehold_api=debug"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "20"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ];
    let (server, _) = drive(&place, &[], &variables).await;
    // Several batches of each are refused.
    let mut batches = BTreeMap::from([("/v1/traces", 0), ("/v1/logs", 0), ("/v1/metrics", 0)]);
    while batches.values().any(|count| *count < 3) {
        assert_eq!(client().get(format!("{}/healthz", server.url)).send().await.unwrap().status(), 200);
        for (path, _) in collector.all() {
            *batches.get_mut(path.as_str()).expect("a path of OTLP") += 1;
        }
    }
    server.terminate();
    let (code, log) = server.last_words();
    assert_eq!(code, Some(0));
    for signal in ["traces", "logs", "metrics"] {
        let said = log.lines().filter(|line| line.contains(&format!("signal=\"{signal}\"")));
        assert_eq!(said.count(), 1, "{signal} in {log}");
    }
    assert_eq!(log.matches(" WARN ").count() + log.matches(" ERROR ").count(), 3, "{log}");
}

#[tokio::test]
async fn a_receiver_that_never_answers_holds_nothing_up() {
    let place = Place::embedded();
    // The system accepts connections for it; nobody reads them.
    let black_hole = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", black_hole.local_addr().unwrap());
    let variables = [("OTEL_BSP_SCHEDULE_DELAY", "20"), ("OTEL_BLRP_SCHEDULE_DELAY", "20")];
    let (server, _) = drive(&place, &["--otlp-endpoint", &endpoint], &variables).await;
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(client().get(format!("{}/readyz", server.url)).send().await.unwrap().status(), 200);
        assert!(begun.elapsed() < QUICK);
    }
    let begun = Instant::now();
    server.terminate();
    let (code, log) = server.last_words();
    assert_eq!(code, Some(0));
    assert!(begun.elapsed() < 2 * QUICK, "{:?}", begun.elapsed());
    assert!(log.contains("the last telemetry was not sent in time"), "{log}");
}
