//! What whoever shows a license makes of it, kept for the next who is shown the same.

use std::{any::Any, fmt, sync::OnceLock};

/// A place next to a license that is held in memory, for what was made of it to show it, such as a text. It goes when the
/// license is loaded anew.
#[derive(Default)]
pub struct Keepsake(OnceLock<Box<dyn Any + Send + Sync>>);

impl Keepsake {
    /// What was made of the license before, or is made of it now. Nothing where something of another type was.
    pub fn get_or_make<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.0.get_or_init(|| Box::new(make())).downcast_ref()
    }
}

impl fmt::Debug for Keepsake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keepsake(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_kept() {
        let keepsake = Keepsake::default();
        assert_eq!(keepsake.get_or_make(|| 1_u8), Some(&1));
        assert_eq!(keepsake.get_or_make(|| 2_u8), Some(&1));
        assert_eq!(keepsake.get_or_make(|| "three"), None);
    }
}
