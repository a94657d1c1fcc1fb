//! The API that operators use: one file per operation. Its paths are relative to `{origin}/platform`.

mod archive;
mod create;
mod delete;
mod domains;
mod export;
mod figures;
mod import;
mod keep;
mod list;
pub(crate) mod operator;
mod resume;
mod set_limits;
mod set_rate_limits;
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
    export::ExportTenant,
    import::ImportTenant,
    delete::DeleteTenant,
    keep::KeepTenant,
    domains::AddDomain,
    domains::ListDomains,
    domains::RemoveDomain,
    set_limits::SetLimits,
    set_rate_limits::SetRateLimits,
    figures::GetFigures,
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
        export::ExportTenant(licensing.clone()),
        import::ImportTenant(licensing.clone()),
        delete::DeleteTenant(licensing.clone()),
        keep::KeepTenant(licensing.clone()),
        domains::AddDomain(licensing.clone()),
        domains::ListDomains(licensing.clone()),
        domains::RemoveDomain(licensing.clone()),
        set_limits::SetLimits(licensing.clone()),
        set_rate_limits::SetRateLimits(licensing.clone()),
        figures::GetFigures(licensing.clone()),
    )
}

#[derive(Tags)]
enum Tag {
    /// The vendors.
    Tenants,
}
