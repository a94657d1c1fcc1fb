//! Limits and promises hold under concurrency, on both databases.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test")]

mod changes;
mod keys;
mod limits;
mod machines;
mod recent;
mod seats;
mod signing_keys;
mod states;
mod storm;

use std::{collections::BTreeMap, sync::Arc};

use leasehold_licensing::{
    Activate, Activated, Answer, Deactivate, Deactivated, Decision, Error, Licensing, Refresh, Refreshed,
};
use model::{License, LicenseId, LicenseKey, PolicyRules, Tenant};
use testkit::{Shop, call, fingerprint};
use tokio::{sync::Barrier, task::JoinSet};

/// An app with a license key, in as many copies as are wanted.
#[derive(Clone)]
struct App {
    licensing: Licensing,
    tenant: Tenant,
    key: LicenseKey,
}

/// A license of a new policy, and an app that has its key.
async fn app(shop: &Shop<'_>, change: impl FnOnce(&mut PolicyRules)) -> (LicenseId, App) {
    let mut rules = PolicyRules::default();
    change(&mut rules);
    let (license, key) = shop.license_with(rules).await;
    let app = App { licensing: shop.world.licensing.clone(), tenant: shop.tenant.clone(), key };
    // Opens the pool's connections, so that what comes next does not queue for the first of them.
    at_once(48, |_| {
        let app = app.clone();
        async move { app.licensing.license(&app.tenant, license.id).await.unwrap() }
    })
    .await;
    (license.id, app)
}

impl App {
    async fn activate(self, machine: usize) -> Decision<Activated> {
        let product = model::ProductCode::parse("app").unwrap();
        let command = Activate {
            key: self.key,
            product,
            fingerprint: fingerprint(machine),
            machine_name: None,
            customer: None,
            binding: None,
        };
        fresh(self.licensing.activate(&self.tenant, &call(), command, None).await)
    }

    async fn refresh(self, machine: usize) -> Decision<Refreshed> {
        let product = model::ProductCode::parse("app").unwrap();
        let command = Refresh {
            key: self.key,
            product,
            fingerprint: fingerprint(machine),
            customer: None,
            lease_id: None,
            binding: None,
        };
        fresh(self.licensing.refresh(&self.tenant, &call(), command, None).await)
    }

    async fn deactivate(self, machine: usize) -> Decision<Deactivated> {
        let product = model::ProductCode::parse("app").unwrap();
        let command = Deactivate {
            key: self.key,
            product,
            fingerprint: fingerprint(machine),
            customer: None,
            binding: None,
        };
        fresh(self.licensing.deactivate(&self.tenant, &call(), command, None).await)
    }
}

fn fresh<T: std::fmt::Debug>(answer: Result<Answer<T>, Error>) -> Decision<T> {
    match answer {
        Ok(Answer::Fresh(decision)) => decision,
        other => panic!("not a decision: {other:?}"),
    }
}

/// Runs so many tasks that all begin at the same time; gives what they gave, in the order of their numbers.
async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (barrier, work) = (Arc::clone(&barrier), task(number));
        tasks.spawn(async move {
            barrier.wait().await;
            (number, work.await)
        });
    }
    tasks.join_all().await.into_iter().collect::<BTreeMap<_, _>>().into_values().collect()
}

/// How often each outcome occurred: `ok`, or all codes of a refusal.
fn outcomes<T>(decisions: &[Decision<T>]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for decision in decisions {
        let outcome = match decision {
            Ok(_) => "ok".to_owned(),
            Err(refused) => {
                let codes: Vec<_> = refused.refusal.reasons().iter().map(|reason| reason.code()).collect();
                codes.join(" ")
            }
        };
        *counts.entry(outcome).or_insert(0) += 1;
    }
    counts
}

fn expected<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts.map(|(outcome, count)| (outcome.to_owned(), count)).into()
}

/// The license as the database has it, with the seats in use.
async fn stored(shop: &Shop<'_>, id: LicenseId) -> (License, u32) {
    let details = shop.world.licensing.license(&shop.tenant, id).await.unwrap();
    (details.license, details.seats_used)
}
