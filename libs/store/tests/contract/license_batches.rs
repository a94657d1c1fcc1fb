//! Many licenses and many events at once.

use leasehold_store::{FullLicenseRow, LicenseRecord};
use model::{License, Memo, Metadata};
use testkit::on_both;

use crate::{
    common::{
        at, event, event_id, key_hash, license, license_id, memo, metadata, policy, policy_id, product,
        product_id,
    },
    licenses::with_catalog,
};

/// A license of the first policy, for any number.
fn numbered(number: u32) -> License {
    License { product_id: product_id(1), policy_id: policy_id(1), customer_id: None, ..license(number) }
}

fn row<'a>(license: &'a License, memo: Option<&'a Memo>, metadata: &'a Metadata) -> FullLicenseRow<'a> {
    let key_hash = key_hash(license.number);
    FullLicenseRow { license, key_hash, key_sealed: vec![1, 2, 3], memo, metadata }
}

on_both! {
    async fn many_licenses_are_added_as_they_would_be_one_by_one(database: Database) {
        let mut tx = with_catalog(&database).await;
        let (memo, metadata, none) = (memo("a note"), metadata("many"), Metadata::default());
        // Pieces of 100, 10 and 1.
        let licenses: Vec<License> = (1..=213).map(numbered).collect();
        let rows: Vec<_> = licenses
            .iter()
            .map(|new| if new.number % 2 == 0 { row(new, Some(&memo), &metadata) } else { row(new, None, &none) })
            .collect();
        assert_eq!(tx.licenses().insert_many(&rows).await.unwrap(), vec![true; 213]);
        for license in licenses {
            let even = license.number % 2 == 0;
            let id = license.id;
            let found = tx.license_records().by_id(id, at(0)).await.unwrap();
            let expected = LicenseRecord {
                policy: policy(1),
                product: product(1).code,
                memo: even.then(|| memo.clone()),
                metadata: if even { metadata.clone() } else { none.clone() },
                checks: None,
                seats_used: 0,
                license,
            };
            assert_eq!(found.as_ref(), Some(&expected));
            assert_eq!(tx.licenses().sealed_key(id).await.unwrap().as_deref(), Some([1, 2, 3].as_slice()));
            let by_key = tx.license_records().by_key(&key_hash(expected.license.number), at(0)).await.unwrap();
            assert_eq!(by_key, found);
        }
        let _changed = tx.commit().await.unwrap();
        let mut raw = database.raw().await;
        assert_eq!(raw.number("SELECT count(*) FROM license_checks").await, 213);
        assert_eq!(raw.number("SELECT count(*) FROM license_metadata").await, 106 * 4);
    }

    async fn of_many_licenses_those_with_taken_keys_are_left_out(database: Database) {
        let mut tx = with_catalog(&database).await;
        let (metadata, none) = (metadata("taken"), Metadata::default());
        let first = numbered(1);
        assert_eq!(tx.licenses().insert_many(&[row(&first, None, &none)]).await.unwrap(), [true]);
        let mut licenses: Vec<License> = (2..=120).map(numbered).collect();
        licenses[50] = License { id: license_id(500), number: 1, ..numbered(1) };
        licenses[60] = License { id: license_id(600), number: 600, ..numbered(3) };
        let mut rows: Vec<_> = licenses.iter().map(|new| row(new, None, &metadata)).collect();
        rows[60].key_hash = key_hash(3);
        let added = tx.licenses().insert_many(&rows).await.unwrap();
        let left_out: Vec<usize> = (0..added.len()).filter(|place| !added[*place]).collect();
        assert_eq!(left_out, [50, 60]);
        assert_eq!(tx.licenses().by_id(license_id(500)).await.unwrap(), None);
        let _changed = tx.commit().await.unwrap();
        let mut raw = database.raw().await;
        assert_eq!(raw.number("SELECT count(*) FROM licenses").await, 118);
        assert_eq!(raw.number("SELECT count(*) FROM license_checks").await, 118);
        assert_eq!(raw.number("SELECT count(*) FROM license_metadata").await, 117 * 4);
    }

    async fn no_license_is_added_where_there_is_none(database: Database) {
        let mut tx = with_catalog(&database).await;
        assert!(tx.licenses().insert_many(&[]).await.unwrap().is_empty());
        tx.events().append_many(&[]).await.unwrap();
        assert_eq!(tx.events().outbox_length().await.unwrap(), 0);
    }

    async fn many_events_are_read_in_order_and_told(database: Database) {
        let mut tx = with_catalog(&database).await;
        let events: Vec<_> = (1..=112)
            .map(|number| {
                let mut event = model::Event { id: event_id(number), ..event(1) };
                if number % 2 == 0 {
                    event.outcome = model::Outcome::Refused(model::Reason::SeatsExhausted);
                }
                event
            })
            .collect();
        tx.events().append_many(&events).await.unwrap();
        assert_eq!(tx.events().of_license(license_id(1), 200).await.unwrap(), events);
        assert_eq!(tx.events().outbox_length().await.unwrap(), 56);
    }
}
