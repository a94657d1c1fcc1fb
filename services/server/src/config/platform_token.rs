//! The token that operators present to the platform API.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};
use sha2::{Digest as _, Sha256};

use super::Setting;
use crate::fault::{Fault, Result};

const SHORTEST: usize = 32;
const RULE: &str =
    "a token of 32 to 512 visible characters without spaces (make one with: openssl rand -hex 32)";

/// The platform token. Never shown.
#[derive(Clone, Debug)]
pub(crate) struct PlatformToken(SecretString);

impl PlatformToken {
    /// The token from the environment, or from the file that the settings name.
    ///
    /// # Errors
    /// When both are set, when the file cannot be read, and when the text is no good token.
    pub(super) fn choose(token: Option<Setting>, file: Option<Setting>) -> Result<Option<Self>> {
        match (token, file) {
            (Some(token), Some(file)) => Err(Fault::usage(format_args!(
                "{} and {} are both set: give only one of them",
                token.source, file.source
            ))),
            (Some(token), None) => Self::parse(&token.value)
                .map(Some)
                .ok_or_else(|| Fault::usage(format_args!("{} must be {RULE}", token.source))),
            (None, Some(file)) => Self::read(Path::new(&file.value)).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
            Fault::usage(format_args!("cannot read the platform token file {name}: {error}"))
        })?;
        Self::parse(text.trim()).ok_or_else(|| Fault::usage(format_args!("the file {name} must hold {RULE}")))
    }

    fn parse(text: &str) -> Option<Self> {
        let good = (SHORTEST..=512).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        good.then(|| Self(SecretString::from(text)))
    }

    /// SHA-256 of the token: all that the server needs of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(value: &str) -> Option<Setting> {
        Some(Setting { source: "HERE".to_owned(), value: value.to_owned() })
    }

    #[test]
    fn short_tokens_are_refused_and_never_shown() {
        let good = "0123456789abcdef0123456789abcdef";
        let token = PlatformToken::choose(setting(good), None).unwrap().unwrap();
        assert_eq!(token.hash(), <[u8; 32]>::from(Sha256::digest(good)));
        assert!(!format!("{token:?}").contains("0123"));
        for bad in [&good[1..], "0123456789abcdef 0123456789abcdef", &"é".repeat(32), &"x".repeat(513)] {
            let message = PlatformToken::choose(setting(bad), None).unwrap_err().message.unwrap();
            assert!(message.starts_with("HERE must be a token of 32") && !message.contains(bad), "{message}");
        }
    }

    #[test]
    fn a_file_may_hold_the_token_but_not_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("platform.token");
        std::fs::write(&path, format!("{}\n", "t".repeat(40))).unwrap();
        let file = setting(path.to_str().unwrap());
        let token = PlatformToken::choose(None, file.clone()).unwrap().unwrap();
        assert_eq!(token.hash(), <[u8; 32]>::from(Sha256::digest("t".repeat(40))));
        assert!(PlatformToken::choose(setting(&"t".repeat(40)), file).is_err());
        std::fs::write(&path, "short").unwrap();
        let message = PlatformToken::choose(None, setting(path.to_str().unwrap())).unwrap_err().message;
        assert!(!message.unwrap().contains("short"));
        assert!(PlatformToken::choose(None, None).unwrap().is_none());
    }
}
