//! The README's walk works as printed.

use std::process::Command;

use serde_json::Value;

use crate::support::{Server, leasehold};

const README: &str = include_str!("../../../../README.md");
const CLI: &str = env!("CARGO_BIN_EXE_leasehold");

/// The commands of the walk: the `sh` blocks between its heading and the next, without the one that starts the server.
fn walk() -> Vec<&'static str> {
    let (_, after) = README.split_once("\n## A walk with curl\n").expect("the walk");
    let walk = after.split("\n## ").next().expect("a section");
    let blocks = walk.split("```sh\n").skip(1).map(|rest| rest.split_once("```").expect("an end").0);
    blocks.filter(|block| !block.contains("cargo run -- demo")).collect()
}

#[test]
fn the_walk_works_as_printed() {
    let server = Server::start(leasehold(&["demo", "--listen", "127.0.0.1:0"]));
    let folder = tempfile::TempDir::new().unwrap();
    let blocks = walk();
    assert!(blocks.len() >= 6, "the walk has its steps");
    let mut script = "set -euo pipefail\n".to_owned();
    for block in blocks {
        script.push_str("printf '\\x1e'\n");
        script.push_str(block);
    }
    // Another port and the tested binary, or else as printed.
    let script = script.replace("http://127.0.0.1:8080", &server.url).replace("cargo run --quiet --", CLI);
    let printed = server.greeting.lines().find_map(|line| line.strip_prefix("API key"));
    let api_key = printed.expect("the demonstration prints an API key").trim();
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("API_KEY", api_key)
        .current_dir(&folder)
        .output()
        .expect("bash runs");
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}\n{errors}");
    server.terminate();
    assert_eq!(server.ended(), Some(0));
    let answers: Vec<&str> = text.split('\x1e').skip(1).collect();
    let json = |number: usize| -> Value {
        serde_json::from_str(answers[number]).unwrap_or_else(|error| panic!("{error}: {}", answers[number]))
    };
    assert_eq!(json(0)["license"]["activations_remaining"], 9);
    assert!(answers[1].contains("The app may run."), "{}", answers[1]);
    assert_eq!(json(2)["code"], "valid");
    assert!(json(2)["verdict"].is_string());
    assert_eq!(json(3)["code"], "suspended");
    assert_eq!(json(4)["machine"]["state"], "deactivated");
    assert_eq!(json(5)["code"], "machine_deactivated");
    assert_eq!(json(6), serde_json::json!({ "result": "ok", "remainingActivations": "8" }));
    let made = json(7);
    assert!(made["key"].is_string() && made["license"]["metadata"]["order"] == "42", "{made}");
    let found = json(8);
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found["items"][0]["id"], made["id"]);
    assert_eq!(json(9)["items"][0]["type"], "license.create");
}

#[test]
fn a_demonstration_is_kept_and_served_again() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().join("demo").display().to_string();
    let start = || Server::start(leasehold(&["demo", "--listen", "127.0.0.1:0", "--data", &data]));
    let first = start();
    let key = |server: &Server| {
        let line = server
            .greeting
            .lines()
            .find(|line| line.contains("(product atelier"))
            .expect("the key")
            .to_owned();
        line.split_whitespace().next().expect("the key").to_owned()
    };
    let atelier = key(&first);
    assert!(first.greeting.contains("2SZRHXZBNB3GUCHM375FTB8DJ"));
    first.terminate();
    assert_eq!(first.ended(), Some(0));
    let second = start();
    assert_eq!(key(&second), atelier);
    second.kill();

    let other = folder.path().join("other").display().to_string();
    crate::support::run(leasehold(&["migrate", "--data", &other])).text();
    let refused = crate::support::run(leasehold(&["demo", "--data", &other, "--listen", "127.0.0.1:0"]));
    refused.failed(1, "is not a demonstration's");
}
