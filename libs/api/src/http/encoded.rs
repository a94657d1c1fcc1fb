//! Names and values as forms and query strings write them.

use crate::problem::{Fault, Problem};

/// The names and values of a form or a query string, in the order in which they were sent
/// (`application/x-www-form-urlencoded`, URL Standard section 5.1).
///
/// # Errors
/// When a `%` is not followed by two hexadecimal digits, or the outcome is not UTF-8: the standard would have both
/// guessed at.
pub(crate) fn pairs(text: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    text.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let mut next = || decoded(parts.next().unwrap_or_default());
            Some((next()?, next()?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Problem::new(Fault::BadRequest).detail("A parameter is not URL-encoded UTF-8."))
}

fn decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_in_order() {
        let found = pairs(b"a=1&b=x+y&&c=%c3%A4%26%3D&a=2&empty=&bare&d=1=2").unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let expected =
            [("a", "1"), ("b", "x y"), ("c", "ä&="), ("a", "2"), ("empty", ""), ("bare", ""), ("d", "1=2")];
        assert_eq!(found, expected);
        assert_eq!(pairs(b"").unwrap(), []);
    }

    #[test]
    fn nothing_is_guessed() {
        for bad in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%+1", b"%ff=1", b"a=%c3", b"a=\xff", b"ok=1&a=%e4"] {
            assert_eq!(pairs(bad).unwrap_err().to_string(), "bad_request", "{bad:?}");
        }
    }
}
