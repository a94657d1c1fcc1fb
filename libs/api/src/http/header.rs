//! Reading headers that may be sent only once.

use poem::http::{HeaderMap, HeaderName};

use crate::problem::{Fault, Problem};

/// The value of a header, `None` when it was not sent.
///
/// # Errors
/// When it was sent more than once, or is not visible ASCII: guessing which value counts would let two programs on
/// the way see two different requests.
pub(crate) fn once<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let bad = |what: &str| Err(Problem::new(Fault::BadHeader).detail(format!("The header {name} {what}.")));
    if values.next().is_some() {
        return bad("was sent more than once");
    }
    value.to_str().map_or_else(|_| bad("must be visible ASCII"), |text| Ok(Some(text)))
}
