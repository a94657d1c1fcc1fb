//! Lists of licenses: what is in them, their order, and their pieces.

use model::{CustomerId, LicenseId, LicenseState, PolicyId, ProductId, Timestamp};
use uuid::Uuid;

use crate::LicenseRecord;

/// The most records of a piece.
const MOST: u32 = 101;

/// Whose licenses are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseScope {
    /// All of them.
    All,
    /// Those for a product.
    Product(ProductId),
    /// Those of a policy.
    Policy(PolicyId),
    /// Those of a customer.
    Customer(CustomerId),
}

/// A list of licenses: what is in it, and its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseList {
    /// In the order of creation.
    ByCreation {
        /// Whose.
        scope: LicenseScope,
        /// Those in this state; in any, when absent.
        state: Option<LicenseState>,
    },
    /// In the order of expiry; those that never expire come after all others.
    ByExpiry {
        /// Whose.
        scope: LicenseScope,
        /// Those in this state; in any, when absent.
        state: Option<LicenseState>,
        /// Those that expire, at this instant or later.
        from: Option<Timestamp>,
        /// Those that expire, before this instant.
        before: Option<Timestamp>,
    },
    /// In the order of the last check; those that were never checked come before all others.
    ByLastCheck {
        /// Those for this product; for any, when absent.
        product: Option<ProductId>,
    },
    /// Those whose metadata has a name, in the order of creation.
    ByMetadata {
        /// The name.
        name: String,
        /// The value that it has; any, when absent.
        value: Option<String>,
    },
}

/// The place of a license in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LicensePlace {
    /// When it expires, or was last checked, if the list is sorted by that.
    pub at: Option<Timestamp>,
    /// The license.
    pub id: LicenseId,
}

/// A piece of a list of licenses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LicensePage {
    /// What the piece before ended with; from the start, when absent.
    pub after: Option<LicensePlace>,
    /// Whether the order is turned round.
    pub descending: bool,
    /// The most that the piece has, not more than 101.
    pub limit: u32,
}

impl LicenseList {
    /// The place of a license in this list.
    #[must_use]
    pub fn place(&self, record: &LicenseRecord) -> LicensePlace {
        let at = match self {
            Self::ByExpiry { .. } => record.license.expires_at,
            Self::ByLastCheck { .. } => {
                Some(record.checks.as_ref().map_or(Timestamp::MIN, |checks| checks.last))
            }
            Self::ByCreation { .. } | Self::ByMetadata { .. } => None,
        };
        LicensePlace { at, id: record.license.id }
    }
}

impl LicensePage {
    /// The most that is read.
    pub(crate) fn limit(&self) -> i64 {
        i64::from(self.limit.min(MOST))
    }
}

/// The identifiers between which those lie that come after one, in a direction.
pub(crate) fn between(after: Option<Uuid>, descending: bool) -> (Uuid, Uuid) {
    match after {
        Some(last) if descending => (Uuid::nil(), last),
        Some(last) => (last, Uuid::max()),
        None => (Uuid::nil(), Uuid::max()),
    }
}

/// Between which places a piece lies that is sorted by an instant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) above: (Timestamp, Uuid),
    pub(crate) below: (Timestamp, Uuid),
    /// Of those that have no such instant.
    pub(crate) never: (Uuid, Uuid),
}

impl Bounds {
    const NOTHING: (Uuid, Uuid) = (Uuid::max(), Uuid::nil());

    pub(crate) fn new(page: &LicensePage, from: Option<Timestamp>, before: Option<Timestamp>) -> Self {
        let mut above = (from.unwrap_or(Timestamp::MIN), Uuid::nil());
        let mut below = before.map_or((Timestamp::MAX, Uuid::max()), |end| (end, Uuid::nil()));
        let ranged = from.is_some() || before.is_some();
        let mut never = if ranged { Self::NOTHING } else { between(None, page.descending) };
        match page.after {
            None => {}
            Some(LicensePlace { at: Some(at), id }) => {
                if page.descending {
                    below = below.min((at, id.uuid()));
                    never = Self::NOTHING;
                } else {
                    above = above.max((at, id.uuid()));
                }
            }
            Some(LicensePlace { at: None, id }) => {
                if !ranged {
                    never = between(Some(id.uuid()), page.descending);
                }
                if !page.descending {
                    above = (Timestamp::MAX, Uuid::max());
                }
            }
        }
        Self { above, below, never }
    }
}

impl LicenseScope {
    /// The identifier of what they are of.
    pub(crate) const fn id(self) -> Option<Uuid> {
        match self {
            Self::All => None,
            Self::Product(id) => Some(id.uuid()),
            Self::Policy(id) => Some(id.uuid()),
            Self::Customer(id) => Some(id.uuid()),
        }
    }
}
