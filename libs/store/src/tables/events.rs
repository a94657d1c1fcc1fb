//! The audit log and the outbox.

use model::{Action, Actor, Event, EventId, LicenseId, Outcome, Reason, Subject};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    error::Result,
    sql::At,
    tables::parse::Row,
    tx::{Connection, Tx},
};

macro_rules! event_columns {
    () => {
        "id, at, actor, actor_id, action, subject_kind, subject_id, license_id, refused_for, address, request_id, details"
    };
}
pub(crate) use event_columns;

macro_rules! insert {
    () => {
        "INSERT INTO events (tenant_id, id, at, actor, actor_id, action, subject_kind, subject_id, license_id, refused_for, \
         address, request_id, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    };
}

statements! {
    INSERT = insert!();
    INSERT_OUTBOX = "INSERT INTO outbox (tenant_id, event_id, available_at) VALUES ($1, $2, $3)";
    OF_LICENSE = concat!("SELECT ", event_columns!(), " FROM events WHERE tenant_id = $1 AND license_id = $2 ORDER BY id LIMIT $3");
    OUTBOX_LENGTH = "SELECT count(*) FROM outbox WHERE tenant_id = $1";
}

// An event that is to be told, in one round trip: every change makes one.
statements_of_postgres! {
    INSERT_TOLD = concat!(
        "WITH event (id, at) AS (", insert!(), " RETURNING id, at) \
        INSERT INTO outbox (tenant_id, event_id, available_at) SELECT $1, id, at FROM event"
    );
}

/// The audit log and the outbox of one tenant.
pub struct Events<'a>(pub(crate) &'a mut Tx);

impl Events<'_> {
    /// Adds an event; one that changed something also to the outbox.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn append(&mut self, event: &Event) -> Result<()> {
        if !is_told(event) {
            return self.insert(INSERT, event).await;
        }
        if matches!(self.0.connection, Connection::Postgres(_)) {
            return self.insert(INSERT_TOLD, event).await;
        }
        self.insert(INSERT, event).await?;
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => sqlx::query(INSERT_OUTBOX)
            .bind(tenant).bind(event.id.uuid()).bind(At(event.at)).execute(c).await.map(|_| ()))?;
        Ok(())
    }

    async fn insert(&mut self, statement: &'static str, event: &Event) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        let (kind, id, license) = subject_columns(event.subject.as_ref());
        let refused_for = match event.outcome {
            Outcome::Done => None,
            Outcome::Refused(reason) => Some(reason.code()),
        };
        on!(self.0, c => sqlx::query(statement)
            .bind(tenant)
            .bind(event.id.uuid())
            .bind(At(event.at))
            .bind(event.actor.code())
            .bind(event.actor.id())
            .bind(event.action.code())
            .bind(kind)
            .bind(id.as_deref())
            .bind(license.map(LicenseId::uuid))
            .bind(refused_for)
            .bind(event.address.as_deref())
            .bind(event.request_id.as_deref())
            .bind(Json(&event.details))
            .execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// The first events of a license, oldest first, at most `most`.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn of_license(&mut self, license: LicenseId, most: u32) -> Result<Vec<Event>> {
        let tenant = self.0.tenant.uuid();
        let rows: Vec<EventRow> = on!(self.0, c => sqlx::query_as(OF_LICENSE)
            .bind(tenant).bind(license.uuid()).bind(i64::from(most)).fetch_all(c).await)?;
        rows.into_iter().map(Event::try_from).collect()
    }

    /// How many events wait in the outbox.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn outbox_length(&mut self) -> Result<u64> {
        let tenant = self.0.tenant.uuid();
        let count: i64 = on!(self.0, c => sqlx::query_scalar(OUTBOX_LENGTH).bind(tenant).fetch_one(c).await)?;
        Row::new("outbox", "all").count("count", count)
    }
}

/// Whether others are to be told of it: what changed nothing is in the audit log alone.
pub(crate) fn is_told(event: &Event) -> bool {
    event.outcome == Outcome::Done && event.action.changes()
}

pub(crate) fn subject_columns(
    subject: Option<&Subject>,
) -> (Option<&'static str>, Option<String>, Option<LicenseId>) {
    subject
        .map_or((None, None, None), |subject| (Some(subject.kind()), Some(subject.id()), subject.license()))
}

#[derive(FromRow)]
pub(crate) struct EventRow {
    id: Uuid,
    at: At,
    actor: String,
    actor_id: Option<Uuid>,
    action: String,
    subject_kind: Option<String>,
    subject_id: Option<String>,
    license_id: Option<Uuid>,
    refused_for: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
    details: Json<serde_json::Value>,
}

impl TryFrom<EventRow> for Event {
    type Error = crate::Error;

    fn try_from(row: EventRow) -> Result<Self> {
        let at = Row::new("events", row.id);
        let license = row.license_id.map(LicenseId::from_uuid);
        let subject = match (row.subject_kind.as_deref(), row.subject_id, license) {
            (Some("tenant"), Some(id), _) => Some(Subject::Tenant(at.parse("subject_id", &id)?)),
            (Some("product"), Some(id), _) => Some(Subject::Product(at.parse("subject_id", &id)?)),
            (Some("policy"), Some(id), _) => Some(Subject::Policy(at.parse("subject_id", &id)?)),
            (Some("customer"), Some(id), _) => Some(Subject::Customer(at.parse("subject_id", &id)?)),
            (Some("license"), Some(id), _) => Some(Subject::License(at.parse("subject_id", &id)?)),
            (Some("machine"), Some(id), Some(license)) => {
                Some(Subject::Machine(license, at.parse("subject_id", &id)?))
            }
            (Some("key"), Some(id), _) => {
                Some(Subject::Key(at.check("subject_id", model::KeyId::parse(id))?))
            }
            (Some("api_key"), Some(id), _) => Some(Subject::ApiKey(at.parse("subject_id", &id)?)),
            (Some("member"), Some(id), _) => Some(Subject::Member(at.parse("subject_id", &id)?)),
            _ => None,
        };
        let refused_for =
            row.refused_for.map(|code| at.check("refused_for", Reason::from_code(&code))).transpose()?;
        Ok(Self {
            id: EventId::from_uuid(row.id),
            at: row.at.0,
            actor: at.check("actor", Actor::from_parts(&row.actor, row.actor_id))?,
            action: at.check("action", Action::from_code(&row.action))?,
            subject,
            outcome: refused_for.map_or(Outcome::Done, Outcome::Refused),
            address: row.address,
            request_id: row.request_id,
            details: row.details.0,
        })
    }
}
