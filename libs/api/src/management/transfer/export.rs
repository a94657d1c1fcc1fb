//! `GET /v1/exports/…`

use licensing::{LicenseFilter, Licensing};
use model::Scope;
use poem_openapi::OpenApi;

use super::{
    Tag,
    customers::Customers,
    download::Download,
    format::{AsCsv, AsNdjson, Written},
    licenses::Licenses,
    machines::Machines,
    query::{Flag, OfPolicy, OfProduct, OfState},
};
use crate::{
    http::{
        credential::{Authorized, scope},
        query::QueryParam,
    },
    problem::{Fault, Problem, managed},
};

type Keys = QueryParam<Flag>;

/// Whether keys are wanted, which the credential must allow.
fn keys<S>(authorized: &Authorized<S>, keys: &Keys) -> Result<bool, Problem> {
    let wanted = keys.0.unwrap_or_default().0;
    if wanted && !authorized.key.scopes.allow(Scope::LicensesReveal) {
        let detail = "Exporting keys also needs the scope licenses:reveal.";
        return Err(Problem::new(Fault::InsufficientScope).detail(detail));
    }
    Ok(wanted)
}

async fn licenses<F: Written>(
    licensing: &Licensing,
    authorized: Authorized<scope::LicensesRead>,
    filter: LicenseFilter,
    with_keys: &Keys,
) -> Result<Download<F>, Problem> {
    let with_keys = keys(&authorized, with_keys)?;
    let caller = authorized.caller;
    let begun = licensing.begin_license_export(&caller.tenant, &caller.call, &filter, with_keys).await;
    let selection = begun.map_err(managed)?;
    let (licensing, tenant) = (licensing.clone(), caller.tenant.clone());
    let fetch = move |after| {
        let (licensing, tenant) = (licensing.clone(), tenant.clone());
        async move { licensing.export_licenses(&tenant, &selection, with_keys, after).await }
    };
    Download::of::<Licenses, _, _, _>(&caller, with_keys, fetch).await
}

async fn customers<F: Written>(
    licensing: &Licensing,
    authorized: Authorized<scope::CustomersRead>,
) -> Result<Download<F>, Problem> {
    let caller = authorized.caller;
    let (licensing, tenant) = (licensing.clone(), caller.tenant.clone());
    let fetch = move |after| {
        let (licensing, tenant) = (licensing.clone(), tenant.clone());
        async move { licensing.export_customers(&tenant, after).await }
    };
    Download::of::<Customers, _, _, _>(&caller, false, fetch).await
}

async fn machines<F: Written>(
    licensing: &Licensing,
    authorized: Authorized<scope::MachinesRead>,
    with_keys: &Keys,
) -> Result<Download<F>, Problem> {
    let with_keys = keys(&authorized, with_keys)?;
    let caller = authorized.caller;
    let begun = licensing.begin_machine_export(&caller.tenant, &caller.call, with_keys).await;
    begun.map_err(managed)?;
    let (licensing, tenant) = (licensing.clone(), caller.tenant.clone());
    let fetch = move |after| {
        let (licensing, tenant) = (licensing.clone(), tenant.clone());
        async move { licensing.export_machines(&tenant, with_keys, after).await }
    };
    Download::of::<Machines, _, _, _>(&caller, with_keys, fetch).await
}

macro_rules! exports {
    ($format:ty, $name:literal: $licenses:literal $license_id:literal, $customers:literal $customer_id:literal,
        $machines:literal $machine_id:literal, $operations:ident) => {
        /// The operations.
        pub(crate) struct $operations(pub(super) Licensing);

        #[OpenApi]
        impl $operations {
            #[doc = concat!("Export licenses as ", $name)]
            ///
            /// All licenses, or those that the filters leave, in the order of their creation. Whatever is there from the
            /// beginning of the export to its end is in it exactly once. An answer that breaks off ends with an error of the
            /// transfer.
            #[oai(path = $licenses, method = "get", operation_id = $license_id, tag = "Tag::Transfers")]
            async fn licenses(
                &self,
                authorized: Authorized<scope::LicensesRead>,
                /// Only those of the product with this code.
                #[oai(name = "product")]
                product: QueryParam<OfProduct>,
                /// Only those of the policy with this code.
                #[oai(name = "policy")]
                policy: QueryParam<OfPolicy>,
                /// Only those in this state.
                #[oai(name = "state")]
                state: QueryParam<OfState>,
                /// Whether the license keys are in it. Needs the scope `licenses:reveal` too, and is written into the audit
                /// log.
                #[oai(name = "keys")]
                keys: QueryParam<Flag>,
            ) -> Result<Download<$format>, Problem> {
                let filter = LicenseFilter {
                    product: product.0.map(|OfProduct(code)| code),
                    policy: policy.0.map(|OfPolicy(code)| code),
                    state: state.0.map(|OfState(state)| state),
                };
                licenses(&self.0, authorized, filter, &keys).await
            }

            #[doc = concat!("Export customers as ", $name)]
            ///
            /// All customers in the order of their creation. Whatever is there from the beginning of the export to its end is
            /// in it exactly once. An answer that breaks off ends with an error of the transfer.
            #[oai(path = $customers, method = "get", operation_id = $customer_id, tag = "Tag::Transfers")]
            async fn customers(
                &self,
                authorized: Authorized<scope::CustomersRead>,
            ) -> Result<Download<$format>, Problem> {
                customers(&self.0, authorized).await
            }

            #[doc = concat!("Export machines as ", $name)]
            ///
            /// All machines in the order of their first activation. Whatever is there from the beginning of the export to its
            /// end is in it exactly once. An answer that breaks off ends with an error of the transfer.
            #[oai(path = $machines, method = "get", operation_id = $machine_id, tag = "Tag::Transfers")]
            async fn machines(
                &self,
                authorized: Authorized<scope::MachinesRead>,
                /// Whether the keys of the licenses are in it. Needs the scope `licenses:reveal` too, and is written into the
                /// audit log.
                #[oai(name = "keys")]
                keys: QueryParam<Flag>,
            ) -> Result<Download<$format>, Problem> {
                machines(&self.0, authorized, &keys).await
            }
        }
    };
}

exports! {
    AsCsv, "CSV": "/v1/exports/licenses.csv" "exportLicensesAsCsv",
    "/v1/exports/customers.csv" "exportCustomersAsCsv", "/v1/exports/machines.csv" "exportMachinesAsCsv", ExportCsv
}
exports! {
    AsNdjson, "NDJSON": "/v1/exports/licenses.ndjson" "exportLicensesAsNdjson",
    "/v1/exports/customers.ndjson" "exportCustomersAsNdjson", "/v1/exports/machines.ndjson" "exportMachinesAsNdjson",
    ExportNdjson
}
