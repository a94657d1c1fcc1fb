//! Renew a license.

use model::{
    Action, Invalid, License, LicenseId, Tenant, Term,
    decide::{self, NotRenewable, RenewFrom},
};
use serde_json::{Map, json};
use store::LicenseRecord;

use super::Change;
use crate::{Answer, Call, Error, Idempotency, Licensing, Precondition};

/// How a license is renewed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Renewal {
    /// By which term; by that of its policy when absent.
    pub term: Option<Term>,
    /// Where that term begins.
    pub from: RenewFrom,
}

impl Licensing {
    /// Renews a license, once for an idempotency key. Without one, each call adds a term. A license that is suspended
    /// stays so.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Conflict`] when it is revoked, never ends, or its term
    /// has not begun; [`Error::Invalid`] when neither the call nor the policy says by which term; the errors of
    /// idempotency keys; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn renew_license(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: LicenseId,
        renewal: Renewal,
        precondition: &Precondition,
        idempotency: Option<Idempotency<'_, LicenseRecord>>,
    ) -> Result<Answer<LicenseRecord>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let before = self.hold(&mut tx, id, precondition, now).await?;
        let Renewal { term, from } = renewal;
        let end = decide::renew(&before.license, &before.policy, term, from, now).map_err(refused)?;
        let after = License { expires_at: Some(end), ..before.license.clone() };
        let change = Change { call, action: Action::LicenseRenew, before: &before, now };
        let term = term.or(before.policy.rules.term).map(|term| term.to_string());
        let more = [("term", json!(term)), ("from", json!(from.code()))];
        let more = Map::from_iter(more.map(|(name, fact)| (name.to_owned(), fact)));
        let renewed = self.put(&mut tx, &change, after, more).await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(renewed)).await
    }
}

fn refused(why: NotRenewable) -> Error {
    match why {
        NotRenewable::NoTerm => {
            Error::Invalid { field: "term", invalid: Invalid::new("given, because the policy has no term") }
        }
        NotRenewable::Revoked | NotRenewable::Perpetual | NotRenewable::TermNotBegun => {
            Error::Conflict(why.to_string())
        }
    }
}
