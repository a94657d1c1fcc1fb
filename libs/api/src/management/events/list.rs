//! `GET /v1/events`

use licensing::{EventFilter, Licensing};
use model::{ApiKeyId, LicenseId, Timestamp};
use poem_openapi::OpenApi;

use super::{
    Tag,
    filter::{ActorKind, ByTime, SubjectId, SubjectKind, Type},
    shape::{EventList, EventShape},
};
use crate::{
    http::{
        credential::{Authorized, scope},
        list::{self, Cursor, Limit},
        query::QueryParam,
        reply::Reply,
    },
    problem::{Fault, Problem, managed},
};

type ListReply = Reply<EventList, 200>;

/// The operation.
pub(crate) struct ListEvents(pub(super) Licensing);

#[OpenApi]
impl ListEvents {
    /// List events
    ///
    /// The audit log, newest first unless `sort` says otherwise: every change, and every attempt of an app to activate,
    /// refresh or deactivate. Checks are counted and not events. Filters narrow the list down together.
    #[oai(path = "/v1/events", method = "get", operation_id = "listEvents", tag = "Tag::Events")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        authorized: Authorized<scope::EventsRead>,
        /// Only those of this type, such as `license.suspend`.
        #[oai(name = "type")]
        kind: QueryParam<Type>,
        /// Only those about this kind of thing.
        #[oai(name = "subject_kind")]
        subject_kind: QueryParam<SubjectKind>,
        /// Only those about the thing with this identifier; `subject_kind` says what it is.
        #[oai(name = "subject")]
        subject: QueryParam<SubjectId>,
        /// Only those about the license with this identifier, or a machine of it.
        #[oai(name = "license")]
        license: QueryParam<LicenseId>,
        /// Only those that this kind of caller did.
        #[oai(name = "actor")]
        actor: QueryParam<ActorKind>,
        /// Only those that the API key with this identifier did.
        #[oai(name = "actor_id")]
        actor_id: QueryParam<ApiKeyId>,
        /// Only those from this instant on.
        #[oai(name = "since")]
        since: QueryParam<Timestamp>,
        /// Only those before this instant.
        #[oai(name = "until")]
        until: QueryParam<Timestamp>,
        /// The most items that the answer has.
        #[oai(name = "limit")]
        limit: QueryParam<Limit>,
        /// Where to go on: the `next_cursor` of the answer before.
        #[oai(name = "cursor")]
        cursor: QueryParam<Cursor>,
        /// The order; with a hyphen in front, the newest come first. Events that several servers write within a few
        /// seconds may be out of order.
        #[oai(name = "sort")]
        sort: QueryParam<ByTime>,
    ) -> Result<ListReply, Problem> {
        let mut page = list::page(limit.0, cursor.0.as_ref(), None)?;
        page.descending = sort.0.is_none_or(|sort| sort.descending);
        if subject.0.is_some() && subject_kind.0.is_none() {
            return Err(Problem::new(Fault::BadParameter)
                .detail("The query parameter subject is to be sent with subject_kind."));
        }
        let filter = EventFilter {
            action: kind.0.map(|kind| kind.0),
            subject_kind: subject_kind.0.map(|kind| kind.0),
            subject_id: subject.0.map(|id| id.0),
            license: license.0,
            actor: actor.0.map(|actor| actor.0),
            actor_id: actor_id.0.map(ApiKeyId::uuid),
            since: since.0,
            until: until.0,
        };
        let events = self.0.events(&authorized.caller.tenant, &filter, &page).await.map_err(managed)?;
        let (events, next) = list::cut(events, &page, |event| event.id.uuid());
        let items = events.iter().map(EventShape::from).collect();
        Ok(Reply::fresh(ListReply::render(&EventList::new(items, next))))
    }
}
