//! The header fields by which callers learn of rate limits (draft-ietf-httpapi-ratelimit-headers).

use itoa::Buffer;
use licensing::LimitStanding;
use poem::http::{HeaderMap, HeaderName, HeaderValue};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Tells of the limits that are the caller's own, and of the one that refuses the request, whosever it is.
pub(super) fn tell(headers: &mut HeaderMap, limits: &[LimitStanding]) {
    let (mut policy, mut standing) = (String::with_capacity(64), String::with_capacity(64));
    for limit in limits.iter().filter(|limit| is_told(limit)) {
        let LimitStanding { name, quota, left, full_after, .. } = limit;
        add(&mut policy, name, ["\";q=", ";w="], [quota.count(), quota.seconds()]);
        add(&mut standing, name, ["\";r=", ";t="], [*left, *full_after]);
    }
    for (name, text) in [(POLICY, policy), (LIMIT, standing)] {
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::try_from(text)) {
            headers.insert(name, value);
        }
    }
}

/// Adds an item with two parameters to a list (RFC 9651 section 3.1).
fn add(list: &mut String, name: &str, [first, second]: [&str; 2], [one, two]: [u32; 2]) {
    list.push_str(if list.is_empty() { "\"" } else { ", \"" });
    for part in [name, first, Buffer::new().format(one), second, Buffer::new().format(two)] {
        list.push_str(part);
    }
}

/// How much the others of a tenant ask is no caller's business, unless it keeps the caller waiting.
fn is_told(limit: &LimitStanding) -> bool {
    limit.name != "tenant" || limit.retry_after.is_some()
}

#[cfg(test)]
mod tests {
    use model::Quota;

    use super::*;

    fn standing(name: &'static str, left: u32, retry_after: Option<u32>) -> LimitStanding {
        let quota = Quota::new(60, 30).unwrap();
        LimitStanding { name, quota, left, full_after: 7, retry_after }
    }

    fn told(limits: &[LimitStanding]) -> (Option<String>, Option<String>) {
        let mut headers = HeaderMap::new();
        tell(&mut headers, limits);
        let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
        (text(POLICY), text(LIMIT))
    }

    #[test]
    fn the_callers_own_limits_are_told() {
        let limits =
            [standing("license_key", 59, None), standing("address", 3, None), standing("tenant", 2, None)];
        let (policy, limit) = told(&limits);
        assert_eq!(policy.unwrap(), r#""license_key";q=60;w=30, "address";q=60;w=30"#);
        assert_eq!(limit.unwrap(), r#""license_key";r=59;t=7, "address";r=3;t=7"#);
    }

    #[test]
    fn a_limit_that_refuses_is_told_whosever_it_is() {
        let (policy, limit) = told(&[standing("tenant", 0, Some(2))]);
        assert_eq!(policy.unwrap(), r#""tenant";q=60;w=30"#);
        assert_eq!(limit.unwrap(), r#""tenant";r=0;t=7"#);
        assert_eq!(told(&[]), (None, None));
    }
}
