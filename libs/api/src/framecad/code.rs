//! The codes of this API: which one a decision is, and with which status and words it is told.

use model::Reason;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Ok = 0,
    Missing = 1,
    ReservedByOtherClient = 2,
    AlreadyActivated = 3,
    Expired = 4,
    Revoked = 5,
    Invalid = 6,
    NotActivated = 7,
    NoMachineKey = 8,
    Deactivated = 9,
    NoProductKey = 10,
    WrongProductKey = 11,
    WrongClient = 12,
    Unknown = 13,
}

/// What an app wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Activate,
    Check,
    Deactivate,
}

impl Code {
    /// Its number.
    pub(super) const fn number(self) -> u8 {
        self as u8
    }

    /// The code of a refusal by its primary reason. The order of [`Reason`] is the one in which this API wants its codes.
    pub(super) const fn of(reason: Reason) -> Self {
        match reason {
            Reason::NotFound => Self::Missing,
            Reason::ProductMismatch => Self::WrongProductKey,
            // The client that was named exists: that was asked before the license was looked for.
            Reason::CustomerMismatch => Self::ReservedByOtherClient,
            Reason::CustomerRequired => Self::WrongClient,
            Reason::Revoked | Reason::Suspended => Self::Revoked,
            Reason::Expired => Self::Expired,
            Reason::ActivationsExhausted | Reason::SeatsExhausted => Self::AlreadyActivated,
            Reason::NotActivated | Reason::MachineMismatch | Reason::SeatLapsed => Self::NotActivated,
            Reason::MachineDeactivated => Self::Deactivated,
            Reason::EntitlementMissing | Reason::DeactivationsExhausted => Self::Unknown,
        }
    }

    /// The HTTP status of an answer to that wish.
    pub(super) const fn status(self, wish: Wish) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Missing => 404,
            Self::ReservedByOtherClient | Self::AlreadyActivated => 409,
            Self::Deactivated if matches!(wish, Wish::Deactivate) => 200,
            Self::Expired
            | Self::Revoked
            | Self::NotActivated
            | Self::Deactivated
            | Self::WrongProductKey
            | Self::WrongClient
            // Decided, so no fault of the server's: a refusal that this API has no code for.
            | Self::Unknown => 403,
            Self::Invalid | Self::NoMachineKey | Self::NoProductKey => 422,
        }
    }

    /// What people are told; `key` is the license key and `client` the client key that was presented.
    pub(super) fn message(self, wish: Wish, key: &str, client: &str) -> String {
        match (self, wish) {
            (Self::Ok, Wish::Check) => format!("License key {key} is activated and valid"),
            (Self::Ok, Wish::Activate | Wish::Deactivate) => format!("License key {key} has been activated"),
            (Self::ReservedByOtherClient, _) => {
                format!("License key {key} has already been taken by another user")
            }
            (Self::AlreadyActivated, _) => {
                format!("License key {key} is in use elsewhere, and no activation is left")
            }
            (Self::Expired, _) => format!("License key {key} has expired"),
            (Self::Revoked, _) => format!("License key {key} has been withdrawn"),
            (Self::NotActivated, _) => format!("License key {key} is not activated on this machine"),
            (Self::Deactivated, Wish::Deactivate) => {
                format!("License key {key} was deactivated by user {client}.")
            }
            (Self::Deactivated, _) => format!("License key {key} has been deactivated on this machine"),
            (Self::WrongProductKey, _) => format!("License key {key} is for another product"),
            (Self::Unknown, _) => format!("License key {key} cannot be used in this way"),
            (
                Self::Missing | Self::Invalid | Self::NoMachineKey | Self::NoProductKey | Self::WrongClient,
                _,
            ) => self.plain().to_owned(),
        }
    }

    /// What people are told where no license is known.
    pub(super) const fn plain(self) -> &'static str {
        match self {
            Self::Missing => "There is no such license key",
            Self::Invalid => "The license key is malformed",
            Self::NoMachineKey => "The machine key is missing",
            Self::NoProductKey => "The product key is missing",
            Self::WrongProductKey => "The license key is for another product",
            Self::WrongClient => "The client key is missing or unknown",
            Self::Ok
            | Self::ReservedByOtherClient
            | Self::AlreadyActivated
            | Self::Expired
            | Self::Revoked
            | Self::NotActivated
            | Self::Deactivated
            | Self::Unknown => "The license key cannot be used in this way",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_documented_numbers() {
        for (reason, number) in [
            (Reason::NotFound, 1),
            (Reason::ProductMismatch, 11),
            (Reason::CustomerMismatch, 2),
            (Reason::CustomerRequired, 12),
            (Reason::Revoked, 5),
            (Reason::Suspended, 5),
            (Reason::Expired, 4),
            (Reason::ActivationsExhausted, 3),
            (Reason::SeatsExhausted, 3),
            (Reason::NotActivated, 7),
            (Reason::MachineMismatch, 7),
            (Reason::MachineDeactivated, 9),
            (Reason::SeatLapsed, 7),
            (Reason::EntitlementMissing, 13),
            (Reason::DeactivationsExhausted, 13),
        ] {
            assert_eq!(Code::of(reason).number(), number, "{reason}");
        }
    }

    /// The order of the page: 1, 11, 2, 5, 4, then the state of the activation.
    #[test]
    fn the_first_reason_is_the_first_code() {
        let mut codes: Vec<u8> = Reason::ALL
            .iter()
            .filter(|reason| **reason != Reason::CustomerRequired)
            .map(|reason| Code::of(*reason).number())
            .collect();
        codes.dedup();
        assert_eq!(codes[..5], [1, 11, 2, 5, 4]);
    }

    #[test]
    fn statuses() {
        use Code::*;
        for (code, status) in [
            (Ok, 200),
            (Missing, 404),
            (ReservedByOtherClient, 409),
            (AlreadyActivated, 409),
            (Expired, 403),
            (Revoked, 403),
            (Invalid, 422),
            (NotActivated, 403),
            (NoMachineKey, 422),
            (Deactivated, 403),
            (NoProductKey, 422),
            (WrongProductKey, 403),
            (WrongClient, 403),
        ] {
            assert_eq!(code.status(Wish::Check), status, "{code:?}");
        }
        assert_eq!(Deactivated.status(Wish::Deactivate), 200);
    }
}
