//! Limits hold under load in the APIs of older apps too.

use std::sync::Arc;

use serde_json::json;
use testkit::on_both;

use crate::{
    client::Client,
    demo::{Demo, FRAMECAD_KEYS, SECOND_TESTER, TEN, TESTER},
    framecad::{activate, said},
};

on_both! {
    async fn of_64_activations_of_a_license_for_10_exactly_10_succeed(database: Database) {
        let demo = Demo::new(database).await;
        let client = Arc::new(Client::new(&demo.world, None));
        let calls = (0..64).map(|number| {
            let client = Arc::clone(&client);
            // Some bind a machine, some of those the same one, and some bind none.
            let hwid = if number % 3 == 0 { String::new() } else { format!("&hwid=m-{}", number % 20) };
            tokio::spawn(async move {
                let form = format!("token={TEN}&machine=ICEBREAKER&user=sam{hwid}");
                client.form("/t/demo/api/activate", &form).await
            })
        });
        let mut left = Vec::new();
        for answer in futures::future::join_all(calls).await {
            let answer = answer.unwrap();
            match answer.status {
                201 => left.push(answer.json()["remainingActivations"].as_str().unwrap().parse::<u32>().unwrap()),
                410 => assert_eq!(answer.json()["error"], "key is out of activations"),
                other => panic!("{other}: {}", answer.text),
            }
        }
        left.sort_unstable();
        assert_eq!(left, (0..10).collect::<Vec<_>>(), "each number is told once");
        assert_eq!(demo.details(TEN).await.0.activations_used, 10);
    }

    async fn of_two_clients_one_gets_the_license(database: Database) {
        let demo = Demo::new(database).await;
        let client = Arc::new(Client::new(&demo.world, None));
        for key in FRAMECAD_KEYS {
            let calls = [TESTER, SECOND_TESTER].into_iter().cycle().take(8).map(|client_key| {
                let client = Arc::clone(&client);
                tokio::spawn(async move {
                    let answer = activate(&client, &said(client_key, key, client_key)).await;
                    (client_key, answer.number(), answer.json()["license"]["client_id"].clone())
                })
            });
            let answers = futures::future::join_all(calls).await;
            let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
            let winner = answers.iter().find(|(_, code, _)| *code == 0).expect("one of them gets it").0;
            for (client_key, code, id) in &answers {
                let number = if winner == TESTER { 1 } else { 2 };
                let expected = if *client_key == winner { (0, json!(number)) } else { (2, json!(null)) };
                assert_eq!((*code, id.clone()), expected, "{client_key} of {winner}");
            }
            let (license, machines) = demo.details(key).await;
            assert_eq!((machines.len(), license.activations_used), (1, 1));
        }
    }
}
