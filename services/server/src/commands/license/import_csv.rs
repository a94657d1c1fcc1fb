//! Reading the lines of an import file, one at a time.

use std::io::{BufRead, Read as _};

use csv::{ByteRecord, ReaderBuilder, Trim};
use licensing::{Ends, ImportLine};
use model::{ClientKey, Fingerprint, LicenseKey, LicenseState, Limit, Memo, PolicyCode, Timestamp};

use super::import_report::Line;
use crate::arguments::limit;
use crate::fault::{Fault, Result};

const COLUMNS: [&str; 10] = [
    "key",
    "policy",
    "customer",
    "seats",
    "activation_limit",
    "activations_used",
    "expires_at",
    "state",
    "fingerprint",
    "memo",
];
const REQUIRED: [&str; 2] = ["key", "policy"];
/// Far more than the columns need.
const MOST_BYTES: u64 = 16 * 1024;

/// The lines of an import file. A line of the file is a record, so that a quote that is never closed spoils one line
/// and not the rest of the file; the price is that a memo cannot be imported with line breaks in it.
pub(super) struct Lines<R> {
    input: R,
    columns: Vec<&'static str>,
    number: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is missing, or its columns are not those of an import file.
    pub(super) fn open(input: R) -> Result<Self> {
        let mut lines = Self { input, columns: Vec::new(), number: 0, buffer: Vec::new() };
        let header = match lines.read_line()? {
            Some(Ok(())) => record(lines.buffer.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&lines.buffer)),
            Some(Err(reason)) => Err(reason),
            None => Err("is empty".to_owned()),
        };
        let header =
            header.map_err(|reason| Fault::usage(format_args!("the header of the file {reason}")))?;
        for name in &header {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            let Some(column) = COLUMNS.into_iter().find(|column| *column == name) else {
                let known = COLUMNS.join(", ");
                return Err(Fault::usage(format_args!(
                    "the file has the unknown column {name:?}; known are {known}"
                )));
            };
            if lines.columns.contains(&column) {
                return Err(Fault::usage(format_args!("the file has the column {column} twice")));
            }
            lines.columns.push(column);
        }
        match REQUIRED.into_iter().find(|column| !lines.columns.contains(column)) {
            Some(missing) => Err(Fault::usage(format_args!("the file lacks the column {missing}"))),
            None => Ok(lines),
        }
    }

    /// The next line that is not empty.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        loop {
            let content = match self.read_line()? {
                None => return Ok(None),
                Some(Err(reason)) => Err(reason),
                Some(Ok(())) if self.buffer.trim_ascii().is_empty() => continue,
                Some(Ok(())) => record(&self.buffer).and_then(|record| self.parse(&record)),
            };
            return Ok(Some(Line { number: self.number, content }));
        }
    }

    /// Reads a line into the buffer; `None` at the end of the file.
    fn read_line(&mut self) -> Result<Option<Result<(), String>>> {
        self.number += 1;
        self.buffer.clear();
        let broken = |error: std::io::Error| Fault::failed(format_args!("cannot read the file: {error}"));
        if self.input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut self.buffer).map_err(broken)? == 0 {
            return Ok(None);
        }
        if self.buffer.len() as u64 == MOST_BYTES && self.buffer.last() != Some(&b'\n') {
            self.input.skip_until(b'\n').map_err(broken)?;
            return Ok(Some(Err(format!("is longer than {MOST_BYTES} bytes"))));
        }
        Ok(Some(Ok(())))
    }

    fn parse(&self, record: &ByteRecord) -> Result<ImportLine, String> {
        if record.len() != self.columns.len() {
            return Err(format!("has {} fields where the header has {}", record.len(), self.columns.len()));
        }
        let mut fields = Fields::default();
        for (column, value) in self.columns.iter().zip(record) {
            let value = std::str::from_utf8(value).map_err(|_| format!("{column} is not UTF-8 text"))?;
            if !value.is_empty() {
                fields.set(column, value).map_err(|rule| format!("{column} {rule}"))?;
            }
        }
        fields.finish()
    }
}

/// Takes a line apart.
fn record(line: &[u8]) -> Result<ByteRecord, String> {
    if line.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err("has a quote that is not closed".to_owned());
    }
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .buffer_capacity(1024)
        .from_reader(line);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(|_| "is not CSV".to_owned())?;
    Ok(record)
}

#[derive(Default)]
struct Fields {
    key: Option<LicenseKey>,
    policy: Option<PolicyCode>,
    customer: Option<ClientKey>,
    seats: Option<Limit>,
    activation_limit: Option<Limit>,
    activations_used: Option<u32>,
    expires_at: Option<Timestamp>,
    state: Option<LicenseState>,
    fingerprint: Option<Fingerprint>,
    memo: Option<Memo>,
}

impl Fields {
    fn set(&mut self, column: &str, value: &str) -> Result<(), String> {
        let rule = |rule: model::Invalid| rule.to_string();
        match column {
            "key" => self.key = Some(LicenseKey::parse(value).map_err(rule)?),
            "policy" => self.policy = Some(PolicyCode::parse(value).map_err(rule)?),
            "customer" => self.customer = Some(ClientKey::parse(value).map_err(rule)?),
            "seats" => self.seats = Some(limit(value)?),
            "activation_limit" => self.activation_limit = Some(limit(value)?),
            "activations_used" => {
                self.activations_used = Some(value.parse().map_err(|_| "must be a number")?);
            }
            "expires_at" => self.expires_at = Some(Timestamp::parse(value).map_err(rule)?),
            "state" => self.state = Some(LicenseState::from_code(value).map_err(rule)?),
            "fingerprint" => self.fingerprint = Some(Fingerprint::parse(value).map_err(rule)?),
            "memo" => self.memo = Some(Memo::parse(value).map_err(rule)?),
            _ => return Err("is not known".to_owned()),
        }
        Ok(())
    }

    fn finish(self) -> Result<ImportLine, String> {
        let (key, policy) = (self.key.ok_or("key is empty")?, self.policy.ok_or("policy is empty")?);
        Ok(ImportLine {
            customer: self.customer,
            seats: self.seats,
            activation_limit: self.activation_limit,
            activations_used: self.activations_used.unwrap_or(0),
            ends: self.expires_at.map(Ends::At),
            state: self.state.unwrap_or(LicenseState::Active),
            fingerprint: self.fingerprint,
            memo: self.memo,
            ..ImportLine::new(key, policy)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<(u64, Result<ImportLine, String>)> {
        let mut lines = Lines::open(text).unwrap();
        std::iter::from_fn(|| lines.next().unwrap()).map(|line| (line.number, line.content)).collect()
    }

    fn refusal(line: &[u8]) -> String {
        let header = b"key,policy,seats,activations_used,expires_at,state,customer\n".as_slice();
        let (number, content) = read(&[header, line].concat()).pop().unwrap();
        assert_eq!(number, 2);
        content.err().unwrap()
    }

    #[test]
    fn marks_line_ends_and_quotes_of_other_programs_are_read() {
        let lines = read(
            b"\xEF\xBB\xBFPolicy, key ,seats,activation_limit\r\n\
              basic,\"AB, \"\"CD\"\"\",-1,unlimited\r\n\r\nbasic,EFGH,,\r\n",
        );
        assert_eq!(lines.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 4]);
        let first = lines[0].1.as_ref().unwrap();
        assert_eq!(first.key.reveal(), "AB, \"CD\"");
        assert_eq!((first.seats, first.activation_limit), (Some(Limit::Unlimited), Some(Limit::Unlimited)));
        let second = lines[1].1.as_ref().unwrap();
        assert_eq!((second.seats, second.activations_used, second.state), (None, 0, LicenseState::Active));
    }

    #[test]
    fn a_bad_line_is_refused_and_the_next_one_read() {
        assert!(refusal(b"AB\xFFCD,basic,,,,,").contains("key is not UTF-8"));
        assert!(refusal(b"ABCD,basic").contains("has 2 fields where the header has 7"));
        assert!(refusal(b"ABCD,,,,,,").contains("policy is empty"));
        assert!(refusal(b"ABCD,basic,many,,,,").contains("seats must be a number"));
        assert!(refusal(b"ABCD,basic,,-1,,,").contains("activations_used must be a number"));
        assert!(refusal(b"ABCD,basic,,,2030,,").contains("expires_at must be an RFC 3339"));
        assert!(refusal(b"ABCD,basic,,,,gone,").contains("state must be active"));
        assert!(refusal(b"\"ABCD,basic,,,,,").contains("quote that is not closed"));
        let long = [b"key,policy\n".as_slice(), &b"x".repeat(40_000), b"\nABCD,basic\n"].concat();
        let lines = read(&long);
        assert!(lines[0].1.as_ref().err().unwrap().contains("longer than"));
        assert_eq!((lines[1].0, lines[1].1.is_ok()), (3, true));
    }

    #[test]
    fn a_header_of_another_file_is_refused() {
        let complaint = |text: &[u8]| Lines::open(text).err().and_then(|fault| fault.message).unwrap();
        assert!(complaint(b"").contains("is empty"));
        assert!(complaint(b"key\n").contains("lacks the column policy"));
        assert!(complaint(b"key,policy,color\n").contains("unknown column \"color\""));
        assert!(complaint(b"key,policy,key\n").contains("the column key twice"));
    }
}
