//! Idempotency: one effect and one answer per key, however often it is sent (draft-ietf-httpapi-idempotency-key-header-06).

use model::{Invalid, Tenant, Timestamp};
use store::{Claimed, StoredAnswer, Tx};

use crate::{Error, Licensing, error::Refused, vault::Purpose};

/// A decision for or against the caller.
pub type Decision<T> = Result<T, Refused>;

/// The key that a caller made up for one request: 1 to 255 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a header value, quoted (a Structured Field string, RFC 9651 section 3.3.3) or bare.
    ///
    /// # Errors
    /// When it is empty, longer than 255 characters, or not printable ASCII.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let good = (1..=255).contains(&bare.len())
            && bare.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\');
        if good {
            Ok(Self(bare.to_owned()))
        } else {
            Err(Invalid::new("1 to 255 printable ASCII characters"))
        }
    }

    /// The key, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An answer in the form in which it is sent, kept to be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The HTTP status.
    pub status: u16,
    /// The body, a JSON text.
    pub body: String,
}

/// What makes a verb idempotent.
pub struct Idempotency<'a, T> {
    /// The caller's key.
    pub key: IdempotencyKey,
    /// SHA-256 over everything that makes two requests the same: operation and body.
    pub request: [u8; 32],
    /// Makes the answer that is kept, in the transaction that decides.
    pub render: &'a (dyn Fn(&Decision<T>) -> Rendered + Send + Sync),
}

/// What a verb gives.
#[derive(Debug)]
pub enum Answer<T> {
    /// A decision that was just made.
    Fresh(Decision<T>),
    /// The answer that was given to the first request with this idempotency key.
    Replayed(Rendered),
}

/// For how long an answer is kept.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

impl Licensing {
    /// Claims the key for this request; gives the answer that was given before, if there is one.
    pub(crate) async fn claim<T>(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        idempotency: Option<&Idempotency<'_, T>>,
        now: Timestamp,
    ) -> Result<Option<Rendered>, Error> {
        let Some(idempotency) = idempotency else {
            return Ok(None);
        };
        let key = idempotency.key.as_str();
        let claimed =
            tx.idempotency_keys().claim(key, &idempotency.request, now, now.plus_seconds(KEPT_SECONDS)).await;
        match claimed {
            Ok(Claimed::Free) => Ok(None),
            Ok(Claimed::ByAnotherRequest) => Err(Error::IdempotencyKeyReused),
            Ok(Claimed::Answered(answer)) => {
                let body = self.inner.vault.open(tenant.id, Purpose::Answer, key, &answer.sealed_body)?;
                let body = String::from_utf8(body.to_vec())
                    .map_err(|error| Error::Internal("reading a kept answer", Some(Box::new(error))))?;
                Ok(Some(Rendered { status: answer.status, body }))
            }
            Err(store::Error::Busy) => Err(Error::IdempotencyKeyInUse),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the answer where the caller sent a key, and makes everything lasting.
    pub(crate) async fn settle<T>(
        &self,
        mut tx: Tx,
        tenant: &Tenant,
        idempotency: Option<&Idempotency<'_, T>>,
        decision: Decision<T>,
    ) -> Result<Answer<T>, Error> {
        if let Some(idempotency) = idempotency {
            let rendered = (idempotency.render)(&decision);
            let key = idempotency.key.as_str();
            let (vault, entropy) = (&self.inner.vault, &self.inner.entropy);
            let sealed_body =
                vault.seal(entropy, tenant.id, Purpose::Answer, key, rendered.body.as_bytes())?;
            tx.idempotency_keys().answer(key, &StoredAnswer { status: rendered.status, sealed_body }).await?;
        }
        self.commit(tx).await?;
        Ok(Answer::Fresh(decision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_bare_keys_are_the_same() {
        assert_eq!(
            IdempotencyKey::parse("\"8e03978e-40d5\"").unwrap(),
            IdempotencyKey::parse("8e03978e-40d5").unwrap()
        );
        for bad in ["", "\"\"", "a\"b", "a\\b", "a\nb", "ä", &"x".repeat(256)] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad:?}");
        }
    }
}
