//! Tenants and the installation.

use model::{Issuer, Tenant, TenantSlug, TenantState};
use testkit::on_both;

use crate::common::{add_tenant, at, product, tenant, tenant_id};

on_both! {
    async fn a_tenant_is_read_as_it_was_written(database: Database) {
        let store = &database.store;
        let suspended = Tenant {
            state: TenantState::Suspended,
            refuses_mistyped_keys: false,
            ..tenant(1)
        };
        let active = tenant(2);
        let mut platform = store.platform().await.unwrap();
        assert!(platform.insert_tenant(&active).await.unwrap());
        assert!(platform.insert_tenant(&suspended).await.unwrap());
        platform.commit().await.unwrap();
        assert_eq!(
            store.tenant_by_slug(&suspended.slug).await.unwrap(),
            Some(suspended.clone())
        );
        assert_eq!(
            store.tenant_by_slug(&active.slug).await.unwrap(),
            Some(active.clone())
        );
        assert_eq!(
            store
                .tenant_by_slug(&TenantSlug::parse("nobody").unwrap())
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            store.tenants().await.unwrap(),
            [suspended, active],
            "ordered by slug"
        );
    }

    async fn slug_and_issuer_are_taken_once(database: Database) {
        let store = &database.store;
        add_tenant(store, 1).await;
        let mut platform = store.platform().await.unwrap();
        let same_slug = Tenant {
            slug: tenant(1).slug,
            ..tenant(2)
        };
        let same_issuer = Tenant {
            issuer: tenant(1).issuer,
            ..tenant(3)
        };
        let free = Tenant {
            issuer: Issuer::parse("https://other.example").unwrap(),
            ..tenant(4)
        };
        assert!(!platform.insert_tenant(&same_slug).await.unwrap());
        assert!(!platform.insert_tenant(&same_issuer).await.unwrap());
        assert!(platform.insert_tenant(&free).await.unwrap());
        platform.commit().await.unwrap();
        assert_eq!(store.tenants().await.unwrap(), [tenant(1), free]);
    }

    async fn the_first_master_key_check_stays(database: Database) {
        let mut platform = database.store.platform().await.unwrap();
        assert_eq!(
            platform.master_key_check(b"first", at(1)).await.unwrap(),
            b"first"
        );
        assert_eq!(
            platform.master_key_check(b"second", at(2)).await.unwrap(),
            b"first"
        );
        platform.commit().await.unwrap();
        let mut platform = database.store.platform().await.unwrap();
        assert_eq!(
            platform.master_key_check(b"third", at(3)).await.unwrap(),
            b"first"
        );
    }

    async fn the_epoch_of_what_is_kept_grows_once_there_is_an_installation(database: Database) {
        let store = &database.store;
        let installed = store.cache_epoch().await.is_ok();
        assert_eq!(store.bump_cache_epoch().await.is_ok(), installed);
        let mut platform = store.platform().await.unwrap();
        platform.master_key_check(b"check", at(1)).await.unwrap();
        platform.commit().await.unwrap();
        let before = store.cache_epoch().await.unwrap();
        assert_eq!(store.bump_cache_epoch().await.unwrap(), before + 1);
        assert_eq!(store.bump_cache_epoch().await.unwrap(), before + 2);
        assert_eq!(store.cache_epoch().await.unwrap(), before + 2);
    }

    async fn entering_a_tenant_goes_on_in_the_same_unit_of_work(database: Database) {
        let store = &database.store;
        for (number, keeps) in [(1, false), (2, true)] {
            let mut platform = store.platform().await.unwrap();
            assert!(platform.insert_tenant(&tenant(number)).await.unwrap());
            let mut tx = platform.enter(tenant_id(number)).await.unwrap();
            assert!(tx.products().insert(&product(number)).await.unwrap());
            if keeps {
                let _changed = tx.commit().await.unwrap();
            }
        }
        assert_eq!(
            store.tenants().await.unwrap(),
            [tenant(2)],
            "the other was rolled back whole"
        );
        let mut tx = store.read(tenant_id(2)).await.unwrap();
        assert_eq!(
            tx.products().by_id(product(2).id).await.unwrap(),
            Some(product(2))
        );
    }
}
