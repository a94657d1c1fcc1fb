//! What operators decide about tenants.

use leasehold_store::Page;
use model::{HostedTenant, Quota, RateLimitOverrides, Tenant, TenantLimits, TenantState};
use testkit::on_both;

use crate::common::{add_tenant, at, member, name, tenant, tenant_id};

on_both! {
    async fn members_are_read_as_they_were_written(database: Database) {
        let store = &database.store;
        for number in [1, 2] {
            add_tenant(store, number).await;
        }
        let mut tx = store.write(tenant_id(1)).await.unwrap();
        assert!(tx.members().insert(&member(1)).await.unwrap());
        assert!(!tx.members().insert(&member(2)).await.unwrap(), "the address is taken");
        assert_eq!(tx.members().all().await.unwrap(), [member(1)]);
        let _changed = tx.commit().await.unwrap();
        let mut tx = store.write(tenant_id(2)).await.unwrap();
        assert!(tx.members().insert(&member(1)).await.unwrap(), "but not in another tenant");
    }

    async fn rate_limits_are_read_with_the_tenant_as_they_were_set(database: Database) {
        let store = &database.store;
        let (id, slug) = (add_tenant(store, 1).await, tenant(1).slug);
        add_tenant(store, 2).await;
        let quota = |count| Quota::new(count, 60).ok();
        let all = RateLimitOverrides {
            address: quota(1),
            license_key: quota(2),
            api_key: quota(3),
            tenant: quota(4),
            wrong_keys_address: quota(5),
            wrong_keys_tenant: Quota::new(Quota::MOST, Quota::LONGEST).ok(),
        };
        for (changes, limits) in [(1, all), (2, RateLimitOverrides { api_key: None, ..all }), (3, RateLimitOverrides::default())] {
            let mut platform = store.platform().await.unwrap();
            platform.set_rate_limits(id, &limits).await.unwrap();
            platform.commit().await.unwrap();
            let expected = Tenant { rate_limits: limits, revision: 1 + changes, ..tenant(1) };
            assert_eq!(store.tenant_by_slug(&slug).await.unwrap().as_ref(), Some(&expected));
            assert_eq!(store.hosted_tenant(&slug).await.unwrap().unwrap().tenant, expected);
            let mut tx = store.read(id).await.unwrap();
            assert_eq!(tx.settings().find().await.unwrap().as_ref(), Some(&expected));
            assert_eq!(tx.archived_tenant().await.unwrap(), Some(expected));
            assert_eq!(store.tenant_by_slug(&tenant(2).slug).await.unwrap(), Some(tenant(2)), "of another tenant");
        }
    }

    async fn a_tenant_is_changed_only_as_its_state_allows(database: Database) {
        let store = &database.store;
        let (id, slug) = (add_tenant(store, 1).await, tenant(1).slug);
        add_tenant(store, 2).await;
        let other = store.hosted_tenant(&tenant(2).slug).await.unwrap();
        let mut platform = store.platform().await.unwrap();
        let fresh = platform.hosted_tenant(&slug).await.unwrap().unwrap();
        let expected = HostedTenant {
            tenant: tenant(1),
            limits: TenantLimits::default(),
            revision: 1,
            suspended_at: None,
            exported_at: None,
            delete_after: None,
            purged_since: None,
        };
        assert_eq!(fresh, expected);
        assert!(!platform.rename_tenant(id, 7, &name("Other")).await.unwrap(), "another revision");
        assert!(platform.rename_tenant(id, 1, &name("Other")).await.unwrap());
        assert!(!platform.resume_tenant(id).await.unwrap(), "it is served");
        assert!(!platform.delete_tenant_after(id, at(90)).await.unwrap(), "it is served");
        platform.mark_exported(id, at(20)).await.unwrap();
        platform.mark_exported(id, at(19)).await.unwrap();
        assert!(platform.suspend_tenant(id, at(21)).await.unwrap());
        assert!(!platform.suspend_tenant(id, at(22)).await.unwrap(), "it is suspended");
        assert!(!platform.delete_tenant_after(id, at(90)).await.unwrap(), "exported before it was suspended");
        platform.mark_exported(id, at(21)).await.unwrap();
        assert!(!platform.keep_tenant(id).await.unwrap(), "nobody asked for it to be deleted");
        assert!(platform.delete_tenant_after(id, at(90)).await.unwrap());
        assert!(!platform.resume_tenant(id).await.unwrap(), "it is to be deleted");
        let limits = TenantLimits { licenses: Some(0), products: Some(u32::MAX), customers: None, api_keys: Some(3) };
        platform.set_limits(id, &limits).await.unwrap();
        platform.commit().await.unwrap();
        let changed = store.hosted_tenant(&slug).await.unwrap().unwrap();
        let mut suspended = Tenant { name: name("Other"), ..tenant(1) };
        suspended.state = TenantState::Suspended;
        let expected = HostedTenant {
            tenant: Tenant { revision: 5, ..suspended },
            limits,
            revision: 5,
            suspended_at: Some(at(21)),
            exported_at: Some(at(21)),
            delete_after: Some(at(90)),
            purged_since: None,
        };
        assert_eq!(changed, expected);
        assert!(changed.is_archived());
        let mut platform = store.platform().await.unwrap();
        assert!(platform.keep_tenant(id).await.unwrap());
        assert!(platform.resume_tenant(id).await.unwrap());
        platform.commit().await.unwrap();
        let resumed = store.hosted_tenant(&slug).await.unwrap().unwrap();
        assert_eq!((resumed.tenant.state, resumed.suspended_at), (TenantState::Active, None));
        assert_eq!(store.hosted_tenant(&tenant(2).slug).await.unwrap(), other, "the other is as it was");
    }

    async fn tenants_are_listed_in_the_order_of_creation(database: Database) {
        let store = &database.store;
        for number in [2, 1, 3] {
            add_tenant(store, number).await;
        }
        let list = async |after, descending, limit| -> Vec<_> {
            let page = Page { after, descending, limit };
            let hosted = store.hosted_tenants(&page).await.unwrap();
            hosted.into_iter().map(|hosted| hosted.tenant.id).collect()
        };
        assert_eq!(list(None, false, 2).await, [tenant_id(1), tenant_id(2)]);
        assert_eq!(list(Some(tenant_id(2).uuid()), false, 9).await, [tenant_id(3)]);
        assert_eq!(list(Some(tenant_id(3).uuid()), true, 9).await, [tenant_id(2), tenant_id(1)]);
    }
}
