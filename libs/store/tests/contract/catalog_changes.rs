//! Policies, customers and settings that vendors list, change and delete.

use leasehold_store::{Page, PolicyRecord};
use model::{Customer, EmailAddress, Metadata, Name, Policy, PolicyRules, Tenant};
use testkit::on_both;
use uuid::Uuid;

use crate::common::{
    add_catalog, add_license, add_tenant, at, customer, customer_id, license, policy, product, product_id,
    tenant,
};

fn page(after: Option<Uuid>, descending: bool, limit: u32) -> Page {
    Page { after, descending, limit }
}

/// A policy of product 1.
fn of_first(number: u32) -> Policy {
    Policy { product_id: product_id(1), ..policy(number) }
}

on_both! {
    async fn policies_are_listed_with_their_products(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let other = add_tenant(&database.store, 2).await;
        let mut tx = database.store.write(other).await.unwrap();
        add_catalog(&mut tx, 4).await;
        let _changed = tx.commit().await.unwrap();
        let mut tx = database.store.write(tenant).await.unwrap();
        for number in [1, 2] {
            assert!(tx.products().insert(&product(number)).await.unwrap());
        }
        for policy in [of_first(3), of_first(1), policy(2)] {
            assert!(tx.policies().insert(&policy).await.unwrap());
        }
        let record = |policy: Policy, number| PolicyRecord { policy, product: product(number).code };
        let records = [record(of_first(1), 1), record(policy(2), 2), record(of_first(3), 1)];
        for (after, descending, limit, expected) in [
            (None, false, 10, vec![0, 1, 2]),
            (None, true, 2, vec![2, 1]),
            (Some(1), false, 10, vec![1, 2]),
            (Some(3), true, 10, vec![1, 0]),
        ] {
            let after = after.map(|number| policy(number).id.uuid());
            let listed = tx.policy_records().list(&page(after, descending, limit)).await.unwrap();
            let expected: Vec<_> = expected.into_iter().map(|place: usize| records[place].clone()).collect();
            assert_eq!(listed, expected);
        }
        for (number, descending, expected) in [(1, false, vec![0, 2]), (1, true, vec![2, 0]), (2, false, vec![1])] {
            let listed =
                tx.policy_records().list_of_product(product_id(number), &page(None, descending, 9)).await.unwrap();
            let expected: Vec<_> = expected.into_iter().map(|place: usize| records[place].clone()).collect();
            assert_eq!(listed, expected);
        }
        let found = tx.policy_records().by_code(&policy(2).code).await.unwrap();
        assert_eq!(found.as_ref(), Some(&records[1]));
    }

    async fn a_policy_changes_whole_and_only_at_its_revision(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert!(tx.products().insert(&product(1)).await.unwrap());
        let first = Policy { rules: PolicyRules::default(), metadata: Metadata::default(), ..of_first(1) };
        assert!(tx.policies().insert(&first).await.unwrap());
        let changed = Policy {
            name: Name::parse("Another").unwrap(),
            rules: policy(1).rules,
            metadata: policy(1).metadata,
            updated_at: at(50),
            ..first.clone()
        };
        assert_ne!(first.rules, changed.rules);
        assert!(tx.policies().update(&changed).await.unwrap());
        let after = Policy { revision: 2, ..changed.clone() };
        assert_eq!(tx.policies().by_id(changed.id).await.unwrap(), Some(after.clone()));
        assert!(!tx.policies().update(&changed).await.unwrap(), "of the revision before");
        assert!(!tx.policies().delete(&changed).await.unwrap(), "of the revision before");
        assert!(tx.policies().delete(&after).await.unwrap());
        assert_eq!(tx.policies().by_id(changed.id).await.unwrap(), None);
    }

    async fn a_customer_changes_only_at_its_revision(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert!(tx.customers().insert(&customer(1)).await.unwrap());
        let changed = Customer {
            name: Name::parse("Another").unwrap(),
            email: None,
            metadata: Metadata::default(),
            updated_at: at(50),
            ..customer(1)
        };
        assert!(tx.customers().update(&changed).await.unwrap());
        let after = Customer { revision: 2, ..changed.clone() };
        assert_eq!(tx.customers().by_id(changed.id).await.unwrap(), Some(after.clone()));
        assert!(!tx.customers().update(&changed).await.unwrap(), "of the revision before");
        assert!(!tx.customers().delete(&changed).await.unwrap(), "of the revision before");
        assert!(tx.customers().delete(&after).await.unwrap());
        assert_eq!(tx.customers().by_id(changed.id).await.unwrap(), None);
    }

    async fn customers_are_found_by_address_and_number(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let other = add_tenant(&database.store, 2).await;
        let mut tx = database.store.write(other).await.unwrap();
        assert!(tx.customers().insert(&customer(4)).await.unwrap());
        let _changed = tx.commit().await.unwrap();
        let mut tx = database.store.write(tenant).await.unwrap();
        let email = |text: &str| Some(EmailAddress::parse(text).unwrap());
        for (number, address) in [(3, email("Sam@Example.com")), (1, email("sam@example.com")), (2, None)] {
            let added = tx.customers().insert(&Customer { email: address, ..customer(number) }).await.unwrap();
            assert!(added);
        }
        let numbers = |found: Vec<Customer>| found.iter().map(|found| found.number).collect::<Vec<_>>();
        let wanted = email("SAM@example.com").unwrap();
        let listed = tx.customers().list_by_email(&wanted, &page(None, false, 9)).await.unwrap();
        assert_eq!(numbers(listed), [1, 3]);
        let after = Some(customer_id(3).uuid());
        let listed = tx.customers().list_by_email(&wanted, &page(after, true, 9)).await.unwrap();
        assert_eq!(numbers(listed), [1]);
        let nobody = email("nobody@example.com").unwrap();
        assert!(tx.customers().list_by_email(&nobody, &page(None, false, 9)).await.unwrap().is_empty());
        assert_eq!(numbers(tx.customers().list(&page(None, true, 2)).await.unwrap()), [3, 2]);
        assert_eq!(numbers(tx.customers().list(&page(None, false, 9)).await.unwrap()), [1, 2, 3]);
        assert_eq!(tx.customers().by_number(2).await.unwrap().map(|found| found.id), Some(customer_id(2)));
        assert_eq!(tx.customers().by_number(4).await.unwrap(), None, "of another tenant");
    }

    async fn what_has_licenses_is_not_deleted(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        add_catalog(&mut tx, 1).await;
        assert!(add_license(&mut tx, &license(1)).await);
        assert!(!tx.policies().delete(&policy(1)).await.unwrap());
        assert!(!tx.customers().delete(&customer(1)).await.unwrap());
        assert_eq!(tx.policies().by_id(policy(1).id).await.unwrap(), Some(policy(1)));
        assert_eq!(tx.customers().by_id(customer(1).id).await.unwrap(), Some(customer(1)));
    }

    async fn what_is_given_a_license_at_the_same_time_is_not_deleted(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        add_catalog(&mut tx, 1).await;
        let _changed = tx.commit().await.unwrap();
        let mut giving = database.store.write(tenant).await.unwrap();
        assert!(add_license(&mut giving, &license(1)).await);
        let delete = |of_policy: bool| {
            let store = database.store.clone();
            tokio::spawn(async move {
                let mut tx = store.write(tenant).await.unwrap();
                if of_policy {
                    tx.policies().delete(&policy(1)).await
                } else {
                    tx.customers().delete(&customer(1)).await
                }
            })
        };
        let deleting = [delete(true), delete(false)];
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let _changed = giving.commit().await.unwrap();
        for deleted in deleting {
            assert!(!deleted.await.unwrap().unwrap());
        }
    }

    async fn settings_are_those_of_the_tenant_and_change_at_their_revision(database: Database) {
        let first = add_tenant(&database.store, 1).await;
        let second = add_tenant(&database.store, 2).await;
        let mut tx = database.store.write(first).await.unwrap();
        assert_eq!(tx.settings().find().await.unwrap(), Some(tenant(1)));
        let changed =
            Tenant { name: Name::parse("Another").unwrap(), checks_are_events: true, ..tenant(1) };
        assert!(tx.settings().update(&changed).await.unwrap());
        assert!(!tx.settings().update(&changed).await.unwrap(), "of the revision before");
        let after = Tenant { revision: 2, ..changed };
        assert_eq!(tx.settings().find().await.unwrap().as_ref(), Some(&after));
        let _changed = tx.commit().await.unwrap();
        assert_eq!(database.store.tenant_by_slug(&after.slug).await.unwrap(), Some(after));
        let mut tx = database.store.read(second).await.unwrap();
        assert_eq!(tx.settings().find().await.unwrap(), Some(tenant(2)), "another tenant's stay");
    }
}
