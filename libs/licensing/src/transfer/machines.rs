//! Bring in machines from another system, or from an export.

use model::{
    Action, Fingerprint, License, LicenseId, LicenseKey, Machine, MachineId, MachineName, MachineState,
    SeatKind, Subject, Tenant, Timestamp,
};
use serde_json::json;
use store::{ActivationRecord, Tx};

use super::{
    batch::{Catalog, Setting},
    import::{self, ImportLines, ImportMode, ImportReport, ImportSummary, Importer, Outcome, Refusal},
};
use crate::{Call, Error, Licensing, audit::Entry};

/// One machine to bring in.
#[derive(Clone, Debug)]
pub struct MachineLine {
    /// The license that is, or was, activated on it.
    pub license: LicenseName,
    /// What the app says identifies it.
    pub fingerprint: Fingerprint,
    /// What it calls itself.
    pub name: Option<MachineName>,
    /// Whether the license is activated on it.
    pub state: MachineState,
    /// When the license was last activated on it; now, when absent.
    pub activated_at: Option<Timestamp>,
    /// When it was last deactivated.
    pub deactivated_at: Option<Timestamp>,
}

/// How a line names a license.
#[derive(Clone, Debug)]
pub enum LicenseName {
    /// By its key.
    Key(LicenseKey),
    /// By its identifier.
    Id(LicenseId),
}

impl Licensing {
    /// Brings in any number of machines in one transaction. Changes of their licenses wait until it ends.
    ///
    /// Safe to repeat: a fingerprint that the license has already is left as it is. An active machine for which no seat
    /// is left is refused; on a license with floating seats it takes none until it is given a lease.
    ///
    /// # Errors
    /// Those of `lines` and `report`, [`Error::Unavailable`] and [`Error::Internal`], with nothing brought in.
    pub async fn import_machine_lines(
        &self,
        tenant: &Tenant,
        call: &Call,
        lines: &mut impl ImportLines<MachineLine>,
        report: &mut impl ImportReport,
        mode: ImportMode,
    ) -> Result<ImportSummary, Error> {
        let setting = Setting::new(self, tenant, call);
        let tx = self.inner.store.write(tenant.id).await?;
        let mut importer = MachineImporter { setting, catalog: Catalog::default() };
        import::run(self, tx, &mut importer, lines, report, mode).await
    }
}

struct MachineImporter<'a> {
    setting: Setting<'a>,
    catalog: Catalog,
}

impl MachineImporter<'_> {
    /// The license of a line, which nobody else changes until the import ends.
    async fn license(&self, tx: &mut Tx, name: &LicenseName) -> Result<Option<License>, Error> {
        let Setting { licensing, tenant, .. } = self.setting;
        let id = match name {
            LicenseName::Key(key) => {
                let key_hash = licensing.inner.vault.key_hash(tenant.id, key)?;
                tx.licenses().lock_by_key(&key_hash).await?
            }
            LicenseName::Id(id) => tx.licenses().lock_by_id(*id).await?.then_some(*id),
        };
        match id {
            Some(id) => Ok(tx.licenses().by_id(id).await?),
            None => Ok(None),
        }
    }

    async fn bring_in_one(
        &mut self,
        tx: &mut Tx,
        line: &MachineLine,
        entries: &mut Vec<Entry>,
    ) -> Result<Outcome, Error> {
        let Setting { licensing, now, .. } = self.setting;
        let Some(license) = self.license(tx, &line.license).await? else {
            let member = match line.license {
                LicenseName::Key(_) => "license_key",
                LicenseName::Id(_) => "license_id",
            };
            return Ok(Outcome::Refused(Refusal::member(member, "names no license")));
        };
        if tx.transfers().machine_by_fingerprint(license.id, &line.fingerprint).await?.is_some() {
            return Ok(Outcome::Exists);
        }
        let policy = self.catalog.policy_by_id(tx, license.policy_id).await?;
        let is_active = line.state == MachineState::Active;
        if is_active && policy.rules.seat_kind == SeatKind::NodeLocked {
            let seats = license.seats(&policy).with_overage(policy.rules.overage_percent);
            let used = tx.machines().seats_used(license.id, policy.rules.seat_kind, now).await?;
            if !seats.allows_another(used) {
                return Ok(Outcome::Refused(Refusal::whole("seats_exhausted: the license has no seat left")));
            }
        }
        let machine = Machine {
            id: MachineId::from_uuid(licensing.inner.entropy.uuid(now)),
            license_id: license.id,
            fingerprint: line.fingerprint.clone(),
            name: line.name.clone(),
            state: line.state,
            activated_at: line.activated_at.unwrap_or(now),
            deactivated_at: line.deactivated_at,
            lease: None,
            revision: 1,
        };
        tx.machines().save(&machine).await?;
        if let (true, None, Some(term)) = (is_active, license.term_started_at, policy.rules.term) {
            // A machine that is activated has started the term.
            let record = ActivationRecord {
                counts: false,
                activation_limit: None,
                term_started_at: Some(machine.activated_at),
                expires_at: Some(term.after(machine.activated_at)),
                customer_id: None,
                at: now,
            };
            tx.licenses().record_activation(license.id, &record).await?;
        }
        let details = json!({ "state": machine.state.code() });
        let subject = Subject::Machine(license.id, machine.id);
        entries.push(Entry::done(Action::MachineImport, subject, details));
        Ok(Outcome::Created)
    }
}

impl Importer<MachineLine> for MachineImporter<'_> {
    async fn bring_in(&mut self, tx: &mut Tx, lines: &[MachineLine]) -> Result<Vec<Outcome>, Error> {
        let (mut outcomes, mut entries) = (Vec::with_capacity(lines.len()), Vec::with_capacity(lines.len()));
        for line in lines {
            outcomes.push(self.bring_in_one(tx, line, &mut entries).await?);
        }
        self.setting.audit(tx, entries).await?;
        Ok(outcomes)
    }

    async fn finish(&mut self, _tx: &mut Tx) -> Result<(), Error> {
        Ok(())
    }
}
