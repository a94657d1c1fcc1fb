//! What a unit of work has changed of that which the checks of licenses depend on.

use crate::tx::Tx;

/// What a unit of work has changed, by which whoever keeps what it loaded knows what to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what was loaded before must be forgotten"]
pub enum Changed {
    /// Nothing that a check depends on.
    Nothing,
    /// The licenses with these keyed hashes of their keys, or their machines.
    Licenses(Vec<[u8; 32]>),
    /// The tenant itself, or what many of its licenses have in common.
    Tenant,
}

/// What is known of that while the work goes on. Work that writes and says nothing of it counts as having changed
/// everything: forgetting to say it costs speed and not rightness.
#[derive(Default)]
pub(crate) struct Changes {
    writes: bool,
    narrowed: bool,
    whole_tenant: bool,
    licenses: Vec<[u8; 32]>,
}

impl Changes {
    pub(crate) fn of_writer() -> Self {
        Self { writes: true, ..Self::default() }
    }

    pub(crate) fn end(self) -> Changed {
        if !self.writes || (self.narrowed && !self.whole_tenant && self.licenses.is_empty()) {
            Changed::Nothing
        } else if self.narrowed && !self.whole_tenant {
            Changed::Licenses(self.licenses)
        } else {
            Changed::Tenant
        }
    }
}

impl Tx {
    /// Says that this work changes nothing that a check depends on, but for the licenses that it takes up.
    pub fn changes_no_check(&mut self) {
        self.changes.narrowed = true;
    }

    /// Notes that a license was taken up, to be changed.
    pub(crate) fn takes_up(&mut self, key_hash: [u8; 32]) {
        self.changes.narrowed = true;
        if !self.changes.licenses.contains(&key_hash) {
            self.changes.licenses.push(key_hash);
        }
    }

    /// Notes a change of what many licenses have in common.
    pub(crate) fn changes_tenant(&mut self) {
        self.changes.whole_tenant = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_says_nothing_has_changed_everything() {
        assert_eq!(Changes::default().end(), Changed::Nothing);
        assert_eq!(Changes::of_writer().end(), Changed::Tenant);
        let narrowed = |licenses| Changes { narrowed: true, licenses, ..Changes::of_writer() };
        assert_eq!(narrowed(vec![]).end(), Changed::Nothing);
        assert_eq!(narrowed(vec![[7; 32]]).end(), Changed::Licenses(vec![[7; 32]]));
        let both = Changes { whole_tenant: true, ..narrowed(vec![[7; 32]]) };
        assert_eq!(both.end(), Changed::Tenant);
    }
}
