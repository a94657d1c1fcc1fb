//! License keys: how they are written, compared, generated and checked for typing errors.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::text::Invalid;

/// How the keys of a product's new licenses are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeyFormat {
    /// Five groups of five Crockford base32 characters: 120 random bits and a check character.
    #[default]
    Crockford5x5,
    /// Four groups of four letters and digits, for products whose old apps expect that: 82 random bits, no check character.
    Alphanumeric4x4,
}

impl KeyFormat {
    /// The name used in storage, requests and on the command line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Crockford5x5 => "crockford_5x5",
            Self::Alphanumeric4x4 => "alphanumeric_4x4",
        }
    }

    /// The format of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_code(code: &str) -> Result<Self, Invalid> {
        match code {
            "crockford_5x5" => Ok(Self::Crockford5x5),
            "alphanumeric_4x4" => Ok(Self::Alphanumeric4x4),
            _ => Err(Invalid::new("crockford_5x5 or alphanumeric_4x4")),
        }
    }

    /// Makes a key from 16 uniformly random bytes.
    #[must_use]
    pub fn generate(self, entropy: [u8; 16]) -> LicenseKey {
        let mut bits = u128::from_be_bytes(entropy);
        let mut take = |alphabet: &[u8]| {
            let size = alphabet.len() as u128;
            let symbol = alphabet.get((bits % size) as usize).copied().unwrap_or(b'0');
            bits /= size;
            symbol
        };
        let (mut symbols, group): (Vec<u8>, usize) = match self {
            Self::Crockford5x5 => ((0..DATA_LEN).map(|_| take(CROCKFORD)).collect(), 5),
            Self::Alphanumeric4x4 => ((0..16).map(|_| take(ALPHANUMERIC)).collect(), 4),
        };
        if self == Self::Crockford5x5 {
            symbols.push(check_character(&symbols).unwrap_or(b'0'));
        }
        let canonical: String = symbols.iter().copied().map(char::from).collect();
        let groups: Vec<String> =
            symbols.chunks(group).map(|chunk| chunk.iter().copied().map(char::from).collect()).collect();
        LicenseKey { text: groups.join("-"), canonical }
    }
}

const ALPHANUMERIC: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a generated key before its check character.
const DATA_LEN: usize = 24;

/// A license key as its holder writes it: 4 to 255 printable ASCII characters.
///
/// Two keys are equal when they differ only in case, hyphens and spaces. A secret: never shown by
/// `Debug`, zeroed when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LicenseKey {
    text: String,
    canonical: String,
}

impl LicenseKey {
    /// What the text must be, completing "must be …".
    pub const RULE: &'static str =
        "4 to 255 printable ASCII characters, at least 4 of them other than hyphens and spaces";

    /// Checks a key as typed; spaces around it, which count in its length, are dropped, all else is kept as it is.
    ///
    /// # Errors
    /// When it breaks [`Self::RULE`]. The error never contains the key.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > 255 {
            return Err(Invalid::new(Self::RULE));
        }
        let text = text.trim_matches(' ');
        if text.len() < 4 || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(Invalid::new(Self::RULE));
        }
        // In one piece of memory from the beginning, so that none is left that is not zeroed.
        let mut canonical = text.to_ascii_uppercase();
        canonical.retain(|c| !matches!(c, '-' | ' '));
        if canonical.len() < 4 {
            return Err(Invalid::new(Self::RULE));
        }
        Ok(Self { text: text.to_owned(), canonical })
    }

    /// The key as it was written, for the one it belongs to.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The form that is compared and hashed: upper case, without hyphens and spaces.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The last four characters, for lists. Of keys shorter than eight the last half, as the hint is stored in
    /// the clear.
    #[must_use]
    pub fn hint(&self) -> &str {
        let shown = (self.canonical.len() / 2).min(4);
        self.canonical.get(self.canonical.len() - shown..).unwrap_or_default()
    }

    /// Whether this looks like a generated key with a typing error: the shape of
    /// [`KeyFormat::Crockford5x5`] with a check character that does not fit.
    ///
    /// Any one character replaced by another of the alphabet, and any two exchanged ones, are noticed. Keys with
    /// characters outside the alphabet, such as `O`, may be those of an older system and are left alone.
    #[must_use]
    pub fn looks_mistyped(&self) -> bool {
        let bytes = self.canonical.as_bytes();
        match bytes.split_at_checked(DATA_LEN) {
            Some((data, [check])) if symbol_value(*check).is_some() => {
                check_character(data).is_some_and(|expected| expected != *check)
            }
            _ => false,
        }
    }
}

impl PartialEq for LicenseKey {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for LicenseKey {}

impl fmt::Debug for LicenseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LicenseKey(…)")
    }
}

fn symbol_value(symbol: u8) -> Option<u8> {
    CROCKFORD.iter().position(|s| *s == symbol).and_then(|i| u8::try_from(i).ok())
}

/// The check character of the given symbols, `None` if one is not in the alphabet.
///
/// The symbols are the coefficients of a polynomial over GF(32), evaluated at a generator of the field: its
/// powers are all different for 31 places, so every single error and every exchange changes the sum.
fn check_character(data: &[u8]) -> Option<u8> {
    let sum = data.iter().try_fold(0, |sum, symbol| Some(times_generator(sum ^ symbol_value(*symbol)?)))?;
    CROCKFORD.get(usize::from(sum)).copied()
}

/// Multiplies by x in GF(2)\[x\] / (x⁵ + x² + 1).
fn times_generator(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { (shifted ^ 0b10_0101) & 0b1_1111 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn generated_keys_have_their_format() {
        let key = KeyFormat::Crockford5x5.generate([7; 16]);
        assert_eq!(key.reveal().split('-').map(str::len).collect::<Vec<_>>(), [5; 5]);
        assert!(!key.looks_mistyped());
        let key = KeyFormat::Alphanumeric4x4.generate([200; 16]);
        assert_eq!(key.reveal().split('-').map(str::len).collect::<Vec<_>>(), [4; 4]);
        assert!(!key.looks_mistyped());
    }

    #[test]
    fn comparison_ignores_case_hyphens_and_spaces() {
        let key = LicenseKey::parse("HIOZ-W7RA-JNET-X039").unwrap();
        for same in ["hioz-w7ra-jnet-x039", "HIOZW7RAJNETX039", "  HIOZ w7ra JNET x039 "] {
            assert_eq!(LicenseKey::parse(same).unwrap(), key);
        }
        assert_ne!(LicenseKey::parse("HIOZ-W7RA-JNET-X030").unwrap(), key);
        assert_eq!(key.hint(), "X039");
        assert_eq!(format!("{key:?}"), "LicenseKey(…)");
    }

    #[test]
    fn keys_of_older_systems_are_never_taken_for_typing_errors() {
        for text in ["2SZRHXZBNB3GUCHM375FTB8DJ", "ONEACTIVATIONONLY00000000", "HIOZ-W7RA-JNET-X039", "abcd"]
        {
            assert!(!LicenseKey::parse(text).unwrap().looks_mistyped(), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "abc",
            "----",
            "    ",
            "- - - - -",
            "a-b-c",
            "   abc   ",
            "key\n1234",
            "key1234\t",
            "key\u{7f}1234",
            "schlüssel",
            "ｋｅｙ１２３４",
            &" ".repeat(255),
            &"-".repeat(255),
            "\u{0}\u{0}\u{0}\u{0}",
            &"k".repeat(256),
            &format!("{} ", "k".repeat(255)),
        ] {
            assert!(LicenseKey::parse(text).is_err(), "{text:?}");
        }
        assert!(LicenseKey::parse(&"k".repeat(255)).is_ok());
        assert!(LicenseKey::parse(&format!("  {}  ", "k".repeat(251))).is_ok());
        assert!(LicenseKey::parse("-a-b c-d-").is_ok());
    }

    #[test]
    fn hints_show_no_more_than_half_of_a_key() {
        for (text, hint) in [
            ("abcd", "CD"),
            ("a-b-c-d", "CD"),
            ("abcdefg", "EFG"),
            ("abcdefgh", "EFGH"),
            ("2SZRH-XZBNB-3GUCH-M375F-TB8DJ", "B8DJ"),
        ] {
            assert_eq!(LicenseKey::parse(text).unwrap().hint(), hint);
        }
    }

    #[test]
    fn what_is_shown_is_what_was_written() {
        let key = LicenseKey::parse("  My old-Key  ").unwrap();
        assert_eq!((key.reveal(), key.canonical()), ("My old-Key", "MYOLDKEY"));
    }

    #[test]
    fn the_extremes_of_entropy_make_keys() {
        for (format, entropy, key) in [
            (KeyFormat::Crockford5x5, 0, "00000-00000-00000-00000-00000"),
            (KeyFormat::Crockford5x5, u8::MAX, "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZW"),
            (KeyFormat::Alphanumeric4x4, 0, "AAAA-AAAA-AAAA-AAAA"),
        ] {
            let made = format.generate([entropy; 16]);
            assert_eq!(made.reveal(), key);
            assert_eq!(LicenseKey::parse(key).unwrap(), made);
            assert_eq!(KeyFormat::from_code(format.code()), Ok(format));
        }
        assert!(KeyFormat::from_code("").is_err());
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_noticed(entropy: [u8; 16], place in 0usize..25, symbol in 0usize..32) {
            let key = KeyFormat::Crockford5x5.generate(entropy);
            let mut text = key.canonical().as_bytes().to_vec();
            let differs = std::mem::replace(&mut text[place], CROCKFORD[symbol]) != CROCKFORD[symbol];
            let typed = LicenseKey::parse(std::str::from_utf8(&text).unwrap()).unwrap();
            prop_assert_eq!(typed.looks_mistyped(), differs);
        }

        #[test]
        fn two_exchanged_characters_are_noticed(entropy: [u8; 16], a in 0usize..25, b in 0usize..25) {
            let key = KeyFormat::Crockford5x5.generate(entropy);
            let mut text = key.canonical().as_bytes().to_vec();
            text.swap(a, b);
            let typed = LicenseKey::parse(std::str::from_utf8(&text).unwrap()).unwrap();
            prop_assert_eq!(typed.looks_mistyped(), text[a] != text[b]);
        }

        #[test]
        fn generation_keeps_all_its_random_bits(a: [u8; 15], b: [u8; 15]) {
            let pad = |bytes: [u8; 15]| { let mut all = [0; 16]; all[1..].copy_from_slice(&bytes); all };
            let (key_a, key_b) = (KeyFormat::Crockford5x5.generate(pad(a)), KeyFormat::Crockford5x5.generate(pad(b)));
            prop_assert_eq!(a == b, key_a == key_b);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,300}") {
            if let Ok(key) = LicenseKey::parse(&text) {
                prop_assert_eq!(&LicenseKey::parse(key.canonical()).unwrap(), &key);
                prop_assert_eq!(&LicenseKey::parse(key.reveal()).unwrap(), &key);
                prop_assert!(key.hint().len() * 2 <= key.canonical().len());
                let _ = key.looks_mistyped();
            }
        }
    }
}
