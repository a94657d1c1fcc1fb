//! Lists of licenses, against a model: every filter with every order, piece by piece, while licenses are added.

use std::cmp::Reverse;

use leasehold_store::{CheckTally, FullLicenseRow, LicenseList, LicensePage, LicensePlace, LicenseScope, Tx};
use model::{CustomerId, License, LicenseId, LicenseState, Metadata, Timestamp};
use testkit::on_both;

use crate::{
    common::{at, customer_id, key_hash, license, policy_id, product_id},
    licenses::with_catalog,
};

/// What the model knows of a license.
#[derive(Clone)]
struct Known {
    license: License,
    metadata: Metadata,
    checked: Option<Timestamp>,
}

/// Numbers that look random, the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Metadata::new(pairs.collect()).unwrap()
}

fn random(dice: &mut Dice, number: u32) -> Known {
    let catalog = if dice.roll(3) == 0 { 2 } else { 1 };
    // Few different instants, so that many are the same; the last that there is, too.
    let expires_at = match dice.roll(6) {
        0 | 1 => None,
        2 => Some(Timestamp::MAX),
        day => Some(at(i64::try_from(day).unwrap() * 1_000)),
    };
    let state = match dice.roll(5) {
        0 => LicenseState::Suspended,
        1 => LicenseState::Revoked,
        _ => LicenseState::Active,
    };
    let customer = match dice.roll(3) {
        0 => None,
        1 => Some(customer_id(1)),
        _ => Some(customer_id(2)),
    };
    let metadata = match dice.roll(4) {
        0 => metadata(&[("order", "1"), ("shop", "a")]),
        1 => metadata(&[("order", "2")]),
        2 => metadata(&[("Order", "1")]),
        _ => Metadata::default(),
    };
    let checked = (dice.roll(3) > 0).then(|| at(i64::try_from(dice.roll(5)).unwrap()));
    let license = License {
        product_id: product_id(catalog),
        policy_id: policy_id(catalog),
        customer_id: customer,
        expires_at,
        state,
        ..license(number)
    };
    Known { license, metadata, checked }
}

async fn add(tx: &mut Tx, all: &[Known]) {
    let rows: Vec<_> = all
        .iter()
        .map(|known| FullLicenseRow {
            license: &known.license,
            key_hash: key_hash(known.license.number),
            key_sealed: vec![1],
            memo: None,
            metadata: &known.metadata,
        })
        .collect();
    assert!(tx.licenses().insert_many(&rows).await.unwrap().iter().all(|added| *added));
    for known in all {
        if let Some(last) = known.checked {
            let tally = CheckTally { count: 1, first: at(0), last, address: None };
            tx.checks().count_licenses(&[(known.license.id, tally)]).await.unwrap();
        }
    }
}

fn is_of(known: &Known, scope: LicenseScope, state: Option<LicenseState>) -> bool {
    let license = &known.license;
    let of_scope = match scope {
        LicenseScope::All => true,
        LicenseScope::Product(id) => license.product_id == id,
        LicenseScope::Policy(id) => license.policy_id == id,
        LicenseScope::Customer(id) => license.customer_id == Some(id),
    };
    of_scope && state.is_none_or(|state| license.state == state)
}

/// The whole list, by the model.
fn expected(all: &[Known], list: &LicenseList, descending: bool) -> Vec<LicenseId> {
    let is_in = |known: &&Known| match list {
        LicenseList::ByCreation { scope, state } => is_of(known, *scope, *state),
        LicenseList::ByExpiry { scope, state, from, before } => {
            let end = known.license.expires_at;
            is_of(known, *scope, *state)
                && from.is_none_or(|from| end.is_some_and(|end| end >= from))
                && before.is_none_or(|before| end.is_some_and(|end| end < before))
        }
        LicenseList::ByLastCheck { product } => product.is_none_or(|id| known.license.product_id == id),
        LicenseList::ByMetadata { name, value } => {
            let found = known.metadata.as_map().get(name);
            found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        }
    };
    let key = |known: &&Known| {
        let at = match list {
            LicenseList::ByExpiry { .. } => {
                known.license.expires_at.map_or((true, Timestamp::MIN), |at| (false, at))
            }
            LicenseList::ByLastCheck { .. } => (false, known.checked.unwrap_or(Timestamp::MIN)),
            LicenseList::ByCreation { .. } | LicenseList::ByMetadata { .. } => (false, Timestamp::MIN),
        };
        (at, known.license.id.uuid())
    };
    let mut found: Vec<&Known> = all.iter().filter(is_in).collect();
    if descending {
        found.sort_by_key(|known| Reverse(key(known)));
    } else {
        found.sort_by_key(key);
    }
    found.into_iter().map(|known| known.license.id).collect()
}

fn lists() -> Vec<LicenseList> {
    let mut lists = Vec::new();
    let scopes = [
        LicenseScope::All,
        LicenseScope::Product(product_id(1)),
        LicenseScope::Product(product_id(9)),
        LicenseScope::Policy(policy_id(2)),
        LicenseScope::Customer(customer_id(1)),
    ];
    let states =
        [None, Some(LicenseState::Active), Some(LicenseState::Suspended), Some(LicenseState::Revoked)];
    for (scope, state) in scopes.into_iter().flat_map(|scope| states.map(|state| (scope, state))) {
        lists.push(LicenseList::ByCreation { scope, state });
        let (from, before) = (Some(at(4_000)), Some(at(5_000)));
        for (from, before) in
            [(None, None), (from, None), (None, before), (from, before), (Some(Timestamp::MAX), None)]
        {
            lists.push(LicenseList::ByExpiry { scope, state, from, before });
        }
    }
    for product in [None, Some(product_id(1)), Some(product_id(9))] {
        lists.push(LicenseList::ByLastCheck { product });
    }
    for (name, value) in [
        ("order", None),
        ("order", Some("1")),
        ("order", Some("")),
        ("Order", None),
        ("shop", Some("a")),
        ("none", None),
    ] {
        lists.push(LicenseList::ByMetadata { name: name.to_owned(), value: value.map(ToOwned::to_owned) });
    }
    lists
}

on_both! {
    async fn every_list_is_that_of_the_model_while_licenses_are_added(database: Database) {
        let mut tx = with_catalog(&database).await;
        let mut dice = Dice(1);
        // Odd numbers, so that others come between them.
        let mut all: Vec<Known> = (0..120).map(|number| random(&mut dice, 2 * number + 1)).collect();
        add(&mut tx, &all).await;
        let mut fresh = 0;
        for (place, list) in lists().iter().enumerate() {
            for descending in [false, true] {
                let before = all.clone();
                let mut seen: Vec<LicenseId> = Vec::new();
                let mut after: Option<LicensePlace> = None;
                loop {
                    let limit = 1 + u32::try_from(dice.roll(40)).unwrap();
                    let page = LicensePage { after, descending, limit };
                    let piece = tx.license_lists().list(list, &page, at(0)).await.unwrap();
                    assert!(piece.len() <= limit as usize);
                    let Some(last) = piece.last() else { break };
                    after = Some(list.place(last));
                    for record in &piece {
                        let found = tx.license_records().by_id(record.license.id, at(0)).await.unwrap();
                        assert_eq!(found.as_ref(), Some(record));
                        if place > 3 {
                            break;
                        }
                    }
                    seen.extend(piece.iter().map(|record| record.license.id));
                    if fresh < 60 && place % 3 == 0 {
                        fresh += 1;
                        let new = random(&mut dice, 4 * fresh);
                        add(&mut tx, std::slice::from_ref(&new)).await;
                        all.push(new);
                    }
                }
                let distinct: std::collections::BTreeSet<_> = seen.iter().map(|id| id.uuid()).collect();
                assert_eq!(distinct.len(), seen.len(), "one is there twice: {list:?}");
                let old: Vec<LicenseId> =
                    seen.into_iter().filter(|id| before.iter().any(|known| known.license.id == *id)).collect();
                assert_eq!(old, expected(&before, list, descending), "{list:?} {descending}");
            }
        }
        assert_eq!(fresh, 60, "licenses were added while lists were read");
    }

    async fn a_piece_has_at_most_101_licenses(database: Database) {
        let mut tx = with_catalog(&database).await;
        let mut dice = Dice(2);
        let all: Vec<Known> = (1..=150).map(|number| random(&mut dice, number)).collect();
        add(&mut tx, &all).await;
        let list = LicenseList::ByCreation { scope: LicenseScope::All, state: None };
        let page = LicensePage { after: None, descending: false, limit: u32::MAX };
        assert_eq!(tx.license_lists().list(&list, &page, at(0)).await.unwrap().len(), 101);
        let nobody = LicenseScope::Customer(CustomerId::from_uuid(uuid::Uuid::nil()));
        let list = LicenseList::ByCreation { scope: nobody, state: None };
        assert!(tx.license_lists().list(&list, &page, at(0)).await.unwrap().is_empty());
    }
}
