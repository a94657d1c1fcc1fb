//! What exports read page by page, and what imports look up.

use leasehold_store::{FullLicenseRow, LicenseSelection};
use model::{License, LicenseState, Metadata};
use testkit::on_both;

use crate::{
    common::{
        client_key, customer, customer_id, fingerprint, key_hash, license, license_id, machine, machine_id,
        memo, metadata, policy, policy_id, product, product_id,
    },
    licenses::with_catalog,
};

on_both! {
    async fn licenses_come_page_by_page_and_filtered(database: Database) {
        let mut tx = with_catalog(&database).await;
        let (memo, metadata, none) = (memo("a note"), metadata("many"), Metadata::default());
        let of_first = |number: u32| License {
            product_id: product_id(1),
            policy_id: policy_id(1),
            customer_id: number.is_multiple_of(2).then(|| customer_id(1)),
            state: if number.is_multiple_of(3) { LicenseState::Suspended } else { LicenseState::Active },
            ..license(number)
        };
        let licenses: Vec<License> = (1..=25).map(of_first).collect();
        let rows: Vec<_> = licenses
            .iter()
            .map(|license| FullLicenseRow {
                license,
                key_hash: key_hash(license.number),
                key_sealed: license.number.to_be_bytes().to_vec(),
                memo: Some(&memo).filter(|_| license.number == 7),
                metadata: if license.number == 7 { &metadata } else { &none },
            })
            .collect();
        tx.licenses().insert_many(&rows).await.unwrap();
        let (mut after, mut found) = (None, Vec::new());
        loop {
            let page = tx.transfers().licenses(&LicenseSelection::default(), after, 10).await.unwrap();
            assert!(page.len() == 10 || found.len() == 20, "{}", page.len());
            found.extend(page);
            if found.len() % 10 != 0 {
                break;
            }
            after = found.last().map(|record| record.license.id);
        }
        let mut expected = licenses.clone();
        expected.sort_by_key(|license| license.id.uuid());
        assert_eq!(found.iter().map(|record| record.license.clone()).collect::<Vec<_>>(), expected);
        for record in &found {
            let number = record.license.number;
            assert_eq!(record.key_sealed, number.to_be_bytes());
            assert_eq!((&record.policy, &record.product), (&policy(1).code, &product(1).code));
            assert_eq!(record.customer, (number % 2 == 0).then(|| client_key(1)));
            assert_eq!(record.memo.is_some(), number == 7);
            assert_eq!(record.metadata.is_empty(), number != 7);
        }
        for (product, policy, state, count) in [
            (Some(product_id(1)), None, None, 25),
            (None, Some(policy_id(1)), None, 25),
            (Some(product_id(1)), None, Some(LicenseState::Suspended), 8),
            (None, None, Some(LicenseState::Active), 17),
            (None, None, Some(LicenseState::Revoked), 0),
            (Some(product_id(9)), None, None, 0),
            (None, Some(policy_id(9)), None, 0),
        ] {
            let selection = LicenseSelection { product, policy, state };
            let found = tx.transfers().licenses(&selection, None, 100).await.unwrap();
            assert_eq!(found.len(), count, "{selection:?}");
        }
    }

    async fn customers_and_machines_come_page_by_page_and_are_found(database: Database) {
        let mut tx = with_catalog(&database).await;
        let first = tx.transfers().customers(None, 1).await.unwrap();
        assert_eq!(first, [customer(1)]);
        assert_eq!(tx.transfers().customers(Some(first[0].id), 10).await.unwrap(), [customer(2)]);
        let mut keys: Vec<_> = (1..=150).map(client_key).collect();
        keys.push(client_key(1));
        let found = tx.transfers().customer_ids(&keys).await.unwrap();
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort();
        assert_eq!(found, [1, 2].map(|number| (client_key(number), customer_id(number))));
        assert!(tx.transfers().customer_ids(&[]).await.unwrap().is_empty());

        let only = license(1);
        let row = FullLicenseRow {
            license: &only,
            key_hash: key_hash(1),
            key_sealed: vec![5],
            memo: None,
            metadata: &Metadata::default(),
        };
        tx.licenses().insert_many(&[row]).await.unwrap();
        tx.machines().save(&machine(1)).await.unwrap();
        let found = tx.transfers().machines(None, 10).await.unwrap();
        assert_eq!((found.len(), &found[0].machine, &found[0].key_sealed), (1, &machine(1), &vec![5]));
        assert!(tx.transfers().machines(Some(machine_id(1)), 10).await.unwrap().is_empty());
        let by = async |tx: &mut leasehold_store::Tx, number| {
            tx.transfers().machine_by_fingerprint(license_id(1), &fingerprint(number)).await.unwrap()
        };
        assert_eq!(by(&mut tx, 1).await, Some(machine(1)));
        assert_eq!(by(&mut tx, 2).await, None);
    }
}
