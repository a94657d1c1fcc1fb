//! An activation that was answered survives the end of the process right after.

use futures::future::join_all;
use serde_json::Value;

use crate::support::{Place, Server};

const ROUNDS: usize = 20;
const CLIENTS: usize = 4;

#[tokio::test]
async fn an_answered_activation_survives_kill_9_on_sqlite() {
    survives(Place::embedded()).await;
}

#[tokio::test]
async fn an_answered_activation_survives_kill_9_on_postgres() {
    survives(Place::postgres().await).await;
}

async fn survives(place: Place) {
    place.sell("unlimited");
    let license = place.license();
    let mut activated = 0;
    for round in 0..ROUNDS {
        let server = place.serve(&[]);
        let first = activate(&server, license.on(&format!("machine-{round}-0")));
        // The others are somewhere on their way when the first is answered and the server dies.
        let others: Vec<_> = (1..CLIENTS)
            .map(|client| {
                let (url, body) = (server.url.clone(), license.on(&format!("machine-{round}-{client}")));
                tokio::spawn(async move { try_activate(&url, body).await })
            })
            .collect();
        let mut machines = vec![(0, first.await)];
        server.kill();
        for (client, answer) in (1..CLIENTS).zip(join_all(others).await) {
            machines.extend(answer.expect("a task").map(|machine| (client, machine)));
        }
        activated += machines.len();

        let server = place.serve(&[]);
        for (client, machine) in &machines {
            let (status, answer) =
                server.post("/v1/validate", license.on(&format!("machine-{round}-{client}"))).await;
            assert_eq!((status, &answer["code"]), (200, &Value::from("valid")), "round {round}: {answer}");
            assert_eq!(&answer["machine"]["id"], machine, "round {round}: another machine");
        }
        server.kill();
    }
    let shown = place.run(&["license", "show", &license.id, "--json"]).json();
    let (seats, used) = (shown["seats_used"].as_u64().unwrap(), shown["activations_used"].as_u64().unwrap());
    assert!(seats >= activated as u64, "{seats} seats for {activated} answered activations");
    assert_eq!(seats, used, "every activation counts once");
    assert!(used <= (ROUNDS * CLIENTS) as u64);
}

/// The machine's ID.
async fn activate(server: &Server, body: String) -> Value {
    let (status, answer) = server.post("/v1/activate", body).await;
    assert_eq!(status, 201, "{answer}");
    answer["machine"]["id"].clone()
}

/// The machine's ID, if the answer came before the server was gone.
async fn try_activate(url: &str, body: String) -> Option<Value> {
    let post = crate::support::client()
        .post(format!("{url}/v1/activate"))
        .header("Content-Type", "application/json");
    let response = post.body(body).send().await.ok()?;
    assert_eq!(response.status().as_u16(), 201);
    let answer: Value = response.json().await.ok()?;
    Some(answer["machine"]["id"].clone())
}
