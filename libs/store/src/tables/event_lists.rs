//! Looking the audit log through.

use std::sync::LazyLock;

use model::{Action, Event, EventId, LicenseId, Timestamp, event::ID_AHEAD_MILLIS};
use uuid::Uuid;

use crate::{
    error::Result,
    filtered::{Filtered, Pieces, filtered, pick},
    page::Page,
    sql::At,
    tables::events::{EventRow, event_columns},
    tx::Tx,
};

statements! {
    BY_ID = concat!("SELECT ", event_columns!(), " FROM events WHERE tenant_id = $1 AND id = $2");
}

// Both bounds on identifiers are always there: they let an index skip what the bounds on time would only leave out.
pub(crate) static LIST: Filtered = LazyLock::new(|| {
    filtered(&Pieces {
        name: concat!(module_path!(), "::LIST"),
        select: concat!(
            "SELECT ",
            event_columns!(),
            " FROM events WHERE tenant_id = $1 AND id > $2 AND id < $3 AND at >= $4 AND at < $5"
        ),
        parameters: 6,
        filters: &[
            ("ACTION", "action = ?"),
            ("SUBJECT_KIND", "subject_kind = ?"),
            ("SUBJECT_ID", "subject_id = ?"),
            ("LICENSE", "license_id = ?"),
            ("ACTOR", "actor = ?"),
            ("ACTOR_ID", "actor_id = ?"),
        ],
        orders: [" ORDER BY id LIMIT $6", " ORDER BY id DESC LIMIT $6"],
    })
});

/// Which events a list has: all when empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Those that tell of this.
    pub action: Option<Action>,
    /// Those about this kind of thing.
    pub subject_kind: Option<String>,
    /// Those about the thing with this identifier.
    pub subject_id: Option<String>,
    /// Those about a license or a machine of it.
    pub license: Option<LicenseId>,
    /// Those by this kind of actor.
    pub actor: Option<String>,
    /// Those by the actor with this identifier.
    pub actor_id: Option<Uuid>,
    /// Those from this instant on.
    pub since: Option<Timestamp>,
    /// Those before this instant.
    pub until: Option<Timestamp>,
}

impl EventFilter {
    /// The identifiers between which all events of a piece lie, both exclusive. They follow from the times, since the
    /// time in an identifier is never before that of its event, and at most a little after it.
    fn bounds(&self, page: &Page) -> (Uuid, Uuid) {
        let first = |millis: u128| Uuid::from_u128(millis << 80);
        let millis = |at: Timestamp| u128::try_from(at.unix_micros() / 1_000).unwrap_or(0);
        let low = self.since.map_or(Uuid::nil(), |since| first(millis(since)));
        let high =
            self.until.map_or(Uuid::max(), |until| first(millis(until) + u128::from(ID_AHEAD_MILLIS) + 1));
        match page.after {
            None => (low, high),
            Some(after) if page.descending => (low, high.min(after)),
            Some(after) => (low.max(after), high),
        }
    }
}

/// The audit log of one tenant, to be looked through.
pub struct EventLists<'a>(pub(crate) &'a mut Tx);

impl EventLists<'_> {
    /// The event of that identifier.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_id(&mut self, id: EventId) -> Result<Option<Event>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<EventRow> =
            on!(self.0, c => sqlx::query_as(BY_ID).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Event::try_from).transpose()
    }

    /// A piece of the list of events.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list(&mut self, filter: &EventFilter, page: &Page) -> Result<Vec<Event>> {
        let tenant = self.0.tenant.uuid();
        let given = [
            filter.action.is_some(),
            filter.subject_kind.is_some(),
            filter.subject_id.is_some(),
            filter.license.is_some(),
            filter.actor.is_some(),
            filter.actor_id.is_some(),
        ];
        let statement = pick(&LIST, &given, page.descending);
        let (low, high) = filter.bounds(page);
        let rows: Vec<EventRow> = on!(self.0, c => {
            let mut query = sqlx::query_as(statement)
                .bind(tenant)
                .bind(low)
                .bind(high)
                .bind(At(filter.since.unwrap_or(Timestamp::MIN)))
                .bind(At(filter.until.unwrap_or(Timestamp::MAX)))
                .bind(i64::from(page.limit));
            if let Some(action) = filter.action {
                query = query.bind(action.code());
            }
            for text in [&filter.subject_kind, &filter.subject_id].into_iter().flatten() {
                query = query.bind(text.as_str());
            }
            if let Some(license) = filter.license {
                query = query.bind(license.uuid());
            }
            if let Some(actor) = &filter.actor {
                query = query.bind(actor.as_str());
            }
            if let Some(id) = filter.actor_id {
                query = query.bind(id);
            }
            query.fetch_all(c).await
        })?;
        rows.into_iter().map(Event::try_from).collect()
    }
}
