//! `GET /v1/events/{event}`

use licensing::Licensing;
use model::EventId;
use poem_openapi::OpenApi;

use super::{Tag, shape::EventShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        reply::Reply,
    },
    problem::{Problem, managed},
};

type EventReply = Reply<EventShape, 200>;

/// The operation.
pub(crate) struct GetEvent(pub(super) Licensing);

#[OpenApi]
impl GetEvent {
    /// Get an event
    #[oai(path = "/v1/events/:event", method = "get", operation_id = "getEvent", tag = "Tag::Events")]
    async fn show(
        &self,
        authorized: Authorized<scope::EventsRead>,
        /// The identifier of the event.
        #[oai(name = "event")]
        event: PathParam<EventId>,
    ) -> Result<EventReply, Problem> {
        let event = self.0.event(&authorized.caller.tenant, event.0).await.map_err(managed)?;
        Ok(Reply::fresh(EventReply::render(&(&event).into())))
    }
}
