//! Reading lists piece by piece.

use uuid::Uuid;

/// One piece of a list that is in the order of identifiers, which is that of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The identifier that the piece before ended with; from the start, when absent.
    pub after: Option<Uuid>,
    /// Whether the newest come first.
    pub descending: bool,
    /// The most that the piece has.
    pub limit: u32,
}

impl Page {
    /// The bound that all identifiers of the piece lie beyond, in its direction.
    pub(crate) fn bound(&self) -> Uuid {
        self.after.unwrap_or(if self.descending { Uuid::max() } else { Uuid::nil() })
    }

    /// The statement for the direction.
    pub(crate) const fn pick(&self, ascending: &'static str, descending: &'static str) -> &'static str {
        if self.descending { descending } else { ascending }
    }
}
