//! The API of mini-key-server: every row of its table, and every way to send parameters.

use licensing::StateChange;
use model::{Action, Outcome, Overrides, PolicyRules, Reason};
use poem::http::Method;
use serde_json::{Value, json};
use testkit::on_both;

use crate::{
    client::{Answer, Client, request},
    demo::{Demo, FRAMECAD_KEYS, ONE, SUPPORT, SUSPENDED, TEN, UNLIMITED},
};

const ACTIVATE: &str = "/t/demo/api/activate";
const CHECK: &str = "/t/demo/api/check";

fn told(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json())
}

fn refused(error: &str, support_message: Option<&str>) -> Value {
    json!({"result": "failure", "error": error, "support_message": support_message})
}

fn of(token: &str) -> String {
    format!("token={token}&machine=ICEBREAKER&user=sam")
}

on_both! {
    async fn the_documented_request_works_as_printed(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, Some("demo"));
        let printed = "token=2SZRHXZBNB3GUCHM375FTB8DJ&machine=ICEBREAKER&user=sam";
        let answer = client.form("/api/activate", printed).await;
        assert_eq!((answer.status, answer.text.as_str()), (201, r#"{"result":"ok","remainingActivations":"9"}"#));
        let answer = client.form(ACTIVATE, printed).await;
        assert_eq!(told(&answer), (201, json!({"result": "ok", "remainingActivations": "8"})));
        let (license, machines) = demo.details(TEN).await;
        assert_eq!((license.activations_used, machines.len()), (2, 0), "counted, and no machine bound");
    }

    async fn activations(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        demo.product("silent", 9, None, None).await;
        let day = PolicyRules { term: Some("P1D".parse().unwrap()), ..PolicyRules::default() };
        demo.policy("test-application", "day", day).await;
        demo.license("DAYDAYDAY", "day", Overrides::default()).await;
        demo.license("REVOKED-LICENSE", "test-application", Overrides::default()).await;
        demo.change("REVOKED-LICENSE", StateChange::Revoke).await;

        let ok = |left: &str| (201, json!({"result": "ok", "remainingActivations": left}));
        let invalid = |support| (404, refused("invalid activation token", support));
        let out = |support| (410, refused("key is out of activations", support));
        let over = |support| (410, refused("key is no longer valid", support));
        let framecad = FRAMECAD_KEYS[0];
        for (name, form, expected) in [
            ("ok", of(TEN) + "&app_id=1&hwid=m-1", ok("9")),
            ("again on the same machine", of(TEN) + "&app_id=1&hwid=m-1", ok("8")),
            ("no limit", of(UNLIMITED) + "&app_id=1&hwid=m-1", ok("-1")),
            ("the last one", of(ONE) + "&app_id=1", ok("0")),
            ("none left", of(ONE) + "&app_id=1", out(Some(SUPPORT))),
            ("none left, no app", of(ONE), out(None)),
            ("none left, the machine is active", of(ONE) + "&hwid=m-1", out(None)),
            ("unknown", of("NOSUCHTOKEN") + "&app_id=1", invalid(Some(SUPPORT))),
            ("unknown, no app", of("NOSUCHTOKEN"), invalid(None)),
            ("malformed", of("x") + "&app_id=1", invalid(Some(SUPPORT))),
            ("not even ASCII", of("%C3%A4%C3%B6%C3%BC%C3%9F"), invalid(None)),
            ("very long", of(&"A".repeat(300)), invalid(None)),
            ("suspended", of(SUSPENDED) + "&app_id=1", invalid(Some(SUPPORT))),
            ("revoked", of("REVOKED-LICENSE") + "&app_id=1", invalid(Some(SUPPORT))),
            ("another product, without a message", of(TEN) + "&app_id=9", invalid(None)),
            ("no such product", of(TEN) + "&app_id=77", invalid(None)),
            ("the other way round", of(framecad) + "&app_id=1", invalid(Some(SUPPORT))),
            ("wants a customer", of(framecad) + "&app_id=2", invalid(None)),
            ("the term begins", of("DAYDAYDAY") + "&app_id=1&hwid=m-1", ok("-1")),
            ("no seat is left", of("DAYDAYDAY") + "&app_id=1&hwid=m-2", out(Some(SUPPORT))),
        ] {
            assert_eq!(told(&client.form(ACTIVATE, &form).await), expected, "{name}");
        }
        demo.world.clock.advance(86_400);
        for hwid in ["m-1", "m-2"] {
            let answer = client.form(ACTIVATE, &(of("DAYDAYDAY") + "&app_id=1&hwid=" + hwid)).await;
            assert_eq!(told(&answer), over(Some(SUPPORT)), "over comes before used up");
        }
        demo.change("DAYDAYDAY", StateChange::Suspend).await;
        let answer = client.form(ACTIVATE, &(of("DAYDAYDAY") + "&app_id=1&hwid=m-2")).await;
        assert_eq!(told(&answer), invalid(Some(SUPPORT)), "no good at all comes first");
        assert_eq!(demo.details(TEN).await.0.activations_used, 2, "refusals use up nothing");
    }

    async fn checks(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        client.form(ACTIVATE, &(of(TEN) + "&hwid=m-1")).await;
        client.form(ACTIVATE, &(of(ONE) + "&hwid=m-1")).await;

        let ok = || (201, json!({"result": "ok"}));
        let invalid = || (404, json!({"result": "failure", "error": "invalid key"}));
        let invalid_with = || (404, refused("invalid key", Some(SUPPORT)));
        let check = async |query: String| told(&client.get(&format!("{CHECK}?{query}")).await);
        for (name, query, expected) in [
            ("ok", of(TEN) + "&app_id=1&hwid=m-1", ok()),
            ("no app", of(TEN) + "&hwid=m-1", ok()),
            ("used up, and active", of(ONE) + "&hwid=m-1", ok()),
            ("another machine", of(TEN) + "&app_id=1&hwid=m-2", invalid_with()),
            ("another machine, no app", of(TEN) + "&hwid=m-2", invalid()),
            ("no machine", of(TEN) + "&app_id=1", invalid_with()),
            ("no machine, no app", of(TEN), invalid()),
            ("an empty machine", of(TEN) + "&hwid=", invalid()),
            ("another product, without a message", of(TEN) + "&app_id=2&hwid=m-1", invalid()),
            ("no such product", of(TEN) + "&app_id=77&hwid=m-1", invalid()),
            ("unknown", of("NOSUCHTOKEN") + "&app_id=1&hwid=m-1", invalid_with()),
            ("malformed", of("x") + "&hwid=m-1", invalid()),
            ("suspended", of(SUSPENDED) + "&app_id=1&hwid=m-1", invalid_with()),
        ] {
            assert_eq!(check(query).await, expected, "{name}");
        }
        demo.change(TEN, StateChange::Suspend).await;
        assert_eq!(check(of(TEN) + "&hwid=m-1").await, invalid());
        demo.change(TEN, StateChange::Reinstate).await;
        assert_eq!(check(of(TEN) + "&hwid=m-1").await, ok());

        demo.world.licensing.flush_checks().await.unwrap();
        let id = demo.id(TEN).await;
        let mut tx = demo.world.database.store.read(demo.tenant.id).await.unwrap();
        let tally = tx.checks().of_license(id).await.unwrap().unwrap();
        assert_eq!(tally.count, 11, "all that name this license");
        assert_eq!(demo.details(TEN).await.0.activations_used, 1, "checks use up nothing");
    }

    async fn every_attempt_is_audited(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        for form in [
            of(TEN) + "&hwid=m-1",
            of(TEN),
            of(TEN) + "&app_id=2",
            of(TEN) + "&app_id=77",
            of(SUSPENDED),
        ] {
            let before = demo.event_count().await;
            client.form(ACTIVATE, &form).await;
            assert_eq!(demo.event_count().await, before + 1, "{form}");
        }
        let claimed = json!({"machine": "ICEBREAKER", "user": "sam"});
        let events = demo.events(TEN).await;
        let mut outcomes = Vec::new();
        for event in events.iter().filter(|event| event.action == Action::MachineActivate) {
            assert_eq!(event.details["claimed"], claimed, "{event:?}");
            outcomes.push(event.outcome);
        }
        let mismatch = Outcome::Refused(Reason::ProductMismatch);
        assert_eq!(outcomes, [Outcome::Done, Outcome::Done, mismatch, mismatch]);

        for form in [of("NOSUCHTOKEN"), of("x"), of("x") + "&app_id=77"] {
            let before = demo.event_count().await;
            client.form(ACTIVATE, &form).await;
            assert_eq!(demo.event_count().await, before + 1, "{form}");
        }
        let before = demo.event_count().await;
        client.get(&format!("{CHECK}?{}&hwid=m-1", of(TEN))).await;
        client.form(ACTIVATE, "token=x").await;
        assert_eq!(demo.event_count().await, before, "checks and malformed requests are not");
    }

    async fn parameters_come_from_everywhere(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let all = json!({"token": UNLIMITED, "machine": "ICEBREAKER", "user": "sam", "app_id": 1, "hwid": "m-1"});
        let form = of(UNLIMITED) + "&app_id=1&hwid=m-1";
        for (method, path) in [(Method::POST, ACTIVATE), (Method::GET, CHECK)] {
            let ask = |query: &str| request(method.clone(), &format!("{path}{query}"));
            let text = json!({"app_id": "1", "hwid": "m-1"});
            let (json_type, form_type) = ("application/json", "application/x-www-form-urlencoded");
            for (name, request) in [
                ("a form", ask("").content_type(form_type).body(form.clone())),
                ("JSON", ask("").content_type(json_type).body(all.to_string())),
                ("a query", ask(&format!("?{form}")).finish()),
                ("a query, and a type without a body", ask(&format!("?{form}")).content_type(json_type).finish()),
                ("both", ask(&format!("?{}", of(UNLIMITED))).content_type(json_type).body(text.to_string())),
                ("both, a form", ask(&format!("?{}", of(UNLIMITED))).content_type(form_type).body("hwid=m-1&x=%20")),
                ("the body first", ask("?token=x&app_id=no&hwid=m-2").content_type(json_type).body(all.to_string())),
                ("repeated alike", ask(&format!("?{form}&{form}")).finish()),
                ("others", ask(&format!("?{form}&other=1&other=2")).finish()),
                (
                    "others of any kind",
                    ask(&format!("?{form}")).content_type("application/json; charset=UTF-8").body(r#"{"x":[null]}"#),
                ),
            ] {
                assert_eq!(client.send(request).await.status, 201, "{name} to {path}");
            }
        }
        let (license, machines) = demo.details(UNLIMITED).await;
        assert_eq!((license.activations_used, machines.len()), (10, 1));
    }
}
