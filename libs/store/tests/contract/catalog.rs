//! Products, policies and customers.

use leasehold_store::Error;
use model::{ClientKey, Customer, KeyFormat, Limit, Policy, PolicyCode, PolicyRules, Product, ProductCode};
use testkit::on_both;

use crate::common::{
    add_catalog, add_tenant, at, client_key, customer, customer_id, policy, policy_id, product, product_id,
};

on_both! {
    async fn a_product_is_read_as_it_was_written(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        let bare = Product {
            support_message: None,
            key_format: KeyFormat::Crockford5x5,
            number: u32::MAX,
            ..product(2)
        };
        for product in [product(1), bare] {
            assert!(tx.products().insert(&product).await.unwrap());
            assert_eq!(
                tx.products().by_id(product.id).await.unwrap(),
                Some(product.clone())
            );
            assert_eq!(
                tx.products().by_number(product.number).await.unwrap(),
                Some(product.clone())
            );
            let by_key = tx.products().by_product_key(&product.product_key).await.unwrap();
            assert_eq!(by_key, Some(product.clone()));
            assert_eq!(tx.products().by_code(&product.code).await.unwrap(), Some(product));
        }
        assert_eq!(tx.products().by_id(product_id(3)).await.unwrap(), None);
        assert_eq!(tx.products().by_number(3).await.unwrap(), None);
        assert_eq!(
            tx.products()
                .by_product_key(&product(3).product_key)
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            tx.products()
                .by_code(&ProductCode::parse("none").unwrap())
                .await
                .unwrap(),
            None
        );
    }

    async fn code_number_and_key_of_a_product_are_taken_once(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert!(tx.products().insert(&product(1)).await.unwrap());
        for taken in [
            Product {
                id: product_id(1),
                ..product(2)
            },
            Product {
                code: product(1).code,
                ..product(2)
            },
            Product {
                number: product(1).number,
                ..product(2)
            },
            Product {
                product_key: product(1).product_key,
                ..product(2)
            },
        ] {
            assert!(!tx.products().insert(&taken).await.unwrap());
        }
        assert!(tx.products().insert(&product(2)).await.unwrap());
        assert_eq!(
            tx.products().by_id(product_id(1)).await.unwrap(),
            Some(product(1)),
            "unchanged"
        );
    }

    async fn a_policy_is_read_as_it_was_written(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert!(tx.products().insert(&product(1)).await.unwrap());
        let defaults = Policy {
            rules: PolicyRules::default(),
            ..policy(2)
        };
        let unlimited = Policy {
            rules: PolicyRules {
                seats: Limit::Unlimited,
                deactivation_limit: Limit::AtMost(3),
                ..PolicyRules::default()
            },
            ..policy(3)
        };
        let largest = Policy {
            rules: PolicyRules {
                overage_percent: u16::MAX,
                lease_seconds: u32::MAX,
                refresh_seconds: u32::MAX,
                grace_seconds: u32::MAX,
                offline_lease_seconds: u32::MAX,
                seats: Limit::AtMost(0),
                ..PolicyRules::default()
            },
            ..policy(4)
        };
        for policy in [policy(1), defaults, unlimited, largest] {
            let policy = Policy {
                product_id: product_id(1),
                ..policy
            };
            assert!(tx.policies().insert(&policy).await.unwrap());
            assert_eq!(
                tx.policies().by_id(policy.id).await.unwrap(),
                Some(policy.clone())
            );
            assert_eq!(tx.policies().by_code(&policy.code).await.unwrap(), Some(policy));
        }
        assert_eq!(tx.policies().by_id(policy_id(9)).await.unwrap(), None);
        assert_eq!(
            tx.policies()
                .by_code(&PolicyCode::parse("none").unwrap())
                .await
                .unwrap(),
            None
        );
    }

    async fn the_code_of_a_policy_is_taken_once_and_its_product_exists(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        add_catalog(&mut tx, 1).await;
        let same_product = |policy: Policy| Policy {
            product_id: product_id(1),
            ..policy
        };
        for taken in [
            Policy {
                id: policy_id(1),
                ..policy(2)
            },
            Policy {
                code: policy(1).code,
                ..policy(2)
            },
        ] {
            assert!(!tx.policies().insert(&same_product(taken)).await.unwrap());
        }
        assert!(tx.policies().insert(&same_product(policy(2))).await.unwrap());
        let refused = tx.policies().insert(&policy(3)).await;
        assert!(matches!(refused, Err(Error::Dangling(_))), "{refused:?}");
    }

    async fn a_customer_is_read_as_it_was_written(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        let bare = Customer {
            email: None,
            number: 0,
            created_at: at(-1),
            updated_at: at(-1),
            ..customer(2)
        };
        for customer in [customer(1), bare] {
            assert!(tx.customers().insert(&customer).await.unwrap());
            assert_eq!(
                tx.customers().by_id(customer.id).await.unwrap(),
                Some(customer.clone())
            );
            assert_eq!(
                tx.customers().by_client_key(&customer.client_key).await.unwrap(),
                Some(customer)
            );
        }
        assert_eq!(tx.customers().by_id(customer_id(3)).await.unwrap(), None);
        let lower = ClientKey::parse(client_key(1).as_str().to_lowercase()).unwrap();
        assert_eq!(
            tx.customers().by_client_key(&lower).await.unwrap(),
            None,
            "compared as it is written"
        );
    }

    async fn number_and_client_key_of_a_customer_are_taken_once(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert!(tx.customers().insert(&customer(1)).await.unwrap());
        for taken in [
            Customer {
                id: customer_id(1),
                ..customer(2)
            },
            Customer {
                number: 1,
                ..customer(2)
            },
            Customer {
                client_key: client_key(1),
                ..customer(2)
            },
        ] {
            assert!(!tx.customers().insert(&taken).await.unwrap());
        }
        assert!(tx.customers().insert(&customer(2)).await.unwrap());
    }
}
