//! Look the audit log through.

use model::{Event, EventId, Tenant};
use store::{EventFilter, Page};

use crate::{Error, Licensing};

impl Licensing {
    /// The event of that identifier.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn event(&self, tenant: &Tenant, id: EventId) -> Result<Event, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let event = tx.event_lists().by_id(id).await?;
        tx.end().await?;
        event.ok_or(Error::NotFound("event"))
    }

    /// A piece of the audit log, in the order of identifiers. That is the order of time, but for events that several
    /// servers write within a few seconds.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn events(
        &self,
        tenant: &Tenant,
        filter: &EventFilter,
        page: &Page,
    ) -> Result<Vec<Event>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let events = tx.event_lists().list(filter, page).await?;
        tx.end().await?;
        Ok(events)
    }
}
