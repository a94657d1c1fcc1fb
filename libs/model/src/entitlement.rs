//! Entitlements: feature codes with typed values, set by a policy and overridden by a license.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    text::{EntitlementCode, Invalid},
    timestamp::Timestamp,
};

/// What a feature code is worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntitlementValue {
    /// A feature that is on, or (as an override) switched off.
    Flag(bool),
    /// A number, such as a quota; within ±(2^53 − 1), which every JSON parser reads exactly (RFC 7493 section 2.2).
    Number(i64),
    /// A text of at most 255 characters, none of them a control character.
    Text(String),
    /// At most 64 distinct texts of that kind.
    Set(BTreeSet<String>),
}

/// The largest number that leases may hold.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

impl EntitlementValue {
    /// Checks the bounds of numbers, texts and sets.
    ///
    /// # Errors
    /// When a number lies beyond ±(2^53 − 1), a text is longer than 255 characters or has control characters,
    /// or a set has more than 64 members.
    pub fn checked(self) -> Result<Self, Invalid> {
        let plain = |text: &str| text.chars().count() <= 255 && !text.contains(char::is_control);
        let good = match &self {
            Self::Flag(_) => true,
            Self::Number(number) => (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(number),
            Self::Text(text) => plain(text),
            Self::Set(members) => members.len() <= 64 && members.iter().all(|member| plain(member)),
        };
        if good {
            Ok(self)
        } else {
            Err(Invalid::new(
                "a flag, a whole number within ±9007199254740991, a text of at most 255 characters without control \
                 characters, or at most 64 such texts",
            ))
        }
    }

    /// The value as JSON: `true` or `false`, a number, a text or a list of texts.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Flag(on) => (*on).into(),
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Set(members) => members.iter().map(String::as_str).collect(),
        }
    }

    /// Whether a license with this value has the feature: anything but a flag that is switched off.
    #[must_use]
    pub const fn grants(&self) -> bool {
        !matches!(self, Self::Flag(false))
    }
}

/// A value and when it stops.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entitlement {
    /// What it is worth.
    pub value: EntitlementValue,
    /// The first instant at which it no longer counts; never when absent.
    pub expires_at: Option<Timestamp>,
}

impl From<EntitlementValue> for Entitlement {
    fn from(value: EntitlementValue) -> Self {
        Self { value, expires_at: None }
    }
}

/// Entitlements by their codes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Entitlements(BTreeMap<EntitlementCode, Entitlement>);

impl Entitlements {
    /// The most that a policy sets, or a license overrides.
    pub const MOST: usize = 64;
    /// The most bytes of codes and values, as they are written in a lease. A lease has at most 8 KiB, in base64: those of
    /// a policy and of a license fit into it together, next to the largest of everything else.
    pub const MOST_BYTES: usize = 2_000;

    /// Checks that leases can hold them.
    ///
    /// # Errors
    /// When there are more than 64, or codes and values have more than 2,000 bytes as JSON.
    pub fn checked(self) -> Result<Self, Invalid> {
        let bytes: usize = self.0.iter().map(|(code, entitlement)| in_lease(code, &entitlement.value)).sum();
        if self.0.len() <= Self::MOST && bytes <= Self::MOST_BYTES {
            Ok(self)
        } else {
            Err(Invalid::new(
                "at most 64 entitlements whose codes and values have at most 2000 bytes as JSON",
            ))
        }
    }

    /// Sets one.
    pub fn set(&mut self, code: EntitlementCode, entitlement: impl Into<Entitlement>) {
        self.0.insert(code, entitlement.into());
    }

    /// Takes one away; whether it was there.
    pub fn remove(&mut self, code: &EntitlementCode) -> bool {
        self.0.remove(code).is_some()
    }

    /// All of them, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&EntitlementCode, &Entitlement)> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether what holds is the same at all times, since none of them expires.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.0.values().all(|entitlement| entitlement.expires_at.is_none())
    }

    /// What holds at `now` when `overrides` lie over these defaults: an override that counts replaces the
    /// default, one that has expired leaves it, and one switched off removes it.
    #[must_use]
    pub fn effective(&self, overrides: &Self, now: Timestamp) -> BTreeMap<EntitlementCode, EntitlementValue> {
        let current = |entitlements: &Self| -> Vec<(EntitlementCode, EntitlementValue)> {
            entitlements
                .iter()
                .filter(|(_, entitlement)| entitlement.expires_at.is_none_or(|end| now < end))
                .map(|(code, entitlement)| (code.clone(), entitlement.value.clone()))
                .collect()
        };
        let mut result: BTreeMap<_, _> = current(self).into_iter().collect();
        result.extend(current(overrides));
        result.retain(|_, value| value.grants());
        result
    }
}

/// The bytes that an entitlement takes in a lease: `"code":value,`.
fn in_lease(code: &EntitlementCode, value: &EntitlementValue) -> usize {
    let text = |text: &str| text.len() + text.matches(['"', '\\']).count() + 2;
    let value = match value {
        EntitlementValue::Flag(_) => 4,
        EntitlementValue::Number(number) => number.to_string().len(),
        EntitlementValue::Text(value) => text(value),
        EntitlementValue::Set(members) => members.iter().map(|member| text(member) + 1).sum::<usize>() + 2,
    };
    text(code.as_str()) + value + 2
}

impl FromIterator<(EntitlementCode, Entitlement)> for Entitlements {
    fn from_iter<I: IntoIterator<Item = (EntitlementCode, Entitlement)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> EntitlementCode {
        EntitlementCode::parse(text).unwrap()
    }

    #[test]
    fn overrides_replace_remove_and_lapse() {
        let now = Timestamp::from_unix_seconds(1_000).unwrap();
        let mut defaults = Entitlements::default();
        defaults.set(code("export"), EntitlementValue::Flag(true));
        defaults.set(code("layers"), EntitlementValue::Number(64));
        defaults.set(code("old"), Entitlement { value: EntitlementValue::Flag(true), expires_at: Some(now) });
        let mut overrides = Entitlements::default();
        overrides.set(code("export"), EntitlementValue::Flag(false));
        overrides.set(
            code("layers"),
            Entitlement { value: EntitlementValue::Number(128), expires_at: Some(now.plus_seconds(1)) },
        );
        let effective = defaults.effective(&overrides, now);
        assert_eq!(effective, BTreeMap::from([(code("layers"), EntitlementValue::Number(128))]));
        let later = defaults.effective(&overrides, now.plus_seconds(1));
        assert_eq!(later, BTreeMap::from([(code("layers"), EntitlementValue::Number(64))]));
    }

    #[test]
    fn bounds() {
        use EntitlementValue::{Flag, Number, Set, Text};
        let set = |members| Set((0..members).map(|n: u32| n.to_string()).collect());
        for good in [
            Flag(true),
            Flag(false),
            Number(0),
            Number(9_007_199_254_740_991),
            Number(-9_007_199_254_740_991),
            Text(String::new()),
            Text("ä".repeat(255)),
            set(0),
            set(64),
        ] {
            assert_eq!(good.clone().checked(), Ok(good));
        }
        for bad in [
            Number(9_007_199_254_740_992),
            Number(-9_007_199_254_740_992),
            Number(i64::MAX),
            Number(i64::MIN),
            Text("x".repeat(256)),
            Text("a\u{0}".to_owned()),
            Text("a\nb".to_owned()),
            Text("\u{7f}".to_owned()),
            set(65),
            Set(BTreeSet::from(["a".to_owned(), "\u{0}".to_owned()])),
            Set(BTreeSet::from(["x".repeat(256)])),
        ] {
            assert!(bad.clone().checked().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn leases_can_hold_them() {
        let many = |count: usize, value: &EntitlementValue| -> Entitlements {
            (0..count).map(|n| (code(&format!("e{n:02}")), value.clone().into())).collect()
        };
        let flag = EntitlementValue::Flag(true);
        assert!(many(64, &flag).checked().is_ok() && many(65, &flag).checked().is_err());
        // "e00":"…", is 9 bytes and the text
        let text = |length| EntitlementValue::Text("x".repeat(length));
        assert!(many(8, &text(241)).checked().is_ok() && many(8, &text(242)).checked().is_err());
        let quotes = EntitlementValue::Text("\"\\".repeat(100));
        assert!(many(4, &quotes).checked().is_ok() && many(5, &quotes).checked().is_err());
        let set = |members: usize| EntitlementValue::Set((0..members).map(|n| format!("{n:030}")).collect());
        assert!(many(1, &set(60)).checked().is_ok() && many(1, &set(61)).checked().is_err());
        let mut one = many(1, &flag);
        assert!(one.remove(&code("e00")) && !one.remove(&code("e00")) && one.is_empty());
    }

    #[test]
    fn only_a_flag_that_is_off_grants_nothing() {
        assert!(!EntitlementValue::Flag(false).grants());
        for value in [
            EntitlementValue::Flag(true),
            EntitlementValue::Number(0),
            EntitlementValue::Text(String::new()),
            EntitlementValue::Set(BTreeSet::new()),
        ] {
            assert!(value.grants(), "{value:?}");
        }
    }

    #[test]
    fn an_override_that_switches_off_removes_only_until_it_expires() {
        let now = Timestamp::from_unix_seconds(1_000).unwrap();
        let mut defaults = Entitlements::default();
        assert!(defaults.is_empty());
        defaults.set(code("export"), EntitlementValue::Flag(true));
        assert!(!defaults.is_empty());
        let off = Entitlement { value: EntitlementValue::Flag(false), expires_at: Some(now) };
        let overrides = Entitlements::from_iter([(code("export"), off)]);
        assert!(defaults.effective(&overrides, now.plus_seconds(-1)).is_empty());
        assert_eq!(defaults.effective(&overrides, now).len(), 1);
    }
}
