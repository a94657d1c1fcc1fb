//! What the tests of verbs share: saying things as an app does, and looking at what came of them.

use lease::{KeySet, Verifier};
use leasehold_licensing::{
    Answer, Binding, Call, Deactivate, Deactivated, Decision, Error, Licensing, Presented, Refresh,
    Refreshed, Refused, StateChange, Validate, Validated,
};
use model::{
    ClientKey, LeaseId, License, LicenseId, LicenseKey, Nonce, PolicyRules, ProductCode, Reason, TenantSlug,
    Term,
};
use testkit::{Raw, Shop, call, fingerprint};

pub(crate) const DAY: i64 = 86_400;
pub(crate) const NONCE: &str = "nonce-of-a-test";
pub(crate) const BODY: &[u8] = b"{\"a\": 1}";

pub(crate) fn rules(change: impl FnOnce(&mut PolicyRules)) -> PolicyRules {
    let mut rules = PolicyRules::default();
    change(&mut rules);
    rules
}

pub(crate) fn product(code: &str) -> ProductCode {
    ProductCode::parse(code).expect("a code")
}

pub(crate) fn client_key(text: &str) -> ClientKey {
    ClientKey::parse(text).expect("a client key")
}

pub(crate) fn term(text: &str) -> Term {
    text.parse().expect("a term")
}

pub(crate) fn binding() -> Binding {
    Binding { nonce: Nonce::parse(NONCE).expect("a nonce"), request: lease::request_digest(BODY) }
}

/// The decision that was just made.
pub(crate) fn fresh<T: std::fmt::Debug>(answer: Result<Answer<T>, Error>) -> Decision<T> {
    match answer {
        Ok(Answer::Fresh(decision)) => decision,
        other => panic!("not a decision: {other:?}"),
    }
}

pub(crate) fn codes(refused: &Refused) -> Vec<&'static str> {
    refused.refusal.reasons().iter().map(|reason| reason.code()).collect()
}

/// The codes of a refusal; none of an approval.
pub(crate) fn outcome<T>(decision: &Decision<T>) -> Vec<&'static str> {
    decision.as_ref().err().map(codes).unwrap_or_default()
}

pub(crate) fn checked(validated: &Validated) -> Vec<&'static str> {
    validated.reasons.iter().copied().map(Reason::code).collect()
}

pub(crate) fn validate_command(key: &LicenseKey, machine: Option<usize>) -> Validate {
    Validate {
        key: key.clone(),
        product: product("app"),
        fingerprint: machine.map(fingerprint),
        customer: None,
        entitlements: Vec::new(),
        binding: None,
    }
}

pub(crate) async fn validate(shop: &Shop<'_>, key: &LicenseKey, machine: Option<usize>) -> Validated {
    validate_as(shop, validate_command(key, machine)).await
}

pub(crate) async fn validate_as(shop: &Shop<'_>, command: Validate) -> Validated {
    let validated = shop.world.licensing.validate(&shop.tenant, &call(), command).await;
    validated.expect("a check is answered")
}

pub(crate) fn refresh_command(key: &LicenseKey, machine: usize, lease: Option<LeaseId>) -> Refresh {
    Refresh {
        key: key.clone(),
        product: product("app"),
        fingerprint: fingerprint(machine),
        customer: None,
        lease_id: lease,
        binding: None,
    }
}

pub(crate) async fn refresh_as(shop: &Shop<'_>, command: Refresh) -> Decision<Refreshed> {
    fresh(shop.world.licensing.refresh(&shop.tenant, &call(), command, None).await)
}

pub(crate) async fn refresh(shop: &Shop<'_>, key: &LicenseKey, machine: usize) -> Decision<Refreshed> {
    refresh_as(shop, refresh_command(key, machine, None)).await
}

pub(crate) fn deactivate_command(key: &LicenseKey, machine: usize) -> Deactivate {
    Deactivate {
        key: key.clone(),
        product: product("app"),
        fingerprint: fingerprint(machine),
        customer: None,
        binding: None,
    }
}

pub(crate) async fn deactivate_as(shop: &Shop<'_>, command: Deactivate) -> Decision<Deactivated> {
    fresh(shop.world.licensing.deactivate(&shop.tenant, &call(), command, None).await)
}

pub(crate) async fn deactivate(shop: &Shop<'_>, key: &LicenseKey, machine: usize) -> Decision<Deactivated> {
    deactivate_as(shop, deactivate_command(key, machine)).await
}

pub(crate) async fn change(shop: &Shop<'_>, id: LicenseId, change: StateChange) -> License {
    let operator = Call::operator();
    let changed = shop.world.licensing.change_license_state(&shop.tenant, &operator, id, change);
    changed.await.expect("the state changes")
}

/// The license as the database has it, with the seats in use.
pub(crate) async fn stored(shop: &Shop<'_>, id: LicenseId) -> (License, u32) {
    let details = shop.world.licensing.license(&shop.tenant, id).await.expect("the license exists");
    (details.license, details.seats_used)
}

/// A verifier as an app has it: issuer, product, and the key set that the tenant publishes.
pub(crate) async fn verifier(shop: &Shop<'_>, product: &str) -> Verifier {
    let published = shop.world.licensing.published_keys(&shop.tenant).await.expect("keys are published");
    let keys = KeySet::parse(published.json.as_bytes()).expect("the published set is one");
    Verifier::new(shop.tenant.issuer.as_str(), product, keys)
}

pub(crate) fn seconds(shop: &Shop<'_>) -> i64 {
    shop.world.clock.now().unix_seconds()
}

/// All events of the tenant, those of one instant by name: what was done to what, what came of it, and whether
/// it waits in the outbox.
pub(crate) async fn events(shop: &Shop<'_>) -> Vec<String> {
    let mut raw = shop.world.database.raw().await;
    let tenant = raw.id(shop.tenant.id);
    raw.texts(&format!(
        "SELECT e.action || ' ' || COALESCE(e.subject_kind, 'nothing') || ' ' || COALESCE(e.refused_for, 'done') || \
         CASE WHEN o.event_id IS NULL THEN '' ELSE ' outbox' END FROM events e \
         LEFT JOIN outbox o ON o.tenant_id = e.tenant_id AND o.event_id = e.id \
         WHERE e.tenant_id = {tenant} ORDER BY e.at, e.action, e.subject_kind"
    ))
    .await
}

/// The events since there were `before` of them.
pub(crate) async fn events_since(shop: &Shop<'_>, before: &[String]) -> Vec<String> {
    let mut all = events(shop).await;
    for event in before {
        let place = all.iter().position(|other| other == event).expect("events stay");
        all.remove(place);
    }
    all
}

/// Everything that the database holds, in one text.
pub(crate) async fn everything(raw: &mut Raw) -> String {
    raw.dump().await.into_values().flatten().collect::<Vec<_>>().join("\n")
}

/// Checks a license as a request does: let in first, and answered from what is known then. `None` when the tenant is not
/// served.
pub(crate) async fn visit_and_validate(
    server: &Licensing,
    slug: &TenantSlug,
    command: Validate,
) -> Option<Validated> {
    let visit = server.visit(slug).await.expect("the database answers")?;
    let presented = Presented::Check {
        key: &command.key,
        fingerprint: command.fingerprint.as_ref(),
        customer: command.customer.as_ref(),
    };
    let admission = match server.admit(&visit, None, presented).await {
        Ok(admission) => admission,
        Err(Error::NotFound("tenant")) => return None,
        Err(error) => panic!("not let in: {error}"),
    };
    let tenant = admission.tenant.unwrap_or_else(|| visit.tenant().clone());
    let call = Call { recall: Some(admission.recall), ..call() };
    Some(server.validate(&tenant, &call, command).await.expect("a check is answered"))
}
