//! What vendors change, against each other and against apps.

use std::sync::Arc;

use leasehold_licensing::{
    Answer, Call, Decision, Error, Idempotency, IdempotencyKey, LicenseChange, LicenseRecord, Licensing,
    NewCustomer, Precondition, Rendered, Renewal, Transfer,
};
use model::{
    LicenseId, Limit, MachineState, Memo, Metadata, Name, PolicyCode, PolicyRules, Tenant, Timestamp,
};
use testkit::{Shop, World, on_both};

use crate::{App, app, at_once, stored};

const APPS: usize = 12;

/// A vendor's program that changes one license.
#[derive(Clone)]
struct Office {
    licensing: Licensing,
    tenant: Tenant,
    license: LicenseId,
}

impl Office {
    fn new(shop: &Shop<'_>, license: LicenseId) -> Self {
        Self { licensing: shop.world.licensing.clone(), tenant: shop.tenant.clone(), license }
    }

    async fn note(&self, text: &str, precondition: &Precondition) -> Result<LicenseRecord, Error> {
        let memo = Some(Some(Memo::parse(text).unwrap()));
        self.update(LicenseChange { memo, ..LicenseChange::default() }, precondition).await
    }

    async fn update(
        &self,
        change: LicenseChange,
        precondition: &Precondition,
    ) -> Result<LicenseRecord, Error> {
        let operator = Call::operator();
        self.licensing.update_license(&self.tenant, &operator, self.license, change, precondition).await
    }

    async fn transfer(&self, policy: &str) -> LicenseRecord {
        let to = Transfer { customer: None, policy: Some(PolicyCode::parse(policy).unwrap()) };
        let any = &Precondition::Any;
        self.licensing.transfer_license(&self.tenant, &Call::operator(), self.license, to, any).await.unwrap()
    }

    /// Renews; whether it did, or was told of having done so.
    async fn renew(&self, key: Option<&str>) -> (bool, Rendered) {
        let render = |decision: &Decision<LicenseRecord>| Rendered {
            status: 200,
            body: decision.as_ref().unwrap().license.expires_at.unwrap().to_string(),
        };
        let idempotency = key.map(|key| Idempotency {
            key: IdempotencyKey::parse(key).unwrap(),
            request: [7; 32],
            render: &render,
        });
        let (operator, any) = (&Call::operator(), &Precondition::Any);
        let renewal = Renewal::default();
        let renewed = self
            .licensing
            .renew_license(&self.tenant, operator, self.license, renewal, any, idempotency)
            .await;
        match renewed.unwrap() {
            Answer::Fresh(decision) => (true, render(&decision)),
            Answer::Replayed(rendered) => (false, rendered),
        }
    }

    async fn reset(&self) {
        let (operator, any) = (&Call::operator(), &Precondition::Any);
        self.licensing
            .reset_activations(&self.tenant, operator, self.license, true, any, None)
            .await
            .unwrap();
    }
}

/// An app and an office that have the same license, whose policy is `standard`.
async fn both(shop: &Shop<'_>, change: impl FnOnce(&mut PolicyRules)) -> (LicenseId, App, Office) {
    let (license, app) = app(shop, change).await;
    (license, app, Office::new(shop, license))
}

/// A license that ends on the 1st of March 2027, and is renewed by a year.
async fn yearly(shop: &Shop<'_>) -> Office {
    let (_, app, office) = both(shop, |rules| rules.term = Some("P1Y".parse().unwrap())).await;
    app.activate(1).await.unwrap();
    office
}

/// The end of the yearly license after so many renewals.
fn end(renewals: usize) -> Option<Timestamp> {
    Some(Timestamp::parse(&format!("{}-03-01T12:00:00Z", 2027 + renewals)).unwrap())
}

/// Activates on so many machines while the office does something; gives the decisions.
async fn activating<F>(app: &App, work: impl FnOnce(Office) -> F, office: &Office) -> Vec<Activation>
where
    F: Future<Output = ()> + Send + 'static,
{
    let barrier = Arc::new(tokio::sync::Barrier::new(APPS + 1));
    let mut tasks = tokio::task::JoinSet::new();
    for machine in 1..=APPS {
        let (app, barrier) = (app.clone(), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            app.activate(machine).await
        });
    }
    let work = work(office.clone());
    let working = tokio::spawn(async move {
        barrier.wait().await;
        work.await;
    });
    let decisions = tasks.join_all().await;
    working.await.unwrap();
    decisions
}

type Activation = Decision<leasehold_licensing::Activated>;

on_both! {
    async fn of_many_changes_that_expect_the_same_revision_one_is_made(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _, office) = both(&shop, |_| ()).await;
        for round in 1..=3 {
            let results = at_once(24, |number| {
                let office = office.clone();
                async move {
                    let seen = Precondition::Revisions(vec![round]);
                    office.note(&format!("{round}/{number}"), &seen).await
                }
            })
            .await;
            let mut winners = Vec::new();
            for result in results {
                match result {
                    Ok(record) => winners.push(record),
                    Err(Error::PreconditionFailed) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            assert_eq!(winners.len(), 1, "round {round}");
            let kept = world.licensing.license_record(&shop.tenant, license).await.unwrap();
            assert_eq!((kept.memo, kept.license.revision), (winners[0].memo.clone(), round + 1));
        }
    }

    async fn one_idempotency_key_renews_once_however_often_it_is_sent(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let office = yearly(&shop).await;
        for round in 1..=3 {
            let answers = at_once(32, |_| {
                let office = office.clone();
                async move { office.renew(Some(&format!("order-{round}"))).await }
            })
            .await;
            assert_eq!(answers.iter().filter(|(fresh, _)| *fresh).count(), 1, "round {round}");
            assert!(answers.iter().all(|(_, answer)| *answer == answers[0].1), "one answer");
            assert_eq!(stored(&shop, office.license).await.0.expires_at, end(round));
        }
    }

    async fn every_renewal_without_a_key_adds_its_term(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let office = yearly(&shop).await;
        at_once(16, |_| {
            let office = office.clone();
            async move { office.renew(None).await }
        })
        .await;
        let license = stored(&shop, office.license).await.0;
        assert_eq!((license.expires_at, license.revision), (end(16), 17));
    }

    async fn an_update_and_activations_lose_nothing_of_each_other(database: Database) {
        let world = World::new(database).await;
        for round in 0..4 {
            let shop = world.shop(&format!("shop-{round}")).await;
            let (license, app, office) = both(&shop, |rules| {
                rules.seats = Limit::Unlimited;
                rules.term = Some("P1Y".parse().unwrap());
            })
            .await;
            let chosen = Timestamp::parse("2030-01-01T00:00:00Z").unwrap();
            let work = async move |office: Office| {
                let expires_at = Some(Some(chosen));
                office.update(LicenseChange { expires_at, ..LicenseChange::default() }, &Precondition::Any).await.unwrap();
                for text in ["one", "two", "three"] {
                    office.note(text, &Precondition::Any).await.unwrap();
                }
            };
            let decisions = activating(&app, work, &office).await;
            assert!(decisions.iter().all(Result::is_ok));
            let (license, seats) = stored(&shop, license).await;
            assert_eq!((license.activations_used as usize, seats as usize), (APPS, APPS));
            assert_eq!(license.term_started_at, Some(world.clock.now()));
            assert_eq!(license.expires_at, Some(chosen), "before or after the first activation");
            assert_eq!(license.revision, 5);
        }
    }

    async fn an_activation_is_decided_under_one_policy(database: Database) {
        let world = World::new(database).await;
        for round in 0..6 {
            let shop = world.shop(&format!("shop-{round}")).await;
            let (license, app, office) = both(&shop, |rules| rules.seats = Limit::AtMost(8)).await;
            let small = PolicyRules { seats: Limit::AtMost(3), trial: true, ..PolicyRules::default() };
            shop.policy("small", small).await;
            let work = async move |office: Office| {
                office.transfer("small").await;
            };
            let decisions = activating(&app, work, &office).await;
            for activated in decisions.iter().flatten() {
                let view = &activated.license;
                let seats = view.policy.rules.seats.number().unwrap();
                assert!(view.seats_used <= seats, "{} of {seats}", view.seats_used);
            }
            let made = decisions.iter().flatten().count();
            let first = decisions.iter().flatten().filter(|made| made.license.policy.code.as_str() == "standard").count();
            assert_eq!(made, first.max(3), "the small policy lets in what it has room for");
            let (license, seats) = stored(&shop, license).await;
            assert_eq!((license.activations_used as usize, seats as usize), (made, made));
            assert!(app.clone().activate(99).await.is_err());
        }
    }

    async fn a_customer_that_is_deleted_is_given_no_license(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, _, office) = both(&shop, |_| ()).await;
        let (mut given, mut deleted) = (0, 0);
        for round in 0..40 {
            let customer = NewCustomer {
                name: Name::parse("Sam").unwrap(),
                email: None,
                number: None,
                client_key: None,
                metadata: Metadata::default(),
            };
            let (licensing, tenant, operator) = (&world.licensing, &shop.tenant, Call::operator());
            let customer = licensing.create_customer(tenant, &operator, customer).await.unwrap().id;
            let done = at_once(2, |number| {
                let (office, operator) = (office.clone(), operator.clone());
                async move {
                    let (licensing, tenant) = (&office.licensing, &office.tenant);
                    if number == 0 {
                        let to = Transfer { customer: Some(Some(customer)), policy: None };
                        let any = &Precondition::Any;
                        licensing.transfer_license(tenant, &operator, license, to, any).await.map(|_| ())
                    } else {
                        licensing.delete_customer(tenant, &operator, customer, &Precondition::Any).await
                    }
                }
            })
            .await;
            let owner = stored(&shop, license).await.0.customer_id;
            match done.as_slice() {
                [Ok(()), Err(Error::Conflict(_))] => {
                    assert_eq!(owner, Some(customer));
                    given += 1;
                }
                // Where it was there a moment before, whoever asks again is told that it is not.
                [Err(Error::NotFound("customer") | Error::Unavailable(_)), Ok(())] => {
                    assert_ne!(owner, Some(customer));
                    deleted += 1;
                }
                other => panic!("round {round}: {other:?}"),
            }
        }
        assert_eq!(given + deleted, 40);
    }

    async fn a_reset_comes_before_or_after_an_activation(database: Database) {
        let world = World::new(database).await;
        for round in 0..6 {
            let shop = world.shop(&format!("shop-{round}")).await;
            let (license, app, office) = both(&shop, |rules| rules.seats = Limit::Unlimited).await;
            app.clone().activate(100).await.unwrap();
            let work = async move |office: Office| office.reset().await;
            let decisions = activating(&app, work, &office).await;
            assert!(decisions.iter().all(Result::is_ok));
            let (after, seats) = stored(&shop, license).await;
            assert_eq!(after.activations_used, seats, "who counts is active, and who is active counts");
            let machines = world.licensing.license(&shop.tenant, license).await.unwrap().machines;
            let active = machines.iter().filter(|machine| machine.state == MachineState::Active).count();
            assert_eq!((machines.len(), active), (APPS + 1, seats as usize));
        }
    }
}
