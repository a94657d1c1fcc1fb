//! `POST /v1/imports/…`

use std::sync::Arc;

use licensing::{Error, ImportMode, Licensing};
use poem_openapi::OpenApi;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    Tag,
    customers::Customers,
    feed::{Checked, Feed, check},
    format::{AsCsv, AsNdjson, Written},
    licenses::Licenses,
    machines::Machines,
    query::Flag,
    report::{Refused, Report},
    upload::Upload,
};
use crate::{
    http::{
        credential::{Authorized, scope},
        query::QueryParam,
    },
    problem::{Problem, managed},
};

/// What imports of all tenants share.
#[derive(Clone)]
pub(super) struct Imports {
    licensing: Licensing,
    /// Each holds a connection to the database for as long as it takes.
    places: Arc<Semaphore>,
}

/// Imports that are brought in at a time.
const PLACES: usize = 4;

impl Imports {
    pub(super) fn new(licensing: &Licensing) -> Self {
        Self { licensing: licensing.clone(), places: Arc::new(Semaphore::new(PLACES)) }
    }

    fn place(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let busy = |_| managed(Error::Unavailable("too many imports run at the moment".into()));
        self.places.try_acquire().map_err(busy)
    }

    async fn licenses<F: Written>(
        &self,
        authorized: Authorized<scope::LicensesWrite>,
        mode: ImportMode,
        upload: Upload<F>,
    ) -> Result<Report, Problem> {
        let (_place, caller) = (self.place()?, authorized.caller);
        let checked = check::<Licenses>(upload.file, F::FORMAT).await?;
        let (count, mut report) = (checked.count, Refused::new()?);
        let mut feed = Feed::<Licenses>::of(checked, F::FORMAT);
        let (tenant, call) = (&caller.tenant, &caller.call);
        let done =
            self.licensing.import_license_lines(tenant, call, count, &mut feed, &mut report, mode).await;
        report.conclude(done.map_err(managed)?).map_err(managed)
    }

    async fn customers<F: Written>(
        &self,
        authorized: Authorized<scope::CustomersWrite>,
        mode: ImportMode,
        upload: Upload<F>,
    ) -> Result<Report, Problem> {
        let (_place, caller) = (self.place()?, authorized.caller);
        let checked = check::<Customers>(upload.file, F::FORMAT).await?;
        let (count, mut report) = (checked.count, Refused::new()?);
        let mut feed = Feed::<Customers>::of(checked, F::FORMAT);
        let (tenant, call) = (&caller.tenant, &caller.call);
        let done =
            self.licensing.import_customer_lines(tenant, call, count, &mut feed, &mut report, mode).await;
        report.conclude(done.map_err(managed)?).map_err(managed)
    }

    async fn machines<F: Written>(
        &self,
        authorized: Authorized<scope::MachinesWrite>,
        mode: ImportMode,
        upload: Upload<F>,
    ) -> Result<Report, Problem> {
        let (_place, caller) = (self.place()?, authorized.caller);
        let checked: Checked = check::<Machines>(upload.file, F::FORMAT).await?;
        let mut report = Refused::new()?;
        let mut feed = Feed::<Machines>::of(checked, F::FORMAT);
        let (tenant, call) = (&caller.tenant, &caller.call);
        let done = self.licensing.import_machine_lines(tenant, call, &mut feed, &mut report, mode).await;
        report.conclude(done.map_err(managed)?).map_err(managed)
    }
}

fn mode(all_or_nothing: &QueryParam<Flag>, dry_run: &QueryParam<Flag>) -> ImportMode {
    let flag = |param: &QueryParam<Flag>| param.0.unwrap_or_default().0;
    ImportMode { all_or_nothing: flag(all_or_nothing), dry_run: flag(dry_run) }
}

macro_rules! imports {
    ($format:ty, $name:literal: $licenses:literal $license_id:literal, $customers:literal $customer_id:literal,
        $machines:literal $machine_id:literal, $operations:ident) => {
        /// The operations.
        pub(crate) struct $operations(pub(super) Imports);

        #[OpenApi]
        impl $operations {
            #[doc = concat!("Import licenses from ", $name)]
            ///
            /// At most 256 MiB and 2,000,000 lines, in one transaction. A line that cannot be imported is refused, and all
            /// others are imported. Safe to repeat: a key that is there already is left as it is, so no idempotency key is
            /// needed. A body that breaks off has changed nothing.
            #[oai(path = $licenses, method = "post", operation_id = $license_id, tag = "Tag::Transfers")]
            async fn licenses(
                &self,
                authorized: Authorized<scope::LicensesWrite>,
                /// Whether nothing is imported when one line is refused.
                #[oai(name = "all_or_nothing")]
                all_or_nothing: QueryParam<Flag>,
                /// Whether nothing is imported in any case: the answer tells what would become of the lines.
                #[oai(name = "dry_run")]
                dry_run: QueryParam<Flag>,
                upload: Upload<$format>,
            ) -> Result<Report, Problem> {
                self.0.licenses(authorized, mode(&all_or_nothing, &dry_run), upload).await
            }

            #[doc = concat!("Import customers from ", $name)]
            ///
            /// At most 256 MiB and 2,000,000 lines, in one transaction. A line that cannot be imported is refused, and all
            /// others are imported. Safe to repeat: a client key that is there already is left as it is, so no idempotency
            /// key is needed. A body that breaks off has changed nothing.
            #[oai(path = $customers, method = "post", operation_id = $customer_id, tag = "Tag::Transfers")]
            async fn customers(
                &self,
                authorized: Authorized<scope::CustomersWrite>,
                /// Whether nothing is imported when one line is refused.
                #[oai(name = "all_or_nothing")]
                all_or_nothing: QueryParam<Flag>,
                /// Whether nothing is imported in any case: the answer tells what would become of the lines.
                #[oai(name = "dry_run")]
                dry_run: QueryParam<Flag>,
                upload: Upload<$format>,
            ) -> Result<Report, Problem> {
                self.0.customers(authorized, mode(&all_or_nothing, &dry_run), upload).await
            }

            #[doc = concat!("Import machines from ", $name)]
            ///
            /// At most 256 MiB and 2,000,000 lines, in one transaction. A line that cannot be imported is refused, and all
            /// others are imported; so is an active machine for which its license has no seat left. Safe to repeat: a
            /// fingerprint that the license has already is left as it is, so no idempotency key is needed. A body that breaks
            /// off has changed nothing.
            #[oai(path = $machines, method = "post", operation_id = $machine_id, tag = "Tag::Transfers")]
            async fn machines(
                &self,
                authorized: Authorized<scope::MachinesWrite>,
                /// Whether nothing is imported when one line is refused.
                #[oai(name = "all_or_nothing")]
                all_or_nothing: QueryParam<Flag>,
                /// Whether nothing is imported in any case: the answer tells what would become of the lines.
                #[oai(name = "dry_run")]
                dry_run: QueryParam<Flag>,
                upload: Upload<$format>,
            ) -> Result<Report, Problem> {
                self.0.machines(authorized, mode(&all_or_nothing, &dry_run), upload).await
            }
        }
    };
}

imports! {
    AsCsv, "CSV": "/v1/imports/licenses.csv" "importLicensesFromCsv",
    "/v1/imports/customers.csv" "importCustomersFromCsv", "/v1/imports/machines.csv" "importMachinesFromCsv", ImportCsv
}
imports! {
    AsNdjson, "NDJSON": "/v1/imports/licenses.ndjson" "importLicensesFromNdjson",
    "/v1/imports/customers.ndjson" "importCustomersFromNdjson",
    "/v1/imports/machines.ndjson" "importMachinesFromNdjson", ImportNdjson
}
