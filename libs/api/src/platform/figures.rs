//! `GET /v1/tenants/{tenant}/figures`

use licensing::{Figures, Licensing};
use model::TenantSlug;
use poem_openapi::{Object, OpenApi, types::Example};
use serde::Serialize;

use super::{Tag, operator::Operator};
use crate::{
    client::wire::Instant,
    http::{path::PathParam, reply::Reply},
    problem::{Problem, managed},
};

type FiguresReply = Reply<TenantFigures, 200>;

/// How much a tenant has.
#[derive(Object, Serialize)]
#[oai(rename = "TenantFigures", example, skip_serializing_if_is_none)]
pub(crate) struct TenantFigures {
    /// Licenses that are active, expired ones included.
    active_licenses: u64,
    /// Licenses that are suspended.
    suspended_licenses: u64,
    /// Licenses that are revoked.
    revoked_licenses: u64,
    /// Machines on which a license is activated.
    active_machines: u64,
    /// Customers.
    customers: u64,
    /// Products.
    products: u64,
    /// API keys that are not revoked.
    api_keys: u64,
    /// Entries of the audit log.
    events: u64,
    /// When a license was last checked; absent when none ever was.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_checked_at: Option<Instant>,
}

impl From<Figures> for TenantFigures {
    fn from(figures: Figures) -> Self {
        Self {
            active_licenses: figures.active_licenses,
            suspended_licenses: figures.suspended_licenses,
            revoked_licenses: figures.revoked_licenses,
            active_machines: figures.active_machines,
            customers: figures.customers,
            products: figures.products,
            api_keys: figures.api_keys,
            events: figures.events,
            last_checked_at: figures.last_checked_at.map(Instant::from),
        }
    }
}

/// The operation.
pub(crate) struct GetFigures(pub(super) Licensing);

#[OpenApi]
impl GetFigures {
    /// Get the figures of a tenant
    ///
    /// Counted when they are asked for: for a large tenant, that takes a while.
    #[oai(
        path = "/v1/tenants/:tenant/figures",
        method = "get",
        operation_id = "getTenantFigures",
        tag = "Tag::Tenants"
    )]
    async fn figures(
        &self,
        _operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
    ) -> Result<FiguresReply, Problem> {
        let figures = self.0.figures(&tenant.0).await.map_err(managed)?;
        Ok(Reply::fresh(FiguresReply::render(&figures.into())))
    }
}

impl Example for TenantFigures {
    fn example() -> Self {
        Self {
            active_licenses: 8_412,
            suspended_licenses: 17,
            revoked_licenses: 203,
            active_machines: 11_950,
            customers: 3_120,
            products: 4,
            api_keys: 3,
            events: 96_004,
            last_checked_at: Some("2026-03-01T12:00:00Z".into()),
        }
    }
}
