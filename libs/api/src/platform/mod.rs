//! The API that operators use: one file per operation. Its paths are relative to `{origin}/platform`.

mod create;
mod list;
pub(crate) mod operator;
mod resume;
mod shape;
mod show;
mod suspend;
mod update;

use licensing::Licensing;
use poem_openapi::Tags;

/// All operations.
pub(crate) type PlatformApi = (
    create::CreateTenant,
    list::ListTenants,
    show::GetTenant,
    update::UpdateTenant,
    suspend::SuspendTenant,
    resume::ResumeTenant,
);

/// The operations over `licensing`, for a server that clients reach under `public_url`.
pub(crate) fn api(licensing: &Licensing, public_url: Option<&str>) -> PlatformApi {
    (
        create::CreateTenant { licensing: licensing.clone(), public_url: public_url.map(str::to_owned) },
        list::ListTenants(licensing.clone()),
        show::GetTenant(licensing.clone()),
        update::UpdateTenant(licensing.clone()),
        suspend::SuspendTenant(licensing.clone()),
        resume::ResumeTenant(licensing.clone()),
    )
}

#[derive(Tags)]
enum Tag {
    /// The vendors.
    Tenants,
}
