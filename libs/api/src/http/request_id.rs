//! Identifiers of requests and traces: taken from the caller when they are sane.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::header;

/// The header of the request's identifier, in requests and answers.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header of the trace's identifier (W3C Trace Context section 3.2).
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The caller's identifier of the request: 1 to 64 letters, digits, dots, underscores and hyphens, sent once.
pub(crate) fn sent(headers: &HeaderMap) -> Option<&str> {
    let text = header::once(headers, &REQUEST_ID).ok()??;
    let good = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    good.then_some(text)
}

/// The caller's trace, when it follows the format of version 00, or begins so in a later version.
pub(crate) fn trace(headers: &HeaderMap) -> Option<HeaderValue> {
    let text = header::once(headers, &TRACEPARENT).ok()??;
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let some = |part: &str| part.bytes().any(|b| b != b'0');
    let good = hex(version, 2)
        && version != "ff"
        && hex(trace, 32)
        && some(trace)
        && hex(parent, 16)
        && some(parent)
        && hex(flags, 2)
        && (version != "00" || parts.next().is_none())
        && text.len() <= 128;
    if good { HeaderValue::from_str(text).ok() } else { None }
}

/// The caller's span, of which that of the request is a part; `trace` is what [`trace`] gave.
pub(crate) fn caller(trace: &HeaderValue) -> Option<Context> {
    let mut parts = trace.to_str().ok()?.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let parent = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    let caller = SpanContext::new(trace, parent, flags, true, TraceState::default());
    Some(Context::new().with_remote_span_context(caller))
}

/// Whether a path may stand in an answer: short, and made of what a URI path is made of (RFC 3986 section 3.3).
pub(crate) fn is_plain_path(path: &str) -> bool {
    path.len() <= 200
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
            .collect()
    }

    #[test]
    fn sane_identifiers_are_taken_and_others_are_not() {
        for good in ["a", "0196a1c4-7c3e-7d52-9a55-1f0a3b6c2d41", "A.b_c-9", &"x".repeat(64)] {
            assert_eq!(sent(&headers(&REQUEST_ID, &[good])), Some(good));
        }
        for bad in ["", "a b", "a\"b", "ä", "a/b", "{}", &"x".repeat(65)] {
            assert_eq!(sent(&headers(&REQUEST_ID, &[bad])), None, "{bad}");
        }
        assert_eq!(sent(&headers(&REQUEST_ID, &["a", "a"])), None);
        assert_eq!(sent(&HeaderMap::new()), None);
    }

    #[test]
    fn only_traces_in_the_format_are_taken() {
        const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
        const PARENT: &str = "b7ad6b7169203331";
        let (zero_trace, zero_parent) = ("0".repeat(32), "0".repeat(16));
        for (text, good) in [
            (format!("00-{TRACE}-{PARENT}-01"), true),
            (format!("01-{TRACE}-{PARENT}-01-more"), true),
            (format!("00-{TRACE}-{PARENT}-01-more"), false),
            (format!("ff-{TRACE}-{PARENT}-01"), false),
            (format!("00-{zero_trace}-{PARENT}-01"), false),
            (format!("00-{TRACE}-{zero_parent}-01"), false),
            (format!("00-{}-{PARENT}-01", TRACE.to_uppercase()), false),
            (format!("00-{TRACE}-{PARENT}"), false),
            (String::new(), false),
        ] {
            assert_eq!(trace(&headers(&TRACEPARENT, &[&text])).is_some(), good, "{text}");
        }
    }

    #[test]
    fn the_callers_span_is_read() {
        let header = HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        let context = caller(&header).unwrap();
        let span = context.span().span_context().clone();
        assert_eq!(span.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span.span_id().to_string(), "b7ad6b7169203331");
        assert!(span.is_remote() && span.is_sampled());
    }

    #[test]
    fn only_plain_paths_are_repeated() {
        assert!(is_plain_path("/t/acme/v1/activate") && is_plain_path("/a%20b"));
        for bad in ["/a b", "/a\"b", "/<script>", "/ä", &format!("/{}", "a".repeat(200))] {
            assert!(!is_plain_path(bad), "{bad}");
        }
    }
}
