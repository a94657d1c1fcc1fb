//! The lines of machines.

use licensing::{ExportedMachine, ImportCount, LicenseName, LineRefusal, MachineLine};
use model::{Fingerprint, LicenseKey, MachineName, MachineState};

use super::{
    cells::{Cell, Cells},
    kind::{Column, Kind, Role},
};

/// Machines.
pub(super) struct Machines;

impl Kind for Machines {
    type Line = MachineLine;
    type Item = ExportedMachine;

    const NAME: &'static str = "machines";
    const COLUMNS: &'static [Column] = &[
        Column::new("id", Role::Shown),
        Column::new("license_key", Role::Key { required: false }),
        Column::new("license_id", Role::Taken),
        Column::new("fingerprint", Role::Required),
        Column::new("name", Role::Taken),
        Column::new("state", Role::Taken),
        Column::new("activated_at", Role::Taken),
        Column::new("deactivated_at", Role::Taken),
    ];

    fn read(cells: &mut Cells) -> Result<MachineLine, LineRefusal> {
        let key = cells.text("license_key", LicenseKey::parse)?.map(LicenseName::Key);
        // A file that was exported with keys has both; the identifier is that of the place it came from.
        let id = cells.text("license_id", str::parse)?.map(LicenseName::Id);
        Ok(MachineLine {
            license: key.or(id).ok_or_else(|| LineRefusal::whole("needs license_key or license_id"))?,
            fingerprint: cells.required("fingerprint", |text| Fingerprint::parse(text))?,
            name: cells.text("name", |text| MachineName::parse(text))?,
            state: cells.text("state", MachineState::from_code)?.unwrap_or(MachineState::Active),
            activated_at: cells.instant("activated_at")?,
            deactivated_at: cells.instant("deactivated_at")?,
        })
    }

    fn count(_line: &MachineLine, _count: &mut ImportCount) {}

    fn write(item: &ExportedMachine, column: &'static str) -> Option<Cell> {
        let machine = &item.machine;
        match column {
            "id" => Cell::text(Some(machine.id)),
            "license_key" => Cell::text(item.license_key.as_ref().map(LicenseKey::reveal)),
            "license_id" => Cell::text(Some(machine.license_id)),
            "fingerprint" => Cell::text(Some(machine.fingerprint.as_str())),
            "name" => Cell::text(machine.name.as_ref()),
            "state" => Cell::text(Some(machine.state.code())),
            "activated_at" => Cell::text(Some(machine.activated_at)),
            "deactivated_at" => Cell::text(machine.deactivated_at),
            _ => None,
        }
    }
}
