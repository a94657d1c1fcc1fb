//! TLS.

use std::fs;

use leasehold_ephemeral::{Ephemeral, Health, RedisConfig, Scope};

use crate::support::{Server, answering, ask, config, free_port, number, run, take, tenant, until};

#[tokio::test]
async fn only_a_trusted_server_is_talked_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let ca = |name: &str| {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let more = ["-keyout", &key, "-out", &certificate, "-subj", &subject, "-days", "30"];
        run("openssl", &[&arguments[..], &more[..]].concat(), path);
        fs::read(path.join(certificate)).unwrap()
    };
    let (trusted, other) = (ca("trusted"), ca("other"));
    fs::write(path.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let request = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"];
    run(
        "openssl",
        &[&request[..], &["server.key", "-out", "server.csr", "-subj", "/CN=server"]].concat(),
        path,
    );
    let sign = ["x509", "-req", "-in", "server.csr", "-CA", "trusted.pem", "-CAkey", "trusted.key"];
    let names = ["-CAcreateserial", "-out", "server.pem", "-days", "30", "-extfile", "names"];
    run("openssl", &[&sign[..], &names[..]].concat(), path);

    let port = free_port();
    let file = |name: &str| path.join(name).display().to_string();
    let _server = Server::start_with(&format!(
        "tls-port {port}\ntls-auth-clients no\ntls-cert-file \"{}\"\ntls-key-file \"{}\"\ntls-ca-cert-file \"{}\"\n\
         requirepass secret\nsave \"\"\n",
        file("server.pem"),
        file("server.key"),
        file("trusted.pem"),
    ));
    let with = |ca_pem| RedisConfig { ca_pem, ..config(&[format!("rediss://:secret@127.0.0.1:{port}/")]) };
    let trusting = Ephemeral::redis(&with(Some(trusted)), number()).unwrap();
    answering(&trusting).await;
    assert!(ask(&trusting, tenant(), &[take(Scope::Tenant, b"", "1/60")]).await.tenant.is_some());
    for ca_pem in [Some(other), None] {
        let distrusting = Ephemeral::redis(&with(ca_pem), number()).unwrap();
        until("it is refused", || async {
            let health = distrusting.health();
            assert_ne!(health, Health::Answering);
            matches!(health, Health::Troubled { reason, .. } if reason.name() != "starting")
        })
        .await;
        assert!(ask(&distrusting, tenant(), &[take(Scope::Tenant, b"", "1/60")]).await.allows());
    }
}
