//! `…/v1/tenants/{tenant}/domains`

use licensing::Licensing;
use model::{DomainName, TenantSlug, Timestamp};
use poem_openapi::{Object, OpenApi, types::Example};
use serde::Serialize;

use super::{Tag, operator::Operator};
use crate::{
    client::wire::Instant,
    http::{path::PathParam, reply::Reply, resource::NoContent},
    problem::{Problem, managed},
};

type DomainReply = Reply<DomainShape, 200>;
type ListReply = Reply<DomainList, 200>;

/// A host at whose root a tenant is served.
#[derive(Object, Serialize)]
#[oai(rename = "Domain", example, skip_serializing_if_is_none)]
pub(crate) struct DomainShape {
    /// The name of the host.
    name: String,
    /// Since when the tenant has it.
    created_at: Instant,
}

/// The domains of a tenant.
#[derive(Object, Serialize)]
#[oai(rename = "DomainList", example, skip_serializing_if_is_none)]
pub(crate) struct DomainList {
    /// All of them, by name.
    items: Vec<DomainShape>,
}

impl From<&(DomainName, Timestamp)> for DomainShape {
    fn from((name, at): &(DomainName, Timestamp)) -> Self {
        Self { name: name.to_string(), created_at: (*at).into() }
    }
}

/// The operation.
pub(crate) struct AddDomain(pub(super) Licensing);

#[OpenApi]
impl AddDomain {
    /// Give a tenant a domain
    ///
    /// A request that names this host is then served at the root as it is below `/t/` and the slug. That the name leads to this
    /// server, and TLS, are up to the operator. Giving it again changes nothing.
    #[oai(
        path = "/v1/tenants/:tenant/domains/:domain",
        method = "put",
        operation_id = "addDomain",
        tag = "Tag::Tenants"
    )]
    async fn add(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
        /// The name of the host, in lower case.
        #[oai(name = "domain")]
        domain: PathParam<DomainName>,
    ) -> Result<DomainReply, Problem> {
        let added = self.0.add_domain(&operator.call, &tenant.0, &domain.0).await.map_err(managed)?;
        Ok(Reply::fresh(DomainReply::render(&(&added).into())))
    }
}

/// The operation.
pub(crate) struct ListDomains(pub(super) Licensing);

#[OpenApi]
impl ListDomains {
    /// List the domains of a tenant
    ///
    /// All at once: there are few.
    #[oai(
        path = "/v1/tenants/:tenant/domains",
        method = "get",
        operation_id = "listDomains",
        tag = "Tag::Tenants"
    )]
    async fn list(
        &self,
        _operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
    ) -> Result<ListReply, Problem> {
        let domains = self.0.domains(&tenant.0).await.map_err(managed)?;
        let items = domains.iter().map(DomainShape::from).collect();
        Ok(Reply::fresh(ListReply::render(&DomainList { items })))
    }
}

/// The operation.
pub(crate) struct RemoveDomain(pub(super) Licensing);

#[OpenApi]
impl RemoveDomain {
    /// Take a domain from a tenant
    ///
    /// From the next request on, it is a host like any other.
    #[oai(
        path = "/v1/tenants/:tenant/domains/:domain",
        method = "delete",
        operation_id = "removeDomain",
        tag = "Tag::Tenants"
    )]
    async fn remove(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
        /// The name of the host, in lower case.
        #[oai(name = "domain")]
        domain: PathParam<DomainName>,
    ) -> Result<NoContent, Problem> {
        self.0.remove_domain(&operator.call, &tenant.0, &domain.0).await.map_err(managed)?;
        Ok(NoContent)
    }
}

impl Example for DomainShape {
    fn example() -> Self {
        Self { name: "licenses.acme.example".to_owned(), created_at: "2026-03-01T12:00:00Z".into() }
    }
}

impl Example for DomainList {
    fn example() -> Self {
        Self { items: vec![Example::example()] }
    }
}
