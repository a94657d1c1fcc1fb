//! What vendors manage: lists, changes under a revision, API keys, metadata of licenses.

use leasehold_store::Page;
use model::{ApiKey, Metadata, Name, Product};
use testkit::on_both;
use uuid::Uuid;

use crate::common::{
    add_catalog, add_license, add_tenant, api_key, api_key_id, at, license, license_id, metadata, product,
};

fn page(after: Option<Uuid>, descending: bool, limit: u32) -> Page {
    Page { after, descending, limit }
}

on_both! {
    async fn products_are_listed_piece_by_piece_in_both_directions(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let other = add_tenant(&database.store, 2).await;
        let mut tx = database.store.write(other).await.unwrap();
        assert!(tx.products().insert(&product(4)).await.unwrap());
        let _changed = tx.commit().await.unwrap();
        let mut tx = database.store.write(tenant).await.unwrap();
        for number in [3, 1, 2] {
            assert!(tx.products().insert(&product(number)).await.unwrap());
        }
        for (after, descending, limit, expected) in [
            (None, false, 10, vec![1, 2, 3]),
            (None, true, 10, vec![3, 2, 1]),
            (None, false, 2, vec![1, 2]),
            (Some(2), false, 2, vec![3]),
            (Some(2), true, 2, vec![1]),
            (Some(3), false, 2, vec![]),
        ] {
            let after = after.map(|number| product(number).id.uuid());
            let listed = tx.products().list(&page(after, descending, limit)).await.unwrap();
            let expected: Vec<Product> = expected.into_iter().map(product).collect();
            assert_eq!(listed, expected);
        }
    }

    async fn a_product_changes_only_at_its_revision(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert!(tx.products().insert(&product(1)).await.unwrap());
        let changed = Product {
            name: Name::parse("Another").unwrap(),
            support_message: None,
            metadata: Metadata::default(),
            updated_at: at(50),
            ..product(1)
        };
        assert!(tx.products().update(&changed).await.unwrap());
        let after = Product { revision: 2, ..changed.clone() };
        assert_eq!(tx.products().by_id(changed.id).await.unwrap(), Some(after.clone()));
        assert!(!tx.products().update(&changed).await.unwrap(), "of the revision before");
        assert!(!tx.products().delete(&changed).await.unwrap(), "of the revision before");
        assert!(tx.products().delete(&after).await.unwrap());
        assert_eq!(tx.products().by_id(changed.id).await.unwrap(), None);
    }

    async fn a_product_with_policies_is_not_deleted(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        add_catalog(&mut tx, 1).await;
        assert!(!tx.products().delete(&product(1)).await.unwrap());
        assert_eq!(tx.products().by_id(product(1).id).await.unwrap(), Some(product(1)));
    }

    async fn an_api_key_is_read_as_it_was_written(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        let bare = ApiKey { expires_at: None, ..api_key(2) };
        assert!(tx.api_keys().insert(&api_key(1), &[1; 32]).await.unwrap());
        assert!(tx.api_keys().insert(&bare, &[2; 32]).await.unwrap());
        let taken = ApiKey { public_id: api_key(1).public_id, ..api_key(3) };
        assert!(!tx.api_keys().insert(&taken, &[3; 32]).await.unwrap());
        let found = tx.api_keys().by_public_id(&bare.public_id).await.unwrap().unwrap();
        assert_eq!((found.key, found.secret_hash), (bare.clone(), [2; 32]));
        assert!(tx.api_keys().by_public_id("nobody00").await.unwrap().is_none());
        assert_eq!(tx.api_keys().list(&page(None, true, 9)).await.unwrap(), [bare, api_key(1)]);
        assert_eq!(tx.api_keys().list(&page(None, false, 1)).await.unwrap(), [api_key(1)]);
    }

    async fn an_api_key_is_revoked_once_and_its_last_use_never_goes_back(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        assert!(tx.api_keys().insert(&api_key(1), &[1; 32]).await.unwrap());
        tx.api_keys().touch(api_key_id(1), at(60)).await.unwrap();
        tx.api_keys().touch(api_key_id(1), at(55)).await.unwrap();
        assert!(tx.api_keys().revoke(api_key_id(1), at(70)).await.unwrap());
        assert!(!tx.api_keys().revoke(api_key_id(1), at(80)).await.unwrap());
        let expected = ApiKey { revoked_at: Some(at(70)), last_used_at: Some(at(60)), ..api_key(1) };
        assert_eq!(tx.api_keys().by_id(api_key_id(1)).await.unwrap(), Some(expected));
    }

    async fn metadata_of_a_license_replaces_what_was_there(database: Database) {
        let tenant = add_tenant(&database.store, 1).await;
        let mut tx = database.store.write(tenant).await.unwrap();
        add_catalog(&mut tx, 1).await;
        assert!(add_license(&mut tx, &license(1)).await);
        assert!(tx.licenses().metadata(license_id(1)).await.unwrap().is_empty());
        for written in [metadata("first"), metadata("second"), Metadata::default()] {
            tx.licenses().set_metadata(license_id(1), &written).await.unwrap();
            assert_eq!(tx.licenses().metadata(license_id(1)).await.unwrap(), written);
        }
    }
}
