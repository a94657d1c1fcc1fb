//! What can be imported and exported, and which columns it has.

use licensing::{ImportCount, LineRefusal};

use super::cells::{Cell, Cells};

/// One kind of thing that files have lines of.
pub(super) trait Kind: Send + Sync + 'static {
    /// What an import makes of a line.
    type Line: Send + Sync + 'static;
    /// What an export shows in a line.
    type Item: Send + 'static;

    /// Its name in paths and file names.
    const NAME: &'static str;
    /// The columns, in the order in which an export writes them.
    const COLUMNS: &'static [Column];

    /// Makes the command of a line.
    fn read(cells: &mut Cells) -> Result<Self::Line, LineRefusal>;

    /// Adds a line to what is known before the import begins.
    fn count(line: &Self::Line, count: &mut ImportCount);

    /// The value of a column.
    fn write(item: &Self::Item, column: &'static str) -> Option<Cell>;
}

/// One column of a file, or member of its objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) role: Role,
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Imports need it.
    Required,
    /// Imports take it, exports write it.
    Taken,
    /// Imports take it, exports do not have it.
    ImportOnly,
    /// Exports write it for people and programs; imports pass it over, since the new thing is given its own.
    Shown,
    /// As [`Self::Required`] or [`Self::Taken`], but a license key: exports write it only when keys are wanted.
    Key { required: bool },
}

impl Column {
    pub(super) const fn new(name: &'static str, role: Role) -> Self {
        Self { name, role }
    }

    pub(super) const fn is_required(&self) -> bool {
        matches!(self.role, Role::Required | Role::Key { required: true })
    }

    pub(super) fn is_exported(&self, with_keys: bool) -> bool {
        match self.role {
            Role::ImportOnly => false,
            Role::Key { .. } => with_keys,
            Role::Required | Role::Taken | Role::Shown => true,
        }
    }
}
