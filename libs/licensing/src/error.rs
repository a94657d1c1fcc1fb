//! What a verb may fail with.

use model::{DecisionId, Refusal};

use crate::Throttled;

/// The error of something below, for the log only.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a verb did not give a decision. Messages are for operators; clients get a code and a request ID.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was named does not exist in this tenant.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What was asked for collides with what exists.
    #[error("{0}")]
    Conflict(String),
    /// The tenant may have no more of these.
    #[error("the tenant may have no more {0}")]
    LimitReached(&'static str),
    /// A value breaks a rule.
    #[error("{field} {invalid}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// Which rule.
        invalid: model::Invalid,
    },
    /// Items of a list are not acceptable; nothing was done.
    #[error("{} items of a list are not acceptable", .0.len())]
    Items(Vec<ItemFault>),
    /// It is not any more what the caller expects it to be; nothing was changed.
    #[error("it was changed in the meantime")]
    PreconditionFailed,
    /// The idempotency key was used with another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The first request with this idempotency key has not ended yet.
    #[error("the first request with this idempotency key has not ended yet")]
    IdempotencyKeyInUse,
    /// A limit does not allow the request now; nothing was done.
    #[error("too many requests")]
    Throttled(Box<Throttled>),
    /// The database cannot be reached, is busy, or failed; trying again later may work.
    #[error("the database is not available")]
    Unavailable(#[source] BoxError),
    /// A fault of ours, or damaged data.
    #[error("internal error: {0}")]
    Internal(&'static str, #[source] Option<BoxError>),
}

/// What is not acceptable about an item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemFault {
    /// Which item, counted from 0.
    pub item: usize,
    /// Which member of it.
    pub member: &'static str,
    /// What is wrong with it, completing a sentence about the member.
    pub detail: &'static str,
}

/// A decision against the caller, with all that may be told about it.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The reasons, in order.
    pub refusal: Refusal,
    /// Names this decision, in the answer and in the verdict.
    pub decision_id: DecisionId,
    /// The signed verdict, when the request carried a nonce.
    pub verdict: Option<String>,
    /// What the product tells people when something is refused.
    pub support_message: Option<String>,
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            // Whoever tries again is told what is not there any more.
            store::Error::Unavailable(_) | store::Error::Busy | store::Error::Dangling(_) => {
                Self::Unavailable(Box::new(error))
            }
            store::Error::LimitReached(kind) => Self::LimitReached(kind.name()),
            store::Error::Statement(_) => {
                Self::Internal("the database refused a statement", Some(Box::new(error)))
            }
            store::Error::Damaged { .. } => {
                Self::Internal("the database holds damaged data", Some(Box::new(error)))
            }
        }
    }
}
