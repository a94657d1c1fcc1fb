//! Texts that were checked at the edge and cannot be wrong inside.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Says which rule a text broke, in words that complete "must be …"; never contains the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {rule}")]
pub struct Invalid {
    rule: &'static str,
}

impl Invalid {
    /// `rule` completes "must be …".
    #[must_use]
    pub const fn new(rule: &'static str) -> Self {
        Self { rule }
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $rule:literal, $check:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// What the text must be, completing "must be …".
            pub const RULE: &'static str = $rule;

            /// Checks the text and keeps it as it is.
            ///
            /// # Errors
            /// When the text breaks the rule of this type.
            pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(Invalid::new($rule)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::parse(text)
            }
        }
    )+};
}

macro_rules! shown {
    ($($name:ident)+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }
    )+};
}

macro_rules! redacted {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

texts! {
    /// Names a tenant in URLs.
    TenantSlug, "1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends", |text| {
        (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    /// Names a product in requests and tokens; the `aud` of its leases.
    ProductCode, "1 to 64 lower-case letters, digits, dots, underscores and hyphens, beginning with a letter or digit", is_code;
    /// Names a policy within a tenant.
    PolicyCode, "1 to 64 lower-case letters, digits, dots, underscores and hyphens, beginning with a letter or digit", is_code;
    /// Names an entitlement.
    EntitlementCode, "1 to 64 lower-case letters, digits, dots, underscores and hyphens, beginning with a letter or digit", is_code;
    /// A name that people read.
    Name, "1 to 200 characters without control characters, not only white space", |text| {
        is_plain(text, 200) && !text.trim().is_empty()
    };
    /// What a machine calls itself.
    MachineName, "1 to 200 characters without control characters, not only white space", |text| {
        is_plain(text, 200) && !text.trim().is_empty()
    };
    /// An email address, checked only for the shape that every address has.
    EmailAddress, "an email address of at most 254 characters", |text| {
        is_plain(text, 254)
            && !text.contains(char::is_whitespace)
            && matches!(text.rsplit_once('@'), Some((local, host)) if !local.is_empty() && !host.is_empty() && !local.contains('@'))
    };
    /// The key by which apps name a customer.
    ClientKey, "4 to 64 letters, digits, dots, underscores and hyphens", |text| {
        (4..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    /// The key by which old apps name a product.
    ProductKey, "4 to 128 printable ASCII characters without spaces", |text| {
        (4..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    /// What a vendor notes on a license, for itself.
    Memo, "1 to 1000 characters without control characters other than tabs and line breaks", |text| {
        !text.is_empty()
            && text.chars().take(1_001).count() <= 1_000
            && !text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
    };
    /// What a caller made up to bind an answer to its request.
    Nonce, "8 to 128 letters, digits and the characters - . _ ~ + / =", |text| {
        (8..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b))
    };
    /// A tenant's issuer: the base URL of its API and the `iss` of its tokens.
    Issuer, "an http or https URL of at most 255 characters without query, fragment, user or trailing slash", is_issuer;
}

shown! { TenantSlug ProductCode PolicyCode EntitlementCode Name MachineName ClientKey Nonce Issuer }
redacted! { EmailAddress ProductKey Fingerprint Memo }

/// What an app says identifies a machine. Personal data: not shown in logs, zeroed when dropped.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// What the text must be, completing "must be …".
    pub const RULE: &'static str = "1 to 512 bytes of text without control characters";

    /// Checks the text and keeps it as it is.
    ///
    /// # Errors
    /// When it is empty, longer than 512 bytes, or has control characters.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let good = (1..=512).contains(&text.len()) && !text.contains(char::is_control);
        if good { Ok(Self(text)) } else { Err(Invalid::new(Self::RULE)) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
}

/// At most `most` characters, none of them a control character.
fn is_plain(text: &str, most: usize) -> bool {
    text.chars().take(most + 1).count() <= most && !text.contains(char::is_control)
}

fn is_issuer(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    text.len() <= 255
        && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
        && !rest.ends_with('/')
        && rest.bytes().all(|b| b.is_ascii_graphic() && !b"?#@\\\"<>".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for good in ["a", "acme", "a-1", &"a".repeat(63)] {
            assert!(TenantSlug::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a/b", "ä", &"a".repeat(64)] {
            assert!(TenantSlug::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn issuers() {
        for good in
            ["https://licenses.example.com/t/acme", "http://127.0.0.1:8080/t/demo", "http://[::1]:8080"]
        {
            assert!(Issuer::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ftp://x",
            "https://",
            "https://x/",
            "https://x?q",
            "https://u@x",
            "https://x y",
            "https:///t/a",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn personal_and_secret_texts_are_not_shown() {
        let fingerprint = Fingerprint::parse("AA:BB:CC").unwrap();
        let email = EmailAddress::parse("sam@example.com").unwrap();
        assert_eq!(format!("{fingerprint:?} {email:?}"), "Fingerprint(…) EmailAddress(…)");
    }

    #[test]
    fn fingerprints_and_names_refuse_control_characters_and_excess() {
        for bad in ["", "a\nb", "a\u{0}", "\u{7f}", &"x".repeat(513)] {
            assert!(Fingerprint::parse(bad).is_err());
        }
        assert!(Fingerprint::parse("Ω-machine").is_ok());
        for bad in ["", "   ", "a\tb", &"x".repeat(201)] {
            assert!(Name::parse(bad).is_err());
        }
    }

    #[test]
    fn codes() {
        for good in ["a", "0", "a.b_c-d", "a..", &"a".repeat(64)] {
            assert!(ProductCode::parse(good).is_ok(), "{good}");
            assert!(PolicyCode::parse(good).is_ok(), "{good}");
            assert!(EntitlementCode::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "_a", "A", "a b", "a/b", "ä", "a\n", &"a".repeat(65)] {
            assert!(ProductCode::parse(bad).is_err(), "{bad}");
            assert!(PolicyCode::parse(bad).is_err(), "{bad}");
            assert!(EntitlementCode::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn client_and_product_keys() {
        assert!(ClientKey::parse("a.-_").is_ok() && ClientKey::parse("a".repeat(64)).is_ok());
        for bad in ["", "abc", "ab d", "ab+d", "äbcd", &"a".repeat(65)] {
            assert!(ClientKey::parse(bad).is_err(), "{bad}");
        }
        assert!(ProductKey::parse("!~\"a").is_ok() && ProductKey::parse("a".repeat(128)).is_ok());
        for bad in ["", "abc", "ab d", "abc\u{7f}", "äbcd", &"a".repeat(129)] {
            assert!(ProductKey::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lengths_of_names_are_in_characters_and_of_fingerprints_in_bytes() {
        assert!(Name::parse("ä".repeat(200)).is_ok() && Name::parse("ä".repeat(201)).is_err());
        assert!(MachineName::parse("ä".repeat(200)).is_ok() && MachineName::parse("\u{3000}").is_err());
        assert!(Fingerprint::parse("ä".repeat(256)).is_ok() && Fingerprint::parse("ä".repeat(257)).is_err());
    }

    #[test]
    fn emails_and_nonces() {
        let host = "x".repeat(252);
        assert!(EmailAddress::parse(format!("a@{host}")).is_ok());
        assert!(EmailAddress::parse(format!("aa@{host}")).is_err());
        assert!(Nonce::parse("a".repeat(128)).is_ok() && Nonce::parse("a".repeat(129)).is_err());
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c"] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
        assert!(Nonce::parse("abc").is_err());
        assert!(Nonce::parse("abcdefgh\"").is_err());
        assert!(Nonce::parse("2f9a-77.b_c~d+e/f=").is_ok());
    }
}
