//! The verifier: the only way from bytes that someone sent to claims that can be believed.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::explain::{Explanation, Recorder, Silent, Trace};
use crate::jws::{Opened, open};
use crate::{
    CLOCK_SKEW_SECONDS, KeySet, LeaseClaims, PROFILE_VERSION, StatusList, StatusListClaims, TimeState,
    TokenType, VerdictClaims, VerifyError, fingerprint_hash, request_digest,
};

/// Verifies the tokens of one issuer for one product.
#[derive(Clone, Debug)]
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: KeySet,
}

/// A lease that passed every check. Having one does not mean that the app may run: look at `state`, and at the
/// status list where the policy asks for one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedLease {
    /// What the lease says.
    pub claims: LeaseClaims,
    /// What it is worth now.
    pub state: TimeState,
    /// The ID of the key that signed it.
    pub kid: String,
}

impl Verifier {
    /// A verifier that trusts `keys` for tokens from `issuer` (the tenant's issuer URL) for `audience` (the
    /// product's code). Both are compared byte for byte. No token has an empty `iss` or `aud`, so a verifier
    /// made with an empty one refuses everything.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, keys: KeySet) -> Self {
        Self { issuer: issuer.into(), audience: audience.into(), keys }
    }

    /// Verifies a lease for the machine with this `fingerprint` at `now` (Unix seconds).
    ///
    /// # Errors
    ///
    /// The first check that fails, in the order of the profile. An expired lease is no error but a
    /// [`TimeState`].
    pub fn lease(&self, token: &str, fingerprint: &str, now: i64) -> Result<VerifiedLease, VerifyError> {
        self.lease_traced(token, fingerprint, now, &mut Silent)
    }

    /// Verifies like [`lease`](Self::lease), and tells every check that was made.
    pub fn explain_lease(&self, token: &str, fingerprint: &str, now: i64) -> Explanation {
        let mut recorder = Recorder::default();
        let lease = self.lease_traced(token, fingerprint, now, &mut recorder).ok();
        Explanation { checks: recorder.0, lease }
    }

    fn lease_traced(
        &self,
        token: &str,
        fingerprint: &str,
        now: i64,
        trace: &mut impl Trace,
    ) -> Result<VerifiedLease, VerifyError> {
        let Opened { payload, key } = open(token, TokenType::Lease, &self.keys, trace)?;
        trace.check("version", has_version_1(&payload), |()| PROFILE_VERSION.to_string())?;
        let claims = read(&payload).and_then(|claims: LeaseClaims| claims.check().map(|()| claims));
        let claims = trace.check("claims", claims, |claims| format!("lease {}", claims.jti))?;
        trace.check("issuer", self.is_issuer(&claims.iss), |()| claims.iss.clone())?;
        trace.check("audience", self.is_audience(&claims.aud), |()| claims.aud.clone())?;
        let here = fingerprint_hash(&self.issuer, &self.audience, fingerprint);
        let machine = expect(claims.fph == here, || VerifyError::WrongMachine);
        trace.check("machine", machine, |()| claims.mid.clone())?;
        trace.check("issued_at", not_from_the_future(claims.iat, now), |()| claims.iat.to_string())?;
        let begun = expect(begins_by(claims.nbf, now), || VerifyError::NotYetValid { nbf: claims.nbf });
        trace.check("not_before", begun, |()| claims.nbf.to_string())?;
        let state = TimeState::of(&claims, now);
        trace.check("time_state", Ok(state), |state| state.name().to_owned())?;
        Ok(VerifiedLease { claims, state, kid: key.kid().to_owned() })
    }

    /// Verifies the verdict on the request that was sent with `nonce` and exactly `request_body`, at `now`
    /// (Unix seconds). It is usable while `iat − 300 ≤ now < exp`, which tolerates a clock that is five minutes
    /// off either way.
    ///
    /// # Errors
    ///
    /// The first check that fails. A verdict that says *not valid* is no error; see
    /// [`VerdictClaims::valid`].
    pub fn verdict(
        &self,
        token: &str,
        nonce: &str,
        request_body: &[u8],
        now: i64,
    ) -> Result<VerdictClaims, VerifyError> {
        let opened = open(token, TokenType::Verdict, &self.keys, &mut Silent)?;
        has_version_1(&opened.payload)?;
        let claims: VerdictClaims = read(&opened.payload)?;
        claims.check()?;
        self.is_issuer(&claims.iss)?;
        self.is_audience(&claims.aud)?;
        expect(claims.nonce == nonce, || VerifyError::WrongNonce)?;
        expect(claims.req == request_digest(request_body), || VerifyError::WrongRequest)?;
        not_from_the_future(claims.iat, now)?;
        expect(now < claims.exp, || VerifyError::VerdictExpired { exp: claims.exp })?;
        Ok(claims)
    }

    /// Verifies the status list at the address `uri`, which is `status.status_list.uri` of a lease, at `now`
    /// (Unix seconds). How old a list may be is the policy's business: see [`StatusList::age`].
    ///
    /// # Errors
    ///
    /// The first check that fails (draft-ietf-oauth-status-list-20 §8.3).
    pub fn status_list(&self, token: &str, uri: &str, now: i64) -> Result<StatusList, VerifyError> {
        let opened = open(token, TokenType::StatusList, &self.keys, &mut Silent)?;
        let claims: StatusListClaims = read(&opened.payload)?;
        claims.check()?;
        self.is_issuer(&claims.iss)?;
        expect(claims.sub == uri, || VerifyError::WrongStatusList { found: claims.sub.clone() })?;
        not_from_the_future(claims.iat, now)?;
        if let Some(exp) = claims.exp {
            expect(now < exp, || VerifyError::StatusListExpired { exp })?;
        }
        StatusList::from_claims(claims)
    }

    fn is_issuer(&self, iss: &str) -> Result<(), VerifyError> {
        expect(iss == self.issuer, || VerifyError::WrongIssuer { found: iss.to_owned() })
    }

    fn is_audience(&self, aud: &str) -> Result<(), VerifyError> {
        expect(aud == self.audience, || VerifyError::WrongAudience { found: aud.to_owned() })
    }
}

fn expect(holds: bool, error: impl FnOnce() -> VerifyError) -> Result<(), VerifyError> {
    if holds { Ok(()) } else { Err(error()) }
}

/// Looks at `ver` before anything else, because another version may have other claims.
fn has_version_1(payload: &[u8]) -> Result<(), VerifyError> {
    #[derive(Deserialize)]
    struct Version {
        #[serde(default)]
        ver: Value,
    }
    let version: Version = read(payload)?;
    expect(version.ver == PROFILE_VERSION, || VerifyError::BadVersion)
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, VerifyError> {
    serde_json::from_slice(payload).map_err(|error| VerifyError::bad_payload(&error))
}

fn begins_by(instant: i64, now: i64) -> bool {
    instant <= now.saturating_add(CLOCK_SKEW_SECONDS)
}

fn not_from_the_future(iat: i64, now: i64) -> Result<(), VerifyError> {
    expect(begins_by(iat, now), || VerifyError::IssuedInFuture { iat })
}
