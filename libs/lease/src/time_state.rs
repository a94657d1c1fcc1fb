//! What a verified lease is worth at an instant.

use serde::{Deserialize, Serialize};

use crate::LeaseClaims;

/// What a lease is worth at an instant: a pure function of its claims and the time.
///
/// Each edge belongs to the later state, and no skew is applied to any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeState {
    /// `now < refresh_at`: nothing to do.
    Valid,
    /// `refresh_at ≤ now < exp`: fully valid; fetch a new lease when there is a connection.
    RefreshDue,
    /// `exp ≤ now < grace_until`: the app still runs, and warns.
    InGrace,
    /// `grace_until ≤ now`: the lease permits nothing any more.
    Expired,
}

impl TimeState {
    /// The state of a lease at `now`, in Unix seconds.
    pub fn of(claims: &LeaseClaims, now: i64) -> Self {
        if now >= claims.grace_until {
            Self::Expired
        } else if now >= claims.exp {
            Self::InGrace
        } else if now >= claims.refresh_at {
            Self::RefreshDue
        } else {
            Self::Valid
        }
    }

    /// The name used in the vectors and in output: `valid`, `refresh_due`, `in_grace`, `expired`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::RefreshDue => "refresh_due",
            Self::InGrace => "in_grace",
            Self::Expired => "expired",
        }
    }

    /// Whether the app may run: true in every state but [`Expired`](Self::Expired).
    pub fn permits_use(self) -> bool {
        self != Self::Expired
    }
}
