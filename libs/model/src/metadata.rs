//! Metadata: what a vendor keeps with a thing, for itself.

use std::collections::BTreeMap;

use crate::text::Invalid;

/// Names and values that a vendor attached to something. Kept byte for byte, and never interpreted.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// The most names that one thing has.
    pub const MOST: usize = 50;
    /// What it must be, completing "must be …".
    pub const RULE: &'static str = "at most 50 names of 1 to 64 characters without control characters, with texts of at most 500 characters";

    /// Checks names and values, and keeps them as they are.
    ///
    /// # Errors
    /// When there are more than 50, a name is empty, longer than 64 characters or has control characters, a value is
    /// longer than 500 characters, or one of them has the character U+0000, which PostgreSQL cannot keep.
    pub fn new(members: BTreeMap<String, String>) -> Result<Self, Invalid> {
        let good = members.len() <= Self::MOST
            && members.iter().all(|(name, value)| {
                (1..=64).contains(&name.chars().take(65).count())
                    && !name.contains(char::is_control)
                    && value.chars().take(501).count() <= 500
                    && !value.contains('\0')
            });
        if good { Ok(Self(members)) } else { Err(Invalid::new(Self::RULE)) }
    }

    /// All names with their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a map.
    #[must_use]
    pub const fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

/// May hold personal data, so only the number is shown.
impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Metadata({} names)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Result<Metadata, Invalid> {
        Metadata::new(BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn bounds() {
        for (name, value) in [("a", ""), ("ä b/c", " x\n"), (&"n".repeat(64), &"ä".repeat(500))] {
            assert_eq!(one(name, value).unwrap().iter().collect::<Vec<_>>(), [(name, value)]);
        }
        for (name, value) in
            [("", ""), ("a\n", ""), (&"n".repeat(65), ""), ("a", "\0"), ("a", &"x".repeat(501))]
        {
            assert!(one(name, value).is_err(), "{name:?}");
        }
        let many = |count: usize| Metadata::new((0..count).map(|n| (n.to_string(), String::new())).collect());
        assert!(many(50).is_ok() && many(51).is_err());
        assert!(!format!("{:?}", one("secret", "secret").unwrap()).contains("secret"));
    }
}
