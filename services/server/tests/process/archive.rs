//! A tenant goes from one installation to another by file, and an app does not notice.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::{Place, client};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_moves_from_sqlite_to_postgres() {
    let (here, there) = (Place::embedded(), Place::postgres().await);
    moves(&here, &there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_moves_from_postgres_to_sqlite() {
    let (here, there) = (Place::postgres().await, Place::embedded());
    moves(&here, &there).await;
}

async fn moves(here: &Place, there: &Place) {
    here.sell("1");
    let license = here.license();
    let server = here.serve(&[]);
    let (status, activated) = server.post("/v1/activate", license.on("machine-1")).await;
    assert_eq!(status, 201, "{activated}");
    drop(server);

    let archive = here.file("acme.leasehold", "");
    let key = archive.replace(".leasehold", ".key");
    let export = ["tenant", "export", "acme", "--to", &archive, "--key-file", &key];
    here.run(&export).failed(2, "exists already");
    std::fs::remove_file(&archive).unwrap();
    let exported = here.run(&[&export[..], &["--json"]].concat()).json();
    assert_eq!(exported["bytes"], std::fs::metadata(&archive).unwrap().len());
    for secret in [&key, &archive] {
        assert_eq!(std::fs::metadata(secret).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!std::fs::read_to_string(&archive).unwrap().contains(&license.key));

    if there.is_postgres() {
        there.run(&["migrate"]).text();
    }
    let wrong = here.file("wrong.key", "0".repeat(64));
    there
        .run(&["tenant", "import", &archive, "--key-file", &wrong])
        .failed(2, "the key that it was exported with");
    let half = std::fs::read(&archive).unwrap();
    let half = here.file("half.leasehold", &half[..half.len() / 2]);
    there.run(&["tenant", "import", &half, "--key-file", &key]).failed(2, "breaks off");
    let import = ["tenant", "import", &archive, "--key-file", &key];
    let imported = there.run(&[&import[..], &["--json"]].concat()).json();
    assert_eq!(imported["issuer"], "https://licenses.example.com/t/acme");
    there.run(&import).failed(5, "exists already");

    let server = there.serve(&[]);
    let (status, validated) = server.post("/v1/validate", license.on("machine-1")).await;
    assert_eq!((status, &validated["valid"]), (200, &json!(true)), "{validated}");
    let (status, refreshed) = server.post("/v1/leases/refresh", license.on("machine-1")).await;
    assert_eq!(status, 200, "{refreshed}");
    // The lease of the old installation is good by the key set of the new one.
    let keys = there.run(&["keys", "list", "--jwks"]).text().to_owned();
    let (lease, keys) = (
        format!("@{}", here.file("lease", activated["lease"].as_str().unwrap())),
        here.file("keys.json", keys),
    );
    let issuer = "https://licenses.example.com/t/acme";
    let app = ["--issuer", issuer, "--product", "atelier", "--fingerprint", "machine-1"];
    here.run(&[&["verify", &lease, "--keys", &keys], &app[..]].concat()).text();
    let (status, refused) = server.post("/v1/activate", license.on("machine-2")).await;
    assert_eq!((status, &refused["code"]), (409, &json!("seats_exhausted")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_platform_token_takes_operators() {
    let place = Place::embedded();
    let token = "0123456789abcdef0123456789abcdef";
    let file = place.file("platform.token", format!("{token}\n"));
    let server = crate::support::Server::start({
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("LEASEHOLD_PLATFORM_TOKEN_FILE", &file);
        command
    });
    let body = json!({"slug": "brix", "name": "Brix", "owner": {"email": "o@example.com", "name": "O"}});
    let send = async |token: &str| {
        let request = client().post(format!("{}/platform/v1/tenants", server.url)).bearer_auth(token);
        let response = request.header("Content-Type", "application/json").body(body.to_string());
        let response = response.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    assert_eq!(send("another").await.0, 401);
    let (status, made) = send(token).await;
    assert_eq!(
        (status, &made["tenant"]["issuer"]),
        (201, &json!(format!("{}/t/brix", server.url))),
        "{made}"
    );
}
