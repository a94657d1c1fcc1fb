//! Signed answers, and what an answer shows of a license.

use std::{collections::BTreeMap, sync::Arc};

use model::{
    DecisionId, EntitlementCode, EntitlementValue, License, LicenseId, MachineId, Nonce, Policy, Product,
    ProductCode, Reason, Timestamp,
};
use store::{Dossier, Tx};

use crate::{Error, Licensing, case::Case, leases::ActiveKey};

/// Binds the signed answer to one request.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The caller's nonce.
    pub nonce: Nonce,
    /// base64url SHA-256 of the request body as it was received.
    pub request: String,
}

/// What an answer shows of a license to one who holds its key.
#[derive(Clone, Debug)]
pub struct LicenseView {
    /// The license.
    pub license: Arc<License>,
    /// Its policy.
    pub policy: Arc<Policy>,
    /// Its product.
    pub product: Arc<Product>,
    /// Machines that hold a seat.
    pub seats_used: u32,
    /// The entitlements that count now.
    pub entitlements: BTreeMap<EntitlementCode, EntitlementValue>,
}

impl LicenseView {
    /// What is shown of a dossier's license at `now`.
    pub(crate) fn of(dossier: Dossier, now: Timestamp) -> Self {
        let Dossier { license, policy, product, seats_used, .. } = dossier;
        let entitlements = policy.rules.entitlements.effective(&license.overrides.entitlements, now);
        Self { license, policy, product, seats_used, entitlements }
    }
}

/// What a verdict says.
pub(crate) struct Finding<'a> {
    /// The product that the app says it is: the audience of the verdict.
    pub(crate) product: Option<&'a ProductCode>,
    pub(crate) reasons: &'a [Reason],
    pub(crate) decision_id: DecisionId,
    pub(crate) license: Option<LicenseId>,
    pub(crate) machine: Option<MachineId>,
}

impl Licensing {
    /// Signs the answer to a request that carried a nonce; a refusal as well as an approval.
    pub(crate) async fn sign_verdict(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
        finding: &Finding<'_>,
    ) -> Result<Option<String>, Error> {
        if case.binding.is_none() || finding.product.is_none() {
            return Ok(None);
        }
        let active = self.active_key(tx, case.tenant, case.call).await?;
        signed_verdict(&active, case, finding)
    }

    /// As [`Self::sign_verdict`], in a unit of work that is begun when it must be.
    pub(crate) async fn sign_verdict_in(
        &self,
        tx: &mut Option<Tx>,
        case: &Case<'_>,
        finding: &Finding<'_>,
    ) -> Result<Option<String>, Error> {
        if case.binding.is_none() || finding.product.is_none() {
            return Ok(None);
        }
        if let Some(active) = self.held_key(case.tenant, case.call) {
            return signed_verdict(&active, case, finding);
        }
        Box::pin(async {
            let tx = match tx {
                Some(tx) => tx,
                None => tx.insert(self.inner.store.read(case.tenant.id).await?),
            };
            self.sign_verdict(tx, case, finding).await
        })
        .await
    }
}

fn signed_verdict(
    active: &ActiveKey,
    case: &Case<'_>,
    finding: &Finding<'_>,
) -> Result<Option<String>, Error> {
    let (Some(binding), Some(product)) = (case.binding, finding.product) else {
        return Ok(None);
    };
    let (tenant, iat) = (case.tenant, case.now.unix_seconds());
    let codes: Vec<String> = finding.reasons.iter().map(|reason| reason.code().to_owned()).collect();
    let claims = lease::VerdictClaims {
        ver: lease::PROFILE_VERSION,
        iss: tenant.issuer.to_string(),
        aud: product.to_string(),
        iat,
        exp: iat + lease::VERDICT_SECONDS,
        nonce: binding.nonce.to_string(),
        req: binding.request.clone(),
        valid: codes.is_empty(),
        code: codes.first().cloned().unwrap_or_else(|| Reason::VALID.to_owned()),
        codes,
        decision_id: finding.decision_id.to_string(),
        sub: finding.license.map(|id| id.to_string()),
        mid: finding.machine.map(|id| id.to_string()),
    };
    let token = active.key.verdict(&claims);
    token.map(Some).map_err(|error| Error::Internal("signing a verdict", Some(Box::new(error))))
}
