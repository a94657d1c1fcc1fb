//! The kinds of token, told apart by the header's `typ`.

/// A kind of token. One kind is never accepted as another (RFC 8725 §3.11 and §3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// The right to run on one machine for a while.
    Lease,
    /// The signed answer to one validation, bound to the request.
    Verdict,
    /// The revocations of an issuer (Token Status List, draft-ietf-oauth-status-list-20 §5.1).
    StatusList,
}

impl TokenType {
    /// The header's `typ`, compared exactly: no `application/` in front, no other case.
    pub fn typ(self) -> &'static str {
        match self {
            Self::Lease => "lease+jwt",
            Self::Verdict => "verdict+jwt",
            Self::StatusList => "statuslist+jwt",
        }
    }

    /// The largest accepted token of this kind, in bytes: 8 KiB, and 512 KiB for a status list, which has to
    /// hold [`MAX_STATUS_ENTRIES`](crate::MAX_STATUS_ENTRIES) entries even when they do not compress at all.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Lease | Self::Verdict => 8 * 1024,
            Self::StatusList => 512 * 1024,
        }
    }
}
