//! Make, show, change and delete customers.

use model::{
    Action, ClientKey, Customer, CustomerId, EmailAddress, Metadata, Name, Subject, Tenant, Timestamp,
};
use serde_json::json;
use store::{NumberKind, Page, Tx};

use crate::{
    Answer, Call, Error, Idempotency, Licensing, Precondition, audit::Entry, manage::numbers::number,
};

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

/// What is changed of a customer; what is absent stays as it is. Its client key does not change: it is in apps.
#[derive(Clone, Debug, Default)]
pub struct CustomerChange {
    /// Its name for people.
    pub name: Option<Name>,
    /// Where to write to it; the inner absence takes it away.
    pub email: Option<Option<EmailAddress>>,
    /// What the vendor keeps with it, in place of what was there.
    pub metadata: Option<Metadata>,
}

/// Which customers are listed: those for which all that is given holds.
#[derive(Clone, Debug, Default)]
pub struct CustomerFilter {
    /// With that email address, whatever the case of its letters.
    pub email: Option<EmailAddress>,
    /// With that client key.
    pub client_key: Option<ClientKey>,
    /// With that number.
    pub number: Option<u32>,
}

impl CustomerFilter {
    /// The customers of a piece, which the list is read for by what narrows it most.
    async fn read(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Customer>, Error> {
        let one = match (&self.client_key, self.number, &self.email) {
            (Some(key), _, _) => tx.customers().by_client_key(key).await?,
            (None, Some(number), _) => tx.customers().by_number(number).await?,
            (None, None, Some(email)) => return Ok(tx.customers().list_by_email(email, page).await?),
            (None, None, None) => return Ok(tx.customers().list(page).await?),
        };
        let is_in_piece = |customer: &Customer| match page.after {
            Some(after) if page.descending => customer.id.uuid() < after,
            Some(after) => customer.id.uuid() > after,
            None => true,
        };
        Ok(one.into_iter().filter(|found| self.holds_for(found) && is_in_piece(found)).collect())
    }

    fn holds_for(&self, customer: &Customer) -> bool {
        let lower = |email: &EmailAddress| email.as_str().to_lowercase();
        self.number.is_none_or(|number| customer.number == number)
            && self.client_key.as_ref().is_none_or(|key| customer.client_key == *key)
            && self
                .email
                .as_ref()
                .is_none_or(|wanted| customer.email.as_ref().map(lower) == Some(lower(wanted)))
    }
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
        let mut tx = self.inner.store.write(tenant.id).await?;
        let customer = self.make_customer(&mut tx, call, new, now).await?;
        self.commit(tx).await?;
        Ok(customer)
    }

    /// Makes a customer, once for an idempotency key.
    ///
    /// # Errors
    /// Those of [`Self::create_customer`], and of idempotency keys.
    pub async fn create_customer_once(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewCustomer,
        idempotency: Option<Idempotency<'_, Customer>>,
    ) -> Result<Answer<Customer>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let customer = self.make_customer(&mut tx, call, new, now).await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(customer)).await
    }

    async fn make_customer(
        &self,
        tx: &mut Tx,
        call: &Call,
        new: NewCustomer,
        now: Timestamp,
    ) -> Result<Customer, Error> {
        let customer = Customer {
            client_key: new.client_key.map_or_else(|| self.made_up(ClientKey::parse), Ok)?,
            id: CustomerId::from_uuid(self.inner.entropy.uuid(now)),
            number: number(tx, NumberKind::Customer, new.number).await?,
            name: new.name,
            email: new.email,
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
        self.audit(tx, call, now, Entry::done(Action::CustomerCreate, subject, details)).await?;
        Ok(customer)
    }

    /// The customer of that identifier.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn customer(&self, tenant: &Tenant, id: CustomerId) -> Result<Customer, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let customer = tx.customers().by_id(id).await?;
        tx.end().await?;
        customer.ok_or(Error::NotFound("customer"))
    }

    /// A piece of the list of customers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn customers(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        page: &Page,
    ) -> Result<Vec<Customer>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let customers = filter.read(&mut tx, page).await?;
        tx.end().await?;
        Ok(customers)
    }

    /// Changes a customer. The audit log tells which members changed, and no addresses.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn update_customer(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: CustomerId,
        change: CustomerChange,
        precondition: &Precondition,
    ) -> Result<Customer, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let before = tx.customers().by_id(id).await?.ok_or(Error::NotFound("customer"))?;
        precondition.check(before.revision)?;
        let after = Customer {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            email: change.email.unwrap_or_else(|| before.email.clone()),
            metadata: change.metadata.unwrap_or_else(|| before.metadata.clone()),
            updated_at: now,
            ..before.clone()
        };
        if !tx.customers().update(&after).await? {
            return Err(Error::PreconditionFailed);
        }
        let entry = Entry::done(Action::CustomerUpdate, Subject::Customer(id), changes(&before, &after));
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await?;
        Ok(Customer { revision: after.revision + 1, ..after })
    }

    /// Deletes a customer that has no licenses.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Conflict`] when it has licenses;
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn delete_customer(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: CustomerId,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let customer = tx.customers().by_id(id).await?.ok_or(Error::NotFound("customer"))?;
        precondition.check(customer.revision)?;
        if !tx.customers().delete(&customer).await? {
            return Err(Error::Conflict("the customer has licenses".into()));
        }
        let details = json!({ "number": customer.number });
        let entry = Entry::done(Action::CustomerDelete, Subject::Customer(id), details);
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await?;
        Ok(())
    }
}

/// What the audit log tells of a change. Addresses and metadata may be personal data that must be gone when the customer
/// is: only that they changed is told.
fn changes(before: &Customer, after: &Customer) -> serde_json::Value {
    let changed = [
        ("name", before.name != after.name),
        ("email", before.email != after.email),
        ("metadata", before.metadata != after.metadata),
    ];
    let changed: Vec<&str> = changed.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
    json!({
        "number": after.number,
        "changed": changed,
        "before": { "has_email": before.email.is_some(), "metadata_names": names(&before.metadata) },
        "after": { "has_email": after.email.is_some(), "metadata_names": names(&after.metadata) },
    })
}

fn names(metadata: &Metadata) -> Vec<&str> {
    metadata.iter().map(|(name, _)| name).collect()
}
