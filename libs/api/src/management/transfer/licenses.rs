//! The lines of licenses.

use licensing::{Ends, ExportedLicense, ImportCount, ImportLine, LineRefusal};
use model::{ClientKey, Fingerprint, LicenseKey, LicenseState, Memo, PolicyCode, ProductCode, Timestamp};

use super::{
    cells::{Cell, Cells},
    kind::{Column, Kind, Role},
};

/// Licenses.
pub(super) struct Licenses;

impl Kind for Licenses {
    type Line = ImportLine;
    type Item = ExportedLicense;

    const NAME: &'static str = "licenses";
    const COLUMNS: &'static [Column] = &[
        Column::new("id", Role::Shown),
        Column::new("number", Role::Shown),
        Column::new("key", Role::Key { required: true }),
        Column::new("key_hint", Role::Shown),
        Column::new("product", Role::Taken),
        Column::new("policy", Role::Required),
        Column::new("customer", Role::Taken),
        Column::new("customer_id", Role::Taken),
        Column::new("state", Role::Taken),
        Column::new("seats", Role::Taken),
        Column::new("activation_limit", Role::Taken),
        Column::new("activations_used", Role::Taken),
        Column::new("deactivations_used", Role::Taken),
        Column::new("term_started_at", Role::Taken),
        Column::new("expires_at", Role::Taken),
        Column::new("entitlements", Role::Taken),
        Column::new("memo", Role::Taken),
        Column::new("metadata", Role::Taken),
        Column::new("created_at", Role::Shown),
        Column::new("updated_at", Role::Shown),
        Column::new("fingerprint", Role::ImportOnly),
    ];

    fn read(cells: &mut Cells) -> Result<ImportLine, LineRefusal> {
        let ends = |text: &str| match text {
            "never" => Ok(Ends::Never),
            _ => Timestamp::parse(text).map(Ends::At),
        };
        let key = cells.required("key", LicenseKey::parse)?;
        let policy = cells.required("policy", |text| PolicyCode::parse(text))?;
        Ok(ImportLine {
            product: cells.text("product", |text| ProductCode::parse(text))?,
            customer: cells.text("customer", |text| ClientKey::parse(text))?,
            customer_id: cells.text("customer_id", str::parse)?,
            seats: cells.limit("seats")?,
            activation_limit: cells.limit("activation_limit")?,
            entitlements: cells.entitlements()?,
            activations_used: cells.count("activations_used", 0)?.unwrap_or(0),
            deactivations_used: cells.count("deactivations_used", 0)?.unwrap_or(0),
            term_started_at: cells.instant("term_started_at")?,
            ends: cells.text("expires_at", ends)?,
            state: cells.text("state", LicenseState::from_code)?.unwrap_or(LicenseState::Active),
            fingerprint: cells.text("fingerprint", |text| Fingerprint::parse(text))?,
            memo: cells.text("memo", |text| Memo::parse(text))?,
            metadata: cells.metadata()?,
            ..ImportLine::new(key, policy)
        })
    }

    fn count(_line: &ImportLine, count: &mut ImportCount) {
        count.numberless = count.numberless.saturating_add(1);
    }

    fn write(item: &ExportedLicense, column: &'static str) -> Option<Cell> {
        let license = &item.license;
        match column {
            "id" => Cell::text(Some(license.id)),
            "number" => Cell::number(license.number),
            "key" => Cell::text(item.key.as_ref().map(LicenseKey::reveal)),
            "key_hint" => Cell::text(Some(&license.key_hint)),
            "product" => Cell::text(Some(&item.product)),
            "policy" => Cell::text(Some(&item.policy)),
            "customer" => Cell::text(item.customer.as_ref()),
            "customer_id" => Cell::text(license.customer_id),
            "state" => Cell::text(Some(license.state.code())),
            "seats" => Cell::limit(license.overrides.seats),
            "activation_limit" => Cell::limit(license.overrides.activation_limit),
            "activations_used" => Cell::number(license.activations_used),
            "deactivations_used" => Cell::number(license.deactivations_used),
            "term_started_at" => Cell::text(license.term_started_at),
            "expires_at" => match license.expires_at {
                None => Cell::text(item.never_ends.then_some("never")),
                end => Cell::text(end),
            },
            "entitlements" => Cell::entitlements(&license.overrides.entitlements),
            "memo" => Cell::text(item.memo.as_ref().map(Memo::as_str)),
            "metadata" => Cell::metadata(&item.metadata),
            "created_at" => Cell::text(Some(license.created_at)),
            "updated_at" => Cell::text(Some(license.updated_at)),
            _ => None,
        }
    }
}
