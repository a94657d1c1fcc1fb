//! Make a customer.

use model::{Action, ClientKey, Customer, CustomerId, EmailAddress, Metadata, Name, Subject, Tenant};
use serde_json::json;
use store::NumberKind;

use crate::{Call, Error, Licensing, audit::Entry, manage::numbers::number};

/// A customer to make.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Its name for people.
    pub name: Name,
    /// Where to write to it.
    pub email: Option<EmailAddress>,
    /// Its number for old clients; the next free one when absent.
    pub number: Option<u32>,
    /// The key by which apps name it; made up when absent.
    pub client_key: Option<ClientKey>,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
}

impl Licensing {
    /// Makes a customer.
    ///
    /// # Errors
    /// [`Error::Conflict`] when number or client key is taken; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn create_customer(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewCustomer,
    ) -> Result<Customer, Error> {
        let now = self.inner.clock.now();
        let client_key = new.client_key.map_or_else(|| self.made_up(ClientKey::parse), Ok)?;
        let mut tx = self.inner.store.write(tenant.id).await?;
        let customer = Customer {
            id: CustomerId::from_uuid(self.inner.entropy.uuid(now)),
            number: number(&mut tx, NumberKind::Customer, new.number).await?,
            name: new.name,
            email: new.email,
            client_key,
            metadata: new.metadata,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        if !tx.customers().insert(&customer).await? {
            return Err(Error::Conflict("a customer with this number or client key exists already".into()));
        }
        let details = json!({ "number": customer.number });
        let subject = Subject::Customer(customer.id);
        self.audit(&mut tx, call, now, Entry::done(Action::CustomerCreate, subject, details)).await?;
        tx.commit().await?;
        Ok(customer)
    }
}
