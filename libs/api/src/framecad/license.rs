//! A license as this API shows it.

use licensing::LicenseCard;
use model::{CustomerId, Fingerprint, LicenseState, MachineState, Timestamp};
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{client::wire::Instant, http::nullable::Nullable};

/// A license.
#[derive(Object, Serialize)]
#[oai(rename = "License", example)]
pub(super) struct LicenseShape {
    /// Its number.
    id: u32,
    /// Whether a client is assigned and nothing was activated yet.
    reserved: bool,
    /// Its key.
    license_key: String,
    /// The machine key of the request, when the license is activated on that machine; null otherwise.
    machine_key: Nullable<String>,
    /// When its term ends; null when it does not end, or has not begun.
    expiration_date: Nullable<Instant>,
    /// `available`, `reserved`, `activated`, `deactivated`, `expired`, `revoked` or `suspended`.
    status: String,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
    /// The number of the client that it belongs to, when that is the one that asks; null otherwise.
    client_id: Nullable<u32>,
}

/// Who is shown a license, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewer<'a> {
    /// The client that asks.
    pub(super) client: CustomerId,
    /// The machine key that was presented.
    pub(super) machine: &'a Fingerprint,
    /// Whether the decision says that the license is active on that machine; the list of a license's machines may be
    /// cut.
    pub(super) active_here: bool,
    /// Whether the license was just given back.
    pub(super) gave_back: bool,
    /// Now.
    pub(super) now: Timestamp,
}

/// What the status follows from.
#[derive(Clone, Copy, Debug)]
struct Facts {
    state: LicenseState,
    expired: bool,
    assigned: bool,
    /// Whether it is active on a machine, and whether it ever was.
    active: bool,
    ever_active: bool,
}

const fn status(facts: Facts) -> &'static str {
    match facts.state {
        LicenseState::Revoked => "revoked",
        LicenseState::Suspended => "suspended",
        LicenseState::Active if facts.expired => "expired",
        LicenseState::Active if facts.active => "activated",
        LicenseState::Active if facts.ever_active => DEACTIVATED,
        LicenseState::Active if facts.assigned => "reserved",
        LicenseState::Active => "available",
    }
}

const DEACTIVATED: &str = "deactivated";

impl LicenseShape {
    /// What `viewer` may see of a license.
    ///
    /// A machine key is shown only to one who presented it, and not when the license is another client's: neither a
    /// guessed license key nor one that went from hand to hand tells of other people's machines.
    pub(super) fn of(card: &LicenseCard, viewer: Viewer<'_>) -> Self {
        let details = &card.details;
        let license = &details.license;
        let is_active = |machine: &model::Machine| machine.state == MachineState::Active;
        let active = details.seats_used > 0 || details.machines.iter().any(is_active);
        let assigned = license.customer_id.is_some();
        let ever_active = !details.machines.is_empty();
        let status = if viewer.gave_back {
            DEACTIVATED
        } else {
            status(Facts {
                state: license.state,
                expired: license.is_expired(viewer.now),
                assigned,
                active,
                ever_active,
            })
        };

        let given_back = status == DEACTIVATED;
        let here = |machine: &model::Machine| is_active(machine) && machine.fingerprint == *viewer.machine;
        let active_here = viewer.active_here || details.machines.iter().any(here);
        let may_be_told = license.customer_id.is_none_or(|owner| owner == viewer.client);
        let machine_key =
            (active_here && may_be_told && !given_back).then(|| viewer.machine.as_str().to_owned());
        let client = details.customer.as_ref();
        let client = client.filter(|client| client.id == viewer.client && !given_back);
        let expires_at = license.expires_at.filter(|_| !given_back);
        Self {
            id: license.number,
            reserved: assigned && !ever_active && !given_back,
            license_key: card.key.reveal().to_owned(),
            machine_key: Nullable(machine_key),
            expiration_date: Nullable(expires_at.map(date)),
            status: status.to_owned(),
            created_at: date(license.created_at),
            updated_at: date(license.updated_at),
            client_id: Nullable(client.map(|client| client.number)),
        }
    }
}

/// An instant as this API writes dates: `2017-06-03T15:45:55.000Z`.
fn date(at: Timestamp) -> Instant {
    format!("{}Z", civil(at)).into()
}

/// An instant as this API writes the server's time: `2016-06-11T22:12:42.778+00:00`.
pub(super) fn clock_time(at: Timestamp) -> Instant {
    format!("{}+00:00", civil(at)).into()
}

fn civil(at: Timestamp) -> String {
    let at = at.date_time();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

impl Example for LicenseShape {
    fn example() -> Self {
        Self {
            id: 11,
            reserved: false,
            license_key: "HIOZ-W7RA-JNET-X039".to_owned(),
            machine_key: Nullable(Some("ABCD-1234-DEFG-5678".to_owned())),
            expiration_date: Nullable(Some("2017-06-03T15:45:55.000Z".into())),
            status: "activated".to_owned(),
            created_at: "2016-06-02T18:44:34.000Z".into(),
            updated_at: "2016-06-03T15:45:55.000Z".into(),
            client_id: Nullable(Some(2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_every_license() {
        use LicenseState::{Active, Revoked, Suspended};
        // State, expired, assigned, active, was ever active.
        for (state, expired, assigned, active, ever_active, expected) in [
            (Active, false, false, false, false, "available"),
            (Active, false, true, false, false, "reserved"),
            (Active, false, true, true, true, "activated"),
            (Active, false, false, true, true, "activated"),
            (Active, false, true, false, true, "deactivated"),
            (Active, false, false, false, true, "deactivated"),
            (Active, true, false, false, false, "expired"),
            (Active, true, true, true, true, "expired"),
            (Active, true, true, false, true, "expired"),
            (Suspended, false, true, true, true, "suspended"),
            (Suspended, true, false, false, false, "suspended"),
            (Revoked, true, true, true, true, "revoked"),
            (Revoked, false, false, false, false, "revoked"),
        ] {
            let facts = Facts { state, expired, assigned, active, ever_active };
            assert_eq!(status(facts), expected, "{facts:?}");
        }
    }

    #[test]
    fn instants_have_milliseconds() {
        for (text, expected) in [
            ("2017-06-03T15:45:55Z", "2017-06-03T15:45:55.000"),
            ("2016-06-11T22:12:42.778999Z", "2016-06-11T22:12:42.778"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000"),
        ] {
            assert_eq!(civil(Timestamp::parse(text).unwrap()), expected);
        }
    }
}
