//! Show, rename and deactivate machines.

use model::{Action, LicenseId, Machine, MachineId, MachineName, MachineState, Subject, Tenant};
use serde_json::json;
use store::{MachineFilter, MachineRecord, Page, Tx};

use crate::{Call, Error, Licensing, Precondition, audit::Entry};

/// What is changed of a machine; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct MachineChange {
    /// Its name; the inner absence takes it away.
    pub name: Option<Option<MachineName>>,
}

impl Licensing {
    /// The machine of that identifier.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn machine(&self, tenant: &Tenant, id: MachineId) -> Result<MachineRecord, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let record = tx.machine_records().by_id(id).await?;
        tx.end().await?;
        record.ok_or(Error::NotFound("machine"))
    }

    /// A piece of the list of machines.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn machines(
        &self,
        tenant: &Tenant,
        filter: &MachineFilter,
        page: &Page,
    ) -> Result<Vec<MachineRecord>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let records = tx.machine_records().list(filter, page).await?;
        tx.end().await?;
        Ok(records)
    }

    /// Renames a machine.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn update_machine(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: MachineId,
        change: MachineChange,
        precondition: &Precondition,
    ) -> Result<MachineRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let record = take_up(&mut tx, id).await?;
        precondition.check(record.machine.revision)?;
        let before = record.machine.name.clone();
        let name = change.name.unwrap_or_else(|| before.clone());
        let record = save(&mut tx, record, |machine| machine.name = name).await?;
        let name =
            |name: &Option<MachineName>| json!({ "name": name.as_ref().map_or("", MachineName::as_str) });
        let details = json!({ "before": name(&before), "after": name(&record.machine.name) });
        let entry = Entry::done(Action::MachineUpdate, subject(&record.machine), details);
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await?;
        Ok(record)
    }

    /// Deactivates a license on a machine, which frees its seat, whatever the license's state. It uses up none of the
    /// deactivations that the app has. On a machine that is deactivated already nothing changes.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unavailable`] and [`Error::Internal`], with nothing changed.
    pub async fn deactivate_machine(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: MachineId,
    ) -> Result<MachineRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let record = take_up(&mut tx, id).await?;
        if record.machine.state == MachineState::Deactivated {
            return Ok(record);
        }
        let record = save(&mut tx, record, |machine| {
            machine.state = MachineState::Deactivated;
            machine.deactivated_at = Some(now);
        })
        .await?;
        let license = record.machine.license_id;
        tx.licenses().record_deactivation(license, false, now).await?;
        let seats_used = tx.machines().seats_used(license, record.seat_kind, now).await?;
        let details = json!({ "seats_used": seats_used });
        let entry = Entry::done(Action::MachineDeactivate, subject(&record.machine), details);
        self.audit(&mut tx, call, now, entry).await?;
        self.commit(tx).await?;
        Ok(record)
    }
}

fn subject(machine: &Machine) -> Subject {
    Subject::Machine(machine.license_id, machine.id)
}

/// Finds a machine and makes every other change of its license wait: an app's changes write the whole machine.
async fn take_up(tx: &mut Tx, id: MachineId) -> Result<MachineRecord, Error> {
    const NONE: Error = Error::NotFound("machine");
    let license: LicenseId = tx.machine_records().by_id(id).await?.ok_or(NONE)?.machine.license_id;
    tx.licenses().lock_by_id(license).await?;
    tx.machine_records().by_id(id).await?.ok_or(NONE)
}

async fn save(
    tx: &mut Tx,
    mut record: MachineRecord,
    change: impl FnOnce(&mut Machine),
) -> Result<MachineRecord, Error> {
    change(&mut record.machine);
    if !tx.machine_records().update(&record.machine).await? {
        return Err(Error::PreconditionFailed);
    }
    record.machine.revision += 1;
    Ok(record)
}
