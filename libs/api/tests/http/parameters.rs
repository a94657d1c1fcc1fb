//! For every operation: query parameters that it does not know, or that are sent twice, are refused, and so is a change
//! of what the caller has not seen.

use testkit::{World, on_both};

use crate::swept::{Vendor, With, client, dump, operations};

on_both! {
    async fn query_parameters_are_known_and_sent_once(database: Database) {
        let world = World::new(database).await;
        let vendor = Vendor::new(&world, "acme").await;
        let client = client(&world);
        let before = dump(&world).await;
        for operation in operations().into_iter().filter(|operation| !operation.is_older) {
            let path = operation.path("acme", &vendor.names);
            let body = operation.example().map(|body| vendor.fit(body));
            let with = With { body: body.as_ref(), headers: &[] };
            let known = operation.parameters("query");
            let repeated = known.iter().map(|name| format!("{name}=1&{name}=1"));
            let unknown = ["nonsense=1", "Limit=1", "limit[]=1", "access_token=1"].map(str::to_owned);
            for query in repeated.chain(unknown) {
                let path = format!("{path}?{query}");
                let answer = operation.send(&client, &path, operation.credential(&vendor), with).await;
                let name = &operation.name;
                assert_eq!((answer.status, &*answer.code()), (400, "bad_parameter"), "{name}?{query}");
            }
        }
        assert!(before == dump(&world).await, "something was changed");
    }

    async fn a_lost_update_is_refused(database: Database) {
        let world = World::new(database).await;
        let vendor = Vendor::new(&world, "acme").await;
        let client = client(&world);
        let before = dump(&world).await;
        let mut swept = 0;
        for operation in operations() {
            if !operation.parameters("header").iter().any(|name| name == "If-Match") {
                continue;
            }
            swept += 1;
            let path = operation.path("acme", &vendor.names);
            let body = operation.example().map(|body| vendor.fit(body));
            for tag in ["\"999999\"", "W/\"1\"", "1", "\"\"", "\"nonsense\""] {
                let with = With { body: body.as_ref(), headers: &[("if-match", tag)] };
                let answer = operation.send(&client, &path, operation.credential(&vendor), with).await;
                let name = &operation.name;
                assert_eq!(
                    (answer.status, &*answer.code()),
                    (412, "precondition_failed"),
                    "{name}, {tag}: {}",
                    answer.text
                );
            }
        }
        assert!(swept > 0 && before == dump(&world).await, "something was changed");
    }
}
