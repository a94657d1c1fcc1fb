//! The catalogue of problems: every `code` that an error of the HTTP APIs can carry, in one table.

use model::Reason;

macro_rules! faults {
    ($($name:ident = $code:literal, $status:literal, $title:literal, $advice:literal;)+) => {
        /// What is wrong with a request, or with the server: every problem that is not a refusal.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Fault {
            $(#[doc = $title] $name,)+
        }

        impl Fault {
            const ALL: &'static [Self] = &[$(Self::$name),+];

            const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry { code: $code, status: $status, title: $title, advice: $advice },)+
                }
            }
        }
    };
}

faults! {
    BadRequest = "bad_request", 400, "The request cannot be read.",
        "The request ended early or is not HTTP as it should be. Send it again, whole.";
    BadHeader = "bad_header", 400, "A header is malformed.",
        "A header that matters was sent twice or does not follow its rule.";
    MalformedJson = "malformed_json", 400, "The body is not JSON.",
        "Send exactly one JSON text (RFC 8259) in UTF-8, without a byte order mark.";
    DuplicateMember = "duplicate_member", 400, "A member is there twice.",
        "An object in the body has a member twice, which different readers understand differently. Send each once.";
    BadParameter = "bad_parameter", 400, "A query parameter is not acceptable.",
        "Send each query parameter once, only those that the operation knows, and each by its rule.";
    Unauthorized = "unauthorized", 401, "There is no good credential.",
        "Send an API key of this tenant that is neither expired nor revoked, as Authorization: Bearer lh_….";
    InsufficientScope = "insufficient_scope", 403, "The credential does not allow this.",
        "Use an API key that has the scope which the operation needs.";
    ResourceNotFound = "resource_not_found", 404, "There is no such thing.",
        "Check the identifier in the path; things of other tenants do not exist here.";
    RouteNotFound = "route_not_found", 404, "There is nothing at this address.",
        "Check the path against the API's document; paths are case-sensitive and have no trailing slash.";
    TenantNotFound = "tenant_not_found", 404, "There is no such tenant.",
        "Check the base URL that the app is configured with.";
    MethodNotAllowed = "method_not_allowed", 405, "The method is not allowed here.",
        "Use a method that the Allow header names.";
    Conflict = "conflict", 409, "It collides with what exists.",
        "See detail: something is taken, is still needed, or is in a state that does not allow this.";
    LimitReached = "limit_reached", 409, "The tenant may have no more of these.",
        "Delete or revoke what is not needed, or ask the operator of the server for more.";
    PreconditionFailed = "precondition_failed", 412, "It was changed in the meantime.",
        "Get it again, with its new ETag, and decide anew.";
    BodyTooLarge = "body_too_large", 413, "The body is too large.",
        "A request body has at most 65,536 bytes.";
    UnsupportedMediaType = "unsupported_media_type", 415, "The body is not of a supported type.",
        "Send the body as application/json, not compressed.";
    ValidationFailed = "validation_failed", 422, "A value is not acceptable.",
        "The members named in errors are missing, unknown, of another type or against a rule. Correct them all.";
    MalformedFile = "malformed_file", 422, "The file is not one that can be imported.",
        "See detail: the first line of CSV names the columns, each once, and only those that are known. Nothing was imported.";
    IdempotencyKeyInUse = "idempotency_key_in_use", 409, "The first request with this idempotency key is still running.",
        "Wait a moment and send the same request again to be given its answer.";
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The idempotency key was used for another request.",
        "Make up a new key for every new request; send an old key only with the very same body.";
    QuotaExceeded = "quota_exceeded", 429, "There were too many requests.",
        "Nothing was done. Send the request again after the time that Retry-After names; RateLimit says how the limits stand.";
    Internal = "internal", 500, "Something went wrong on our side.",
        "Nothing was changed. Report the request_id if it happens again.";
    Unavailable = "unavailable", 503, "The service is not available at the moment.",
        "Nothing was changed. Send the request again after the time that Retry-After names.";
    NotReady = "not_ready", 503, "The server does not take requests at the moment.",
        "It is starting or stopping, or its database does not answer.";
}

/// One row of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The stable code.
    pub(crate) code: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What is wrong, in a sentence.
    pub(crate) title: &'static str,
    /// What to do about it.
    pub(crate) advice: &'static str,
}

/// A problem's kind: a fault, or the primary reason of a refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// Something is wrong with the request or the server.
    Fault(Fault),
    /// The license may not be used in the way that was asked for.
    Refused(Reason),
}

impl Code {
    /// All of them: the faults, then the reasons in their order.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let faults = Fault::ALL.iter().copied().map(Self::Fault);
        faults.chain(Reason::ALL.iter().copied().map(Self::Refused))
    }

    /// Its row.
    pub(crate) const fn entry(self) -> Entry {
        match self {
            Self::Fault(fault) => fault.entry(),
            Self::Refused(reason) => {
                let (status, advice) = refusal(reason);
                Entry { code: reason.code(), status, title: reason.title(), advice }
            }
        }
    }
}

/// The status of a refusal by its primary reason, and what an app should do about it.
const fn refusal(reason: Reason) -> (u16, &'static str) {
    match reason {
        Reason::NotFound => (404, "Ask for the key again; it may be mistyped."),
        Reason::ProductMismatch => (403, "Ask for a key of this product."),
        Reason::CustomerMismatch => {
            (403, "Ask for the customer's key again, or for a license of this customer.")
        }
        Reason::CustomerRequired => (403, "Ask for the customer's key and send it as customer."),
        Reason::Revoked => (403, "Stop; the license will not come back. Show support_message."),
        Reason::Suspended => (403, "Stop for now and check again later. Show support_message."),
        Reason::Expired => (403, "Offer to renew, then check again."),
        Reason::ActivationsExhausted => {
            (409, "The license cannot be activated any more. The vendor can raise its activation limit.")
        }
        Reason::SeatsExhausted => {
            (409, "Deactivate the license on another machine, or ask the vendor for more seats.")
        }
        Reason::NotActivated => (403, "Activate the license on this machine first."),
        Reason::MachineMismatch => (403, "Activate the license on this machine; it is active on another."),
        Reason::MachineDeactivated => (403, "Activate the license on this machine again."),
        Reason::SeatLapsed => (403, "Activate again to take a seat, if one is free."),
        Reason::EntitlementMissing => (403, "Switch the feature off, or offer the edition that has it."),
        Reason::DeactivationsExhausted => {
            (409, "Only the vendor can deactivate the license on this machine.")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PROBLEMS: &str = include_str!("../../../../docs/problems.md");
    const REASONS: &str = include_str!("../../../../docs/reasons.md");

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        let codes: BTreeSet<_> = Code::all().map(|code| code.entry().code).collect();
        assert_eq!(codes.len(), Code::all().count());
        for entry in Code::all().map(Code::entry) {
            assert!((400..600).contains(&entry.status), "{entry:?}");
            assert!(entry.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{entry:?}");
        }
    }

    #[test]
    fn the_page_of_problems_is_the_catalogue() {
        let expected: Vec<String> = Code::all()
            .map(Code::entry)
            .map(|entry| {
                format!("| `{}` | {} | {} | {} |", entry.code, entry.status, entry.title, entry.advice)
            })
            .collect();
        let rows: Vec<&str> = PROBLEMS.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn the_page_of_reasons_has_every_reason_in_order_and_nothing_else() {
        let expected: Vec<String> = Reason::ALL
            .iter()
            .map(|reason| format!("| `{}` | {} |", reason.code(), reason.title()))
            .collect();
        let rows: Vec<&str> = REASONS.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), expected.len());
        for (row, start) in rows.iter().zip(&expected) {
            assert!(row.starts_with(start), "{row} should start with {start}");
            assert_eq!(row.matches(" | ").count(), 4, "code, meaning, status, verbs, advice: {row}");
        }
    }
}
