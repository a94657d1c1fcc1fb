//! Import licenses.

use leasehold_licensing::{Call, Ends, ImportLine, Imported};
use model::{LicenseKey, LicenseState, Limit, Memo, PolicyCode};
use testkit::{World, on_both};

use crate::common::{checked, client_key, events, events_since, outcome, rules, stored, term, validate};

/// A line with that key, of the policy `standard`.
pub(crate) fn line(key: &str) -> ImportLine {
    ImportLine::new(LicenseKey::parse(key).unwrap(), PolicyCode::parse("standard").unwrap())
}

on_both! {
    async fn a_batch_is_brought_in_once(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", rules(|_| ())).await;
        let owner = shop.customer("OWNER").await;
        let batch = || {
            vec![
                line("OLD-KEY-1"),
                ImportLine {
                    customer: Some(client_key("OWNER")),
                    ..line("old key 2")
                },
                ImportLine {
                    policy: PolicyCode::parse("nonesuch").unwrap(),
                    ..line("OLD-KEY-3")
                },
                ImportLine {
                    customer: Some(client_key("NOBODY")),
                    ..line("OLD-KEY-4")
                },
                line("oldkey1"),
            ]
        };
        let import = async || {
            world
                .licensing
                .import_licenses(&shop.tenant, &Call::operator(), batch())
                .await
                .unwrap()
        };
        let before = events(&shop).await;
        let refused = [
            Imported::Refused("there is no policy nonesuch".into()),
            Imported::Refused("there is no customer with the client key NOBODY".into()),
        ];
        assert_eq!(
            import().await,
            [
                Imported::Created,
                Imported::Created,
                refused[0].clone(),
                refused[1].clone(),
                Imported::Exists,
            ]
        );
        assert_eq!(
            events_since(&shop, &before).await,
            ["license.import license done outbox"; 2]
        );
        let mut raw = world.database.raw().await;
        let after = raw.dump().await.remove("licenses");
        assert_eq!(
            import().await,
            [
                Imported::Exists,
                Imported::Exists,
                refused[0].clone(),
                refused[1].clone(),
                Imported::Exists,
            ]
        );
        assert_eq!(raw.dump().await.remove("licenses"), after, "nothing was changed");
        let key = LicenseKey::parse("OLDKEY2").unwrap();
        let id = world.licensing.license_by_key(&shop.tenant, &key).await.unwrap();
        assert_eq!(stored(&shop, id).await.0.customer_id, Some(owner.id));
        let nothing = world
            .licensing
            .import_licenses(&shop.tenant, &Call::operator(), vec![])
            .await
            .unwrap();
        assert_eq!(nothing, []);
    }

    async fn an_imported_license_goes_on_where_it_was(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", rules(|rules| rules.term = Some(term("P1Y"))))
            .await;
        let ends = world.clock.now().plus_seconds(100);
        let lines = vec![
            ImportLine {
                seats: Some(Limit::AtMost(2)),
                activation_limit: Some(Limit::AtMost(3)),
                activations_used: 2,
                ..line("USED-TWICE")
            },
            ImportLine {
                ends: Some(Ends::At(ends)),
                ..line("ENDS-SOON")
            },
            ImportLine {
                state: LicenseState::Suspended,
                ..line("SUSPENDED")
            },
            ImportLine {
                state: LicenseState::Revoked,
                activations_used: 9,
                ..line("REVOKED")
            },
        ];
        world
            .licensing
            .import_licenses(&shop.tenant, &Call::operator(), lines)
            .await
            .unwrap();
        let key = |text| LicenseKey::parse(text).unwrap();
        assert_eq!(outcome(&shop.activate(&key("used-twice"), 1).await), [""; 0]);
        assert_eq!(
            outcome(&shop.activate(&key("used-twice"), 2).await),
            ["activations_exhausted"]
        );
        let soon = shop.activate(&key("ends-soon"), 1).await.unwrap();
        assert_eq!(
            soon.license.license.expires_at,
            Some(ends),
            "not the term of the policy"
        );
        assert_eq!(
            checked(&validate(&shop, &key("SUSPENDED"), None).await),
            ["suspended"]
        );
        assert_eq!(
            checked(&validate(&shop, &key("REVOKED"), None).await),
            ["revoked"]
        );
        world.clock.advance(100);
        assert_eq!(outcome(&shop.activate(&key("ends-soon"), 1).await), ["expired"]);
    }

    async fn an_imported_machine_is_active_and_has_started_the_term(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", rules(|rules| rules.term = Some(term("P1D"))))
            .await;
        let lines = vec![ImportLine {
            fingerprint: Some(testkit::fingerprint(1)),
            activations_used: 1,
            memo: Some(Memo::parse("bought by telephone").unwrap()),
            ..line("ON-MACHINE-1")
        }];
        world
            .licensing
            .import_licenses(&shop.tenant, &Call::operator(), lines)
            .await
            .unwrap();
        let key = LicenseKey::parse("ON-MACHINE-1").unwrap();
        let start = world.clock.now();
        let id = world.licensing.license_by_key(&shop.tenant, &key).await.unwrap();
        let (license, seats) = stored(&shop, id).await;
        assert_eq!((license.term_started_at, seats), (Some(start), 1));
        assert_eq!(
            license.expires_at,
            Some(start.plus_seconds(86_400)),
            "it runs out like any other"
        );
        assert_eq!(checked(&validate(&shop, &key, Some(1)).await), [""; 0]);
        assert_eq!(outcome(&shop.activate(&key, 2).await), ["seats_exhausted"]);
        let again = shop.activate(&key, 1).await.unwrap();
        assert_eq!(
            (again.license.license.activations_used, again.license.seats_used),
            (1, 1)
        );
        let mut tx = world.database.store.read(shop.tenant.id).await.unwrap();
        let memo = tx.licenses().memo(id).await.unwrap().unwrap();
        assert_eq!(memo.as_str(), "bought by telephone");
    }
}
