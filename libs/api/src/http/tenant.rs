//! Whose request it is: the tenant of the path, and who calls.

use std::sync::{Arc, Mutex, PoisonError};

use licensing::{Call, Decision, Error, Licensing, Presented, Refused, Rendered, Visit};
use model::{Actor, DomainName, Tenant, TenantSlug};
use poem::{
    FromRequest, Request, RequestBody,
    http::{header, uri::Authority},
};

use crate::{
    http::{front::RequestContext, header::once},
    problem::{Fault, Problem, failed},
};

/// A request to a tenant's API.
pub(crate) struct TenantCall {
    /// The tenant. Once the request is admitted, as it is now; before, as it was a moment ago.
    pub(crate) tenant: Arc<Tenant>,
    /// Who calls, for the audit log.
    pub(crate) call: Call,
    licensing: Licensing,
    visit: Visit,
    context: RequestContext,
}

/// Moved and not cloned: what it shares with all requests is counted by all processors.
#[derive(Clone)]
struct HandedOn(Arc<Mutex<Option<TenantCall>>>);

impl HandedOn {
    fn take(&self) -> Option<TenantCall> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What is known of the tenant of a request.
pub(crate) enum Whose<'a> {
    /// What stands in the path, or the default tenant.
    Named(&'a str),
    /// The tenant whose domain the request names.
    Found(Visit),
}

/// The tenant whose domain a request names in its `Host` header, if there is one and it is served.
///
/// # Errors
/// When the header is sent twice, or the database does not answer.
pub(crate) async fn domain_owner(licensing: &Licensing, request: &Request) -> Result<Option<Visit>, Problem> {
    let sent = once(request.headers(), &header::HOST)?;
    // HTTP/2 has it in the URI.
    let host = sent.or_else(|| request.uri().authority().map(Authority::as_str));
    match host.and_then(DomainName::of_host) {
        Some(name) => licensing.visit_at(&name).await.map_err(failed),
        None => Ok(None),
    }
}

impl TenantCall {
    /// Finds the tenant of a request.
    ///
    /// # Errors
    /// One and the same problem for a tenant that does not exist, one that is suspended, and a name that no tenant
    /// can have.
    pub(crate) async fn resolve(
        licensing: &Licensing,
        whose: Whose<'_>,
        context: RequestContext,
    ) -> Result<Self, Problem> {
        let visit = match whose {
            Whose::Found(visit) => Some(visit),
            Whose::Named(slug) => match TenantSlug::parse(slug) {
                Ok(slug) => licensing.visit(&slug).await.map_err(failed)?,
                Err(_) => None,
            },
        };
        let visit = visit.ok_or_else(|| Problem::new(Fault::TenantNotFound))?;
        Ok(Self {
            tenant: Arc::clone(visit.tenant()),
            call: Call {
                actor: Actor::App,
                address: context.address(),
                request_id: Some(Arc::clone(context.request_id())),
                recall: None,
            },
            licensing: licensing.clone(),
            visit,
            context,
        })
    }

    /// What was found of a request before it came to its operation, which takes it once.
    ///
    /// # Errors
    /// On a route that is mounted outside a tenant's base: a fault of ours, not the caller's.
    pub(crate) fn of(request: &Request) -> Result<Self, Problem> {
        let handed_on = request.data::<HandedOn>().and_then(HandedOn::take);
        handed_on.ok_or_else(|| Problem::new(Fault::Internal))
    }

    /// Hands it on to the operation.
    pub(crate) fn hand_on(self, request: &mut Request) {
        request.set_data(HandedOn(Arc::new(Mutex::new(Some(self)))));
    }

    /// Lets the request in, and counts it for the rate limits; makes sure that the tenant is as it is now. Each operation
    /// does this once, as soon as it knows what the caller presents.
    ///
    /// # Errors
    /// When a limit does not allow the request, or the tenant is not served any more.
    pub(crate) async fn admit(&mut self, presented: Presented<'_>) -> Result<(), Problem> {
        match self.licensing.admit(&self.visit, self.call.address, presented).await {
            Ok(admission) => {
                self.context.note_limits(admission.limits);
                if let Some(tenant) = admission.tenant {
                    self.tenant = tenant;
                }
                self.call.recall = Some(admission.recall);
                Ok(())
            }
            Err(Error::Throttled(throttled)) => {
                self.context.note_limits(throttled.limits.clone());
                Err(Problem::throttled(&throttled))
            }
            Err(Error::NotFound(_)) => Err(Problem::new(Fault::TenantNotFound)),
            Err(error) => Err(failed(error)),
        }
    }

    /// The use cases, for checking who calls.
    pub(crate) const fn licensing(&self) -> &Licensing {
        &self.licensing
    }

    /// The path of the request, where a new thing is found below the list that it was added to.
    pub(crate) fn path(&self) -> &str {
        self.context.path()
    }

    /// Makes the answer to this request, in the form in which it is sent and kept.
    pub(crate) fn render<T>(&self, decision: &Decision<T>, answer: impl FnOnce(&T) -> Rendered) -> Rendered {
        match decision {
            Ok(done) => answer(done),
            Err(refused) => self.refusal(refused),
        }
    }

    fn refusal(&self, refused: &Refused) -> Rendered {
        Problem::refused(refused).render(self.context.request_id(), self.context.path())
    }
}

impl<'a> FromRequest<'a> for TenantCall {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::of(request)?)
    }
}
