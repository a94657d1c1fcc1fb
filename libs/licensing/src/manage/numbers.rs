//! Numbers and keys that are made up where none was given.

use model::Invalid;
use store::{NumberKind, Tx};

use crate::{Error, Licensing};

/// The wanted number, or the next free one.
pub(super) async fn number(tx: &mut Tx, kind: NumberKind, wanted: Option<u32>) -> Result<u32, Error> {
    match wanted {
        Some(number) => {
            tx.numbers().skip(kind, number).await?;
            Ok(number)
        }
        None => {
            let number = tx.numbers().take(kind, 1).await?;
            u32::try_from(number).map_err(|_| Error::Conflict("no numbers are left".into()))
        }
    }
}

impl Licensing {
    /// A key of 16 random hexadecimal digits, in the form of old clients.
    pub(super) fn made_up<T>(&self, parse: impl Fn(String) -> Result<T, Invalid>) -> Result<T, Error> {
        let text = self.inner.entropy.bytes::<8>().iter().map(|byte| format!("{byte:02X}")).collect();
        parse(text).map_err(|invalid| Error::Internal("making up a key", Some(Box::new(invalid))))
    }
}
