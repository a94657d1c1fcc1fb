//! Adding many events at once.

use model::{Event, LicenseId, Outcome};
use sqlx::types::Json;

use crate::{
    error::Result,
    sql::{At, pieces},
    tables::events::{Events, is_told, subject_columns},
};

batches! {
    INSERT = "INSERT INTO events (tenant_id, id, at, actor, actor_id, action, subject_kind, subject_id, license_id, \
            refused_for, address, request_id, details)",
        "($1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "";
    INSERT_OUTBOX = "INSERT INTO outbox (tenant_id, event_id, available_at)", "($1, ?, ?)", "";
}

impl Events<'_> {
    /// Adds many events; those that changed something also to the outbox.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn append_many(&mut self, events: &[Event]) -> Result<()> {
        for (statement, piece) in pieces(&INSERT, events) {
            self.insert_piece(statement, piece).await?;
        }
        let told: Vec<&Event> = events.iter().filter(|event| is_told(event)).collect();
        for (statement, piece) in pieces(&INSERT_OUTBOX, &told) {
            self.insert_outbox(statement, piece).await?;
        }
        Ok(())
    }

    async fn insert_piece(&mut self, statement: &'static str, events: &[Event]) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => {
            let mut query = sqlx::query(statement).bind(tenant);
            for event in events {
                let (kind, id, license) = subject_columns(event.subject.as_ref());
                let refused_for = match event.outcome {
                    Outcome::Done => None,
                    Outcome::Refused(reason) => Some(reason.code()),
                };
                query = query
                    .bind(event.id.uuid())
                    .bind(At(event.at))
                    .bind(event.actor.code())
                    .bind(event.actor.id())
                    .bind(event.action.code())
                    .bind(kind)
                    .bind(id)
                    .bind(license.map(LicenseId::uuid))
                    .bind(refused_for)
                    .bind(event.address.as_deref())
                    .bind(event.request_id.as_deref())
                    .bind(Json(&event.details));
            }
            query.execute(c).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn insert_outbox(&mut self, statement: &'static str, events: &[&Event]) -> Result<()> {
        let tenant = self.0.tenant.uuid();
        on!(self.0, c => {
            let mut query = sqlx::query(statement).bind(tenant);
            for event in events {
                query = query.bind(event.id.uuid()).bind(At(event.at));
            }
            query.execute(c).await.map(|_| ())
        })?;
        Ok(())
    }
}
