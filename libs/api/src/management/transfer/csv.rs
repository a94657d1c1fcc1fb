//! CSV (RFC 4180), read strictly and written so that it reads back as it was.

use std::borrow::Cow;

/// The fields of one record, without the line break at its end. White space around a field that is not quoted is left
/// aside; what is quoted is kept byte for byte.
///
/// # Errors
/// What is wrong, in words that complete "the line".
pub(super) fn fields(record: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, &'static str> {
    let mut fields = Vec::new();
    let mut rest = record;
    loop {
        let start = rest.trim_ascii_start();
        let (field, behind) = match start.strip_prefix(b"\"") {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
                let (field, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                if field.contains(&b'"') {
                    return Err("has a quote within a field that does not begin with one");
                }
                (Cow::Borrowed(field.trim_ascii()), behind)
            }
        };
        fields.push(field);
        match behind.split_first() {
            None => return Ok(fields),
            Some((_, behind)) => rest = behind,
        }
    }
}

/// A quoted field, given all behind its first quote, and what is behind it: nothing, or a comma with the next field.
fn unquoted(text: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), &'static str> {
    let mut field: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut rest = text;
    loop {
        let end = rest.iter().position(|byte| *byte == b'"').ok_or("has a quote that is not closed")?;
        let (piece, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        match &mut field {
            Cow::Borrowed([]) => field = Cow::Borrowed(piece),
            some => some.to_mut().extend_from_slice(piece),
        }
        let behind = behind.get(1..).unwrap_or_default();
        match behind.strip_prefix(b"\"") {
            // Two quotes are one that was written.
            Some(more) => {
                field.to_mut().push(b'"');
                rest = more;
            }
            None => {
                let behind = behind.trim_ascii_start();
                if behind.first().is_none_or(|byte| *byte == b',') {
                    return Ok((field, behind));
                }
                return Err("has something behind a quote that is closed");
            }
        }
    }
}

/// Writes one field.
pub(super) fn write_field(text: &str, out: &mut Vec<u8>) {
    let is_plain = !text.contains(['"', ',', '\r', '\n']) && text.trim() == text;
    if is_plain {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(record: &str) -> Result<Vec<String>, &'static str> {
        let fields = fields(record.as_bytes())?;
        Ok(fields.into_iter().map(|field| String::from_utf8(field.into_owned()).unwrap()).collect())
    }

    #[test]
    fn records_are_taken_apart() {
        for (record, expected) in [
            ("", vec![""]),
            (",", vec!["", ""]),
            ("a, b ,c", vec!["a", "b", "c"]),
            ("\"a\",\"\",\"b,c\"", vec!["a", "", "b,c"]),
            ("\" a \" , \"say \"\"no\"\"\"", vec![" a ", "say \"no\""]),
            ("\"\"\"\",\"a\r\nb\"", vec!["\"", "a\r\nb"]),
            ("a,\"b\"", vec!["a", "b"]),
            ("a,", vec!["a", ""]),
        ] {
            assert_eq!(read(record).unwrap(), expected, "{record}");
        }
        for record in ["\"a", "a\"b", "\"a\"b", "\"a\"\"", "x,\"a\" b,c", "\""] {
            assert!(read(record).is_err(), "{record}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let texts = ["", "a", " a", "a ", "a,b", "\"", "\"\"", "a\nb", "\r\n", "=1+1", "ä\u{a0}", "\u{a0}"];
        let mut record = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            if place > 0 {
                record.push(b',');
            }
            write_field(text, &mut record);
        }
        assert_eq!(read(std::str::from_utf8(&record).unwrap()).unwrap(), texts);
    }
}
