//! Reading the members of a request into domain types, noting everything that is wrong with them at once.

use std::{borrow::Cow, ops::RangeInclusive};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use licensing::Binding;
use model::{Invalid, Limit, Metadata, Nonce, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::problem::{Problem, Violation};

/// A verb's command, as it is read from the body of a request.
pub(crate) trait Command: Sized {
    /// Takes the members of the command. `None` when a violation was noted.
    fn read(members: &mut Members<'_>) -> Option<Self>;
}

/// The members of a request's body that were not taken yet, and what was found wrong so far.
pub(crate) struct Members<'b> {
    left: Map<String, Value>,
    violations: Vec<Violation>,
    bytes: &'b [u8],
}

impl<'b> Members<'b> {
    /// Reads a command from a body that was received as these bytes.
    ///
    /// # Errors
    /// All that is wrong: members that are missing, unknown, of another type, or against a rule.
    pub(crate) fn read<T: Command>(body: Value, bytes: &'b [u8]) -> Result<T, Problem> {
        let Value::Object(left) = body else {
            return Err(Problem::invalid(vec![violation(String::new(), "must be an object")]));
        };
        let mut members = Self { left, violations: Vec::new(), bytes };
        let command = T::read(&mut members);
        let unknown = std::mem::take(&mut members.left);
        members.violations.extend(unknown.keys().map(|name| violation(pointer(name), "is not known here")));
        match command {
            Some(command) if members.violations.is_empty() => Ok(command),
            _ => Err(Problem::invalid(members.violations)),
        }
    }

    /// A text that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, Invalid>,
    ) -> Option<T> {
        let Some(value) = self.left.remove(name) else {
            self.violations.push(violation(pointer(name), "is required"));
            return None;
        };
        self.text(|| pointer(name), value, parse)
    }

    /// A text that may be there. The outer `None` says that it is there and wrong.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, Invalid>,
    ) -> Option<Option<T>> {
        match self.left.remove(name) {
            Some(value) => self.text(|| pointer(name), value, parse).map(Some),
            None => Some(None),
        }
    }

    /// An object that must be there, with members of its own.
    pub(crate) fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let left = match self.left.remove(name) {
            Some(Value::Object(left)) => left,
            Some(_) => {
                self.violations.push(violation(pointer(name), "must be an object"));
                return None;
            }
            None => {
                self.violations.push(violation(pointer(name), "is required"));
                return None;
            }
        };
        let mut members = Self { left, violations: Vec::new(), bytes: self.bytes };
        let found = read(&mut members);
        let unknown = members.left.keys().map(|name| violation(pointer(name), "is not known here"));
        let wrong = members.violations.into_iter().chain(unknown);
        let before = self.violations.len();
        self.violations.extend(
            wrong.map(|wrong| Violation { pointer: format!("{}{}", pointer(name), wrong.pointer), ..wrong }),
        );
        found.filter(|_| self.violations.len() == before)
    }

    /// A list of 1 to `most` texts that must be there.
    pub(crate) fn required_list<T>(
        &mut self,
        name: &str,
        most: usize,
        parse: impl Fn(String) -> Result<T, Invalid>,
    ) -> Option<Vec<T>> {
        match self.left.get(name) {
            None => {
                self.violations.push(violation(pointer(name), "is required"));
                None
            }
            Some(Value::Array(values)) if values.is_empty() => {
                self.left.remove(name);
                self.violations.push(violation(pointer(name), "must not be empty"));
                None
            }
            Some(_) => self.list(name, most, parse),
        }
    }

    /// A list of at most `most` texts, empty when it is not there.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        most: usize,
        parse: impl Fn(String) -> Result<T, Invalid>,
    ) -> Option<Vec<T>> {
        let values = match self.left.remove(name) {
            None => return Some(Vec::new()),
            Some(Value::Array(values)) if values.len() <= most => values,
            Some(_) => {
                self.violations
                    .push(violation(pointer(name), format!("must be a list of at most {most} texts")));
                return None;
            }
        };
        // All of them are read, so that all that is wrong is noted.
        let read: Vec<Option<T>> = values
            .into_iter()
            .enumerate()
            .map(|(index, value)| self.text(|| format!("{}/{index}", pointer(name)), value, &parse))
            .collect();
        read.into_iter().collect()
    }

    /// A member that may be there, read by a rule of its own. The outer `None` says that it is there and wrong.
    pub(crate) fn value<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, Cow<'static, str>>,
    ) -> Option<Option<T>> {
        let Some(value) = self.left.remove(name) else {
            return Some(None);
        };
        read(value).map(Some).map_err(|detail| self.violations.push(violation(pointer(name), detail))).ok()
    }

    /// A member that must be there, read by a rule of its own.
    pub(crate) fn required_value<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, Cow<'static, str>>,
    ) -> Option<T> {
        if !self.left.contains_key(name) {
            self.violations.push(violation(pointer(name), "is required"));
        }
        self.value(name, read)?
    }

    /// An object that may be there, with at most `most` members whose names the caller chooses, each of them read like a
    /// body of its own. The outer `None` says that it is there and wrong.
    pub(crate) fn map<T: Command>(&mut self, name: &str, most: usize) -> Option<Option<Vec<(String, T)>>> {
        let sent = match self.left.remove(name) {
            None => return Some(None),
            Some(Value::Object(sent)) if sent.len() <= most => sent,
            Some(_) => {
                let rule = format!("must be an object of at most {most} members");
                self.violations.push(violation(pointer(name), rule));
                return None;
            }
        };
        // All of them are read, so that all that is wrong is noted.
        let read: Vec<Option<(String, T)>> = sent
            .into_iter()
            .map(|(inner, value)| {
                let place = format!("{}{}", pointer(name), pointer(&inner));
                self.nested(&place, value).map(|value| (inner, value))
            })
            .collect();
        read.into_iter().collect::<Option<_>>().map(Some)
    }

    /// A list of 1 to `most` objects that must be there.
    pub(crate) fn items<T: Command>(&mut self, name: &str, most: usize) -> Option<Vec<T>> {
        let sent = match self.left.remove(name) {
            Some(Value::Array(sent)) if (1..=most).contains(&sent.len()) => sent,
            sent => {
                let rule = format!("must be a list of 1 to {most} objects");
                let rule = if sent.is_none() { "is required".to_owned() } else { rule };
                self.violations.push(violation(pointer(name), rule));
                return None;
            }
        };
        // All of them are read, so that all that is wrong is noted.
        let read: Vec<Option<T>> = sent
            .into_iter()
            .enumerate()
            .map(|(place, value)| self.nested(&format!("{}/{place}", pointer(name)), value))
            .collect();
        read.into_iter().collect()
    }

    /// Reads an object within the body.
    fn nested<T: Command>(&mut self, place: &str, value: Value) -> Option<T> {
        let Value::Object(left) = value else {
            self.violations.push(violation(place.to_owned(), "must be an object"));
            return None;
        };
        let mut inner = Self { left, violations: Vec::new(), bytes: self.bytes };
        let read = T::read(&mut inner);
        let unknown = inner.left.keys().map(|name| violation(pointer(name), "is not known here"));
        let found: Vec<Violation> = inner.violations.into_iter().chain(unknown).collect();
        let read = read.filter(|_| found.is_empty());
        self.violations.extend(
            found.into_iter().map(|found| violation(format!("{place}{}", found.pointer), found.detail)),
        );
        read
    }

    /// Notes what is wrong with members that were taken.
    pub(crate) fn wrong(&mut self, name: &str, detail: impl Into<String>) {
        self.violations.push(violation(pointer(name), detail));
    }

    /// A flag that may be there.
    pub(crate) fn flag(&mut self, name: &str) -> Option<Option<bool>> {
        self.value(name, |value| value.as_bool().ok_or("must be true or false".into()))
    }

    /// A whole number in a range that may be there.
    pub(crate) fn number<N: TryFrom<i64>>(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Option<Option<N>> {
        self.value(name, |value| {
            let number = value.as_i64().filter(|number| range.contains(number));
            number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| {
                format!("must be a whole number from {} to {}", range.start(), range.end()).into()
            })
        })
    }

    /// A limit that may be there: −1 means unlimited.
    pub(crate) fn limit(&mut self, name: &str) -> Option<Option<Limit>> {
        let number: Option<i64> = self.number(name, -1..=i64::from(u32::MAX))?;
        Some(number.map(|number| u32::try_from(number).map_or(Limit::Unlimited, Limit::AtMost)))
    }

    /// An instant that may be there.
    pub(crate) fn instant(&mut self, name: &str) -> Option<Option<Timestamp>> {
        self.optional(name, |text| Timestamp::parse(&text))
    }

    /// Metadata that may be there.
    pub(crate) fn metadata(&mut self) -> Option<Option<Metadata>> {
        const RULE: &str = "must be an object of at most 50 names of 1 to 64 characters without control characters, with \
                            texts of at most 500 characters without U+0000";
        self.value("metadata", |value| {
            let Value::Object(members) = value else { return Err(RULE.into()) };
            let texts = members.into_iter().map(|(name, value)| match value {
                Value::String(text) => Some((name, text)),
                _ => None,
            });
            let texts = texts.collect::<Option<_>>().ok_or(Cow::Borrowed(RULE))?;
            Metadata::new(texts).map_err(|_| RULE.into())
        })
    }

    /// The names of members to take away, each one of `known`; empty when `clear` is not there. Whoever also gives a
    /// member that is taken away contradicts himself.
    pub(crate) fn clear(&mut self, known: &'static [&'static str]) -> Option<Vec<&'static str>> {
        let given: Vec<&str> = known.iter().copied().filter(|name| self.left.contains_key(*name)).collect();
        self.list("clear", known.len(), |text| {
            let found = known.iter().copied().find(|name| *name == text);
            found.filter(|name| !given.contains(name)).ok_or(Invalid::new(
                "the name of a member that can be taken away and is not given in the same request",
            ))
        })
    }

    /// What binds a signed answer to this request: the caller's nonce and the SHA-256 digest of the body.
    pub(crate) fn binding(&mut self) -> Option<Option<Binding>> {
        let nonce = self.optional("nonce", Nonce::parse)?;
        let request = || URL_SAFE_NO_PAD.encode(Sha256::digest(self.bytes));
        Some(nonce.map(|nonce| Binding { nonce, request: request() }))
    }

    fn text<T>(
        &mut self,
        pointer: impl FnOnce() -> String,
        value: Value,
        parse: impl FnOnce(String) -> Result<T, Invalid>,
    ) -> Option<T> {
        let found = match value {
            Value::String(text) => parse(text).map_err(|invalid| invalid.to_string()),
            _ => Err("must be a text".to_owned()),
        };
        found.map_err(|detail| self.violations.push(violation(pointer(), detail))).ok()
    }
}

fn violation(pointer: String, detail: impl Into<String>) -> Violation {
    Violation { pointer, detail: detail.into() }
}

/// The JSON Pointer to a member of the body (RFC 6901 section 3), cut where a name is absurdly long.
fn pointer(name: &str) -> String {
    let name: String = name.chars().take(100).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use licensing::{Activate, Validate};
    use serde_json::json;

    use super::*;

    fn violations<T: Command>(body: Value) -> Vec<(String, String)> {
        let problem = Members::read::<T>(body, b"").err().unwrap();
        let document: Value = serde_json::from_str(&problem.render("r", "/").body).unwrap();
        assert_eq!((&document["status"], &document["code"]), (&json!(422), &json!("validation_failed")));
        document["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                (error["pointer"].as_str().unwrap().to_owned(), error["detail"].as_str().unwrap().to_owned())
            })
            .collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let found = violations::<Activate>(json!({
            "key": "abc", "product": 5, "machine_name": null, "nonce": "short", "a/b~c": 1, "customer": "client-1",
        }));
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/key", "/product", "/fingerprint", "/machine_name", "/nonce", "/a~1b~0c"]);
        assert_eq!(found[1].1, "must be a text");
        assert_eq!(found[2].1, "is required");
        assert!(found[4].1.starts_with("must be 8 to 128"));
        assert!(!format!("{found:?}").contains("abc"), "values are not repeated");
    }

    #[test]
    fn every_wrong_item_of_a_list_is_told() {
        let found = violations::<Validate>(json!({
            "key": "AAAA-BBBB", "product": "cad", "entitlements": ["good", "BAD", 3],
        }));
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/entitlements/1", "/entitlements/2"]);
        let many: Vec<&str> = vec!["x"; 65];
        let found =
            violations::<Validate>(json!({"key": "AAAA-BBBB", "product": "cad", "entitlements": many}));
        assert_eq!(found, [("/entitlements".to_owned(), "must be a list of at most 64 texts".to_owned())]);
    }

    #[test]
    fn only_objects_are_requests() {
        for body in [json!([]), json!("x"), json!(1), json!(null)] {
            assert_eq!(violations::<Activate>(body), [(String::new(), "must be an object".to_owned())]);
        }
    }

    #[test]
    fn a_nonce_binds_the_answer_to_the_bytes_of_the_body() {
        let body = json!({"key": "AAAA-BBBB", "product": "cad", "fingerprint": "f", "nonce": "12345678"});
        let command: Activate = Members::read(body, b"abc").unwrap();
        let binding = command.binding.unwrap();
        assert_eq!(binding.nonce.as_str(), "12345678");
        // FIPS 180-4, the first example of SHA-256.
        assert_eq!(binding.request, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }
}
