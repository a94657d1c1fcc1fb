//! The master key, when it is configured rather than made in the data folder.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use licensing::MasterKey;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};

use super::Setting;
use crate::fault::{Fault, Result};

const RULE: &str = "a master key: 32 random bytes as 64 hexadecimal digits or as base64";

/// Where the master key is configured.
#[derive(Clone, Debug)]
pub(crate) enum MasterKeySource {
    /// In `LEASEHOLD_MASTER_KEY`.
    Environment(SecretString),
    /// In a file.
    File(PathBuf),
}

impl MasterKeySource {
    pub(super) fn choose(key: Option<Setting>, file: Option<Setting>) -> Result<Option<Self>> {
        match (key, file) {
            (Some(key), Some(file)) => Err(Fault::usage(format_args!(
                "{} and {} are both set: give only one of them",
                key.source, file.source
            ))),
            (Some(key), None) => Ok(Some(Self::Environment(SecretString::from(key.value)))),
            (None, Some(file)) => Ok(Some(Self::File(file.value.into()))),
            (None, None) => Ok(None),
        }
    }

    /// The key.
    ///
    /// # Errors
    /// When the file cannot be read, or the text is not a master key.
    pub(crate) fn load(&self) -> Result<MasterKey> {
        match self {
            Self::Environment(text) => parse(text.expose_secret())
                .ok_or_else(|| Fault::usage(format_args!("LEASEHOLD_MASTER_KEY must be {RULE}"))),
            Self::File(path) => read(path),
        }
    }
}

/// Reads a file that holds a master key.
///
/// # Errors
/// When it cannot be read, or its text is not a master key.
pub(crate) fn read(path: &Path) -> Result<MasterKey> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| Fault::usage(format_args!("cannot read the master key file {name}: {error}")))?;
    parse(text.trim()).ok_or_else(|| Fault::usage(format_args!("the file {name} must hold {RULE}")))
}

/// Reads 64 hexadecimal digits or the base64 of 32 bytes, in either alphabet, with padding or without.
pub(crate) fn parse(text: &str) -> Option<MasterKey> {
    let bytes = if text.len() == 64 { hexadecimal(text)? } else { decode(text)? };
    Some(MasterKey::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?))
}

fn hexadecimal(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = Zeroizing::new(digits?);
    Some(Zeroizing::new(
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect(),
    ))
}

fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { alphabet::URL_SAFE } else { alphabet::STANDARD };
    GeneralPurpose::new(&alphabet, config).decode(text).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_and_base64_are_read() {
        let good = [
            "00".repeat(32),
            "aF".repeat(32),
            "A".repeat(43),
            format!("{}=", "A".repeat(43)),
            format!("{}-_8", "A".repeat(40)),
        ];
        for text in good {
            assert!(parse(&text).is_some(), "{text}");
        }
        for text in
            [String::new(), "00".repeat(31), "0g".repeat(32), "A".repeat(42), "A".repeat(44), "é".repeat(32)]
        {
            assert!(parse(&text).is_none(), "{text}");
        }
        assert_eq!(hexadecimal(&"1f".repeat(32)).unwrap().as_slice(), [0x1f; 32]);
    }
}
