//! The story that the tour tells.

use licensing::{Call, Licensing, NewLicense, NewPolicy, NewProduct, NewTenant, StateChange};
use model::{
    EntitlementCode, EntitlementValue, Invalid, Issuer, KeyFormat, LicenseId, Limit, Name, Overrides,
    PolicyCode, PolicyRules, ProductCode, Tenant, TenantSlug,
};

use super::app::{App, fetch_keys, now};
use super::server::Server;
use super::stage::Stage;
use crate::fault::{Fault, Result};

/// The titles of the steps.
pub(super) const STEPS: &[&str] = &[
    "The vendor makes a tenant, a product, a policy with 2 seats, and sells a license",
    "The vendor builds the public keys into its app",
    "The app activates the license on a first machine, and is given a lease",
    "The app verifies the lease, check by check",
    "The server is stopped; the lease still verifies, offline",
    "A lease that was tampered with is refused",
    "A lease that was copied to another machine is refused",
    "The server is started again on the same data, and the app asks for a signed verdict",
    "A second machine takes the last seat; a third is refused",
    "The first machine gives its seat back, and the third takes it",
    "A request that is sent twice counts once",
    "The app refreshes its lease",
    "The vendor suspends the license, and the next check is refused",
    "The vendor reinstates the license, and the next check passes",
    "The vendor revokes the license for good",
];

const PRODUCT: &str = "atelier";
const MACHINES: [&str; 3] = ["studio-1", "studio-2", "studio-3"];

/// Tells it.
///
/// # Errors
/// Where an expectation fails, after that was shown.
pub(super) async fn tell(stage: &mut Stage, server: &mut Server) -> Result<()> {
    let vendor = Vendor::set_up(stage, server).await?;
    stage.step()?;
    let keys = fetch_keys(stage, vendor.tenant.issuer.as_str()).await?;
    stage.expect(keys.iter().count() == 2, "one key that signs, and the next one")?;
    let app = App::new(vendor.tenant.issuer.as_str(), PRODUCT, &vendor.key, keys)?;
    let lease = activate(stage, &app).await?;
    offline(stage, &app, server, &lease).await?;
    seats(stage, &app).await?;
    repeat(stage, &app).await?;
    refresh(stage, &app).await?;
    states(stage, &app, server.licensing()?, &vendor).await
}

struct Vendor {
    tenant: Tenant,
    license: LicenseId,
    key: String,
}

impl Vendor {
    async fn set_up(stage: &mut Stage, server: &Server) -> Result<Self> {
        stage.step()?;
        let (licensing, call) = (server.licensing()?, Call::operator());
        let issuer = good(Issuer::parse(format!("{}/t/acme", server.origin())))?;
        let name = |text: &str| good(Name::parse(text));
        let new = NewTenant { slug: good(TenantSlug::parse("acme"))?, name: name("ACME Inc.")?, issuer };
        let tenant = licensing.create_tenant(&call, new).await?;
        stage.note(format_args!("tenant   acme, issuer {}", tenant.issuer))?;
        let product = NewProduct {
            metadata: model::Metadata::default(),
            code: good(ProductCode::parse(PRODUCT))?,
            name: name("Atelier")?,
            number: None,
            support_message: Some("write to help@acme.example".to_owned()),
            product_key: None,
            key_format: KeyFormat::default(),
        };
        let product = licensing.create_product(&tenant, &call, product).await?;
        stage.note(format_args!("product  {}", product.code))?;
        let mut rules = PolicyRules { seats: Limit::AtMost(2), ..PolicyRules::default() };
        rules.entitlements.set(good(EntitlementCode::parse("export"))?, EntitlementValue::Flag(true));
        rules.entitlements.set(good(EntitlementCode::parse("max-layers"))?, EntitlementValue::Number(64));
        let code = good(PolicyCode::parse("standard"))?;
        let policy = NewPolicy {
            product: product.code,
            code: code.clone(),
            name: name("Standard")?,
            rules,
            metadata: model::Metadata::default(),
        };
        licensing.create_policy(&tenant, &call, policy).await?;
        stage.note(
            "policy   standard: 2 seats, leases of 14 days, entitlements export=true and max-layers=64",
        )?;
        let license = NewLicense {
            memo: None,
            metadata: model::Metadata::default(),
            policy: code,
            customer: None,
            key: None,
            overrides: Overrides::default(),
            expires_at: None,
        };
        let (license, key) = licensing.create_license(&tenant, &call, license).await?;
        stage.note(format_args!("license  {}", key.reveal()))?;
        stage.expect(true, "a license is sold")?;
        Ok(Self { tenant, license: license.id, key: key.reveal().to_owned() })
    }

    async fn change(
        &self,
        stage: &Stage,
        licensing: &Licensing,
        change: StateChange,
        verb: &str,
    ) -> Result<()> {
        stage.note(format_args!("the vendor: leasehold license {verb} {}", self.license))?;
        licensing.change_license_state(&self.tenant, &Call::operator(), self.license, change).await?;
        Ok(())
    }
}

async fn activate(stage: &mut Stage, app: &App) -> Result<String> {
    stage.step()?;
    let answer = app.post(stage, "/v1/activate", MACHINES[0]).await?;
    stage.expect(answer.status == 201, "201: the license is active on this machine")?;
    stage.expect(answer.number("/license/seats_used") == Some(1), "1 of 2 seats is taken")?;
    let lease = answer.text("/lease").to_owned();
    stage.step()?;
    let explanation = app.verifier().explain_lease(&lease, MACHINES[0], now());
    for check in &explanation.checks {
        let found = stage.good(check.name, check.outcome.as_ref())?;
        stage.expect(true, format_args!("{:<11} {found}", check.name))?;
    }
    let claims = explanation.lease.map(|lease| lease.claims);
    let claims = stage.good("the lease", claims.ok_or("does not verify"))?;
    stage.expect(
        claims.ent.len() == 2,
        "it grants export and max-layers, so the app needs no server to know",
    )?;
    Ok(lease)
}

async fn offline(stage: &mut Stage, app: &App, server: &mut Server, lease: &str) -> Result<()> {
    stage.step()?;
    server.stop().await?;
    stage.expect(app.is_offline().await, "the server does not answer any more")?;
    let verified = stage.good("the lease", app.verifier().lease(lease, MACHINES[0], now()))?;
    stage.expect(
        verified.state.permits_use(),
        format_args!("the lease verifies, and is {}", verified.state.name()),
    )?;
    stage.step()?;
    let refusal = app.verifier().lease(&tampered(lease), MACHINES[0], now()).err();
    let code = refusal.as_ref().map(lease::VerifyError::code);
    let words = refusal.map(|error| error.to_string()).unwrap_or_default();
    stage.expect(
        code == Some("bad_signature"),
        format_args!("one changed character in the claims: {words}"),
    )?;
    stage.step()?;
    let refusal = app.verifier().lease(lease, "somebody-elses-machine", now()).err();
    let code = refusal.as_ref().map(lease::VerifyError::code);
    let words = refusal.map(|error| error.to_string()).unwrap_or_default();
    stage.expect(code == Some("wrong_machine"), words)?;
    stage.step()?;
    server.resume().await?;
    let answer = app.post(stage, "/v1/validate", MACHINES[0]).await?;
    stage.expect(answer.text("/code") == "valid", "the activation is still there")?;
    let claims = app.verdict(stage, &answer)?;
    stage.expect(claims.valid, "so the app may run")
}

/// The same token with another character in the middle of its payload.
fn tampered(token: &str) -> String {
    let middle = token.len() / 2;
    let swap = |c| if c == 'A' { 'B' } else { 'A' };
    token.char_indices().map(|(at, c)| if at == middle && c != '.' { swap(c) } else { c }).collect()
}

async fn seats(stage: &mut Stage, app: &App) -> Result<()> {
    stage.step()?;
    let answer = app.post(stage, "/v1/activate", MACHINES[1]).await?;
    stage.expect(
        answer.status == 201 && answer.number("/license/seats_used") == Some(2),
        "2 of 2 seats are taken",
    )?;
    let answer = app.post(stage, "/v1/activate", MACHINES[2]).await?;
    stage
        .expect(answer.status == 409 && answer.text("/code") == "seats_exhausted", "409: no seat is left")?;
    let claims = app.verdict(stage, &answer)?;
    stage.expect(!claims.valid, "nobody can fake this refusal, and nobody can turn it around")?;
    stage.step()?;
    let answer = app.post(stage, "/v1/deactivate", MACHINES[0]).await?;
    stage
        .expect(answer.status == 200 && answer.number("/license/seats_used") == Some(1), "a seat is free")?;
    let answer = app.post(stage, "/v1/activate", MACHINES[2]).await?;
    stage.expect(
        answer.status == 201 && answer.number("/license/seats_used") == Some(2),
        "the third machine has it",
    )
}

async fn repeat(stage: &mut Stage, app: &App) -> Result<()> {
    stage.step()?;
    let members = app.members(MACHINES[2]);
    let first = app.post_with(stage, "/v1/activate", members.clone(), Some("tour-0001")).await?;
    stage.expect(
        first.status == 201,
        "the answer is lost on the way, so the app sends the same request again",
    )?;
    let second = app.post_with(stage, "/v1/activate", members, Some("tour-0001")).await?;
    stage.expect(first.is_same(&second), "the same answer, byte for byte")
}

async fn refresh(stage: &mut Stage, app: &App) -> Result<()> {
    stage.step()?;
    let answer = app.post(stage, "/v1/leases/refresh", MACHINES[1]).await?;
    stage.expect(answer.status == 200, "200: a new lease")?;
    let lease = stage.good("the lease", app.verifier().lease(answer.text("/lease"), MACHINES[1], now()))?;
    let parent = lease.claims.parent.unwrap_or_default();
    stage.expect(!parent.is_empty(), format_args!("it verifies, and names the lease before it: {parent}"))
}

async fn states(stage: &mut Stage, app: &App, licensing: &Licensing, vendor: &Vendor) -> Result<()> {
    stage.step()?;
    vendor.change(stage, licensing, StateChange::Suspend, "suspend").await?;
    refused(stage, app, "suspended").await?;
    stage.step()?;
    vendor.change(stage, licensing, StateChange::Reinstate, "reinstate").await?;
    let answer = app.post(stage, "/v1/validate", MACHINES[1]).await?;
    let claims = app.verdict(stage, &answer)?;
    stage.expect(claims.valid, "the license may be used again")?;
    stage.step()?;
    vendor.change(stage, licensing, StateChange::Revoke, "revoke").await?;
    refused(stage, app, "revoked").await
}

/// The next check says no, for this reason, and signs it.
async fn refused(stage: &Stage, app: &App, reason: &str) -> Result<()> {
    let answer = app.post(stage, "/v1/validate", MACHINES[1]).await?;
    stage.expect(
        answer.status == 200 && answer.text("/code") == reason,
        format_args!("the check says {reason}"),
    )?;
    let claims = app.verdict(stage, &answer)?;
    stage.expect(!claims.valid && claims.code == reason, "so the app stops")
}

fn good<T>(value: Result<T, Invalid>) -> Result<T> {
    value.map_err(|rule| Fault::failed(format_args!("the tour's data is broken: a value {rule}")))
}
