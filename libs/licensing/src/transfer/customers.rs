//! Bring in customers from another system, or from an export.

use model::{Action, ClientKey, Customer, CustomerId, EmailAddress, Metadata, Name, Subject, Tenant};
use serde_json::json;
use store::{NumberKind, Tx};

use super::{
    batch::Setting,
    import::{
        self, ImportCount, ImportLines, ImportMode, ImportReport, ImportSummary, Importer, Outcome, Refusal,
    },
};
use crate::{Call, Error, Licensing, audit::Entry};

/// One customer to bring in.
#[derive(Clone, Debug)]
pub struct CustomerLine {
    /// Its name for people.
    pub name: Name,
    /// The key by which apps name it.
    pub client_key: ClientKey,
    /// Its number for old clients; the next free one when absent.
    pub number: Option<u32>,
    /// Where to write to it.
    pub email: Option<EmailAddress>,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
}

impl Licensing {
    /// Brings in any number of customers in one transaction.
    ///
    /// Safe to repeat: a client key that is there already is left as it is.
    ///
    /// # Errors
    /// Those of `lines` and `report`, [`Error::Unavailable`] and [`Error::Internal`], with nothing brought in.
    pub async fn import_customer_lines(
        &self,
        tenant: &Tenant,
        call: &Call,
        count: ImportCount,
        lines: &mut impl ImportLines<CustomerLine>,
        report: &mut impl ImportReport,
        mode: ImportMode,
    ) -> Result<ImportSummary, Error> {
        let setting = Setting::new(self, tenant, call);
        let (tx, next_number) = setting.begin(NumberKind::Customer, count, mode).await?;
        import::run(self, tx, &mut CustomerImporter { setting, next_number }, lines, report, mode).await
    }
}

struct CustomerImporter<'a> {
    setting: Setting<'a>,
    next_number: u32,
}

impl Importer<CustomerLine> for CustomerImporter<'_> {
    async fn bring_in(&mut self, tx: &mut Tx, lines: &[CustomerLine]) -> Result<Vec<Outcome>, Error> {
        let Setting { licensing, now, .. } = self.setting;
        let keys: Vec<ClientKey> = lines.iter().map(|line| line.client_key.clone()).collect();
        let known = tx.transfers().customer_ids(&keys).await?;
        let (mut outcomes, mut entries) = (Vec::with_capacity(lines.len()), Vec::with_capacity(lines.len()));
        for line in lines {
            if known.contains_key(&line.client_key) {
                outcomes.push(Outcome::Exists);
                continue;
            }
            let number = line.number.unwrap_or(self.next_number);
            let customer = Customer {
                id: CustomerId::from_uuid(licensing.inner.entropy.uuid(now)),
                number,
                name: line.name.clone(),
                email: line.email.clone(),
                client_key: line.client_key.clone(),
                metadata: line.metadata.clone(),
                revision: 1,
                created_at: now,
                updated_at: now,
            };
            if tx.customers().insert(&customer).await? {
                if line.number.is_none() {
                    self.next_number = self.next_number.saturating_add(1);
                }
                let details = json!({ "number": number });
                entries.push(Entry::done(Action::CustomerImport, Subject::Customer(customer.id), details));
                outcomes.push(Outcome::Created);
            } else if tx.customers().by_client_key(&line.client_key).await?.is_some() {
                outcomes.push(Outcome::Exists);
            } else {
                outcomes.push(Outcome::Refused(Refusal::member("number", "is taken by another customer")));
            }
        }
        self.setting.audit(tx, entries).await?;
        Ok(outcomes)
    }

    async fn finish(&mut self, _tx: &mut Tx) -> Result<(), Error> {
        Ok(())
    }
}
