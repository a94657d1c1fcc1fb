//! Reading the tables of mini-key-server, exported as CSV by PostgreSQL, SQLite or a spreadsheet.

use std::collections::HashMap;
use std::io::Read;

use csv::{Reader, ReaderBuilder, StringRecord, Trim};
use licensing::{Ends, ImportLine};
use model::{Fingerprint, LicenseKey, LicenseState, Limit, Memo, Name, PolicyCode, Timestamp};

use super::import_report::Line;
use crate::fault::{Fault, Result};

/// A row of the table of applications.
pub(super) struct Application {
    pub(super) number: u32,
    pub(super) name: Name,
    pub(super) support_message: Option<String>,
}

/// Reads the table of applications.
///
/// # Errors
/// When it cannot be read, or one of its rows is wrong: the keys would have no product.
pub(super) fn applications(input: impl Read) -> Result<Vec<Application>> {
    let mut table = Table::open(input, "applications", &["id", "name"])?;
    let mut applications = Vec::new();
    while let Some((number, row)) = table.next()? {
        let application = row.and_then(|row| {
            let rule = |column| move |rule: model::Invalid| format!("{column} {rule}");
            Ok(Application {
                number: table.required(&row, "id")?.parse().map_err(|_| "id must be a number")?,
                name: Name::parse(table.required(&row, "name")?).map_err(rule("name"))?,
                support_message: table.field(&row, "support_message").map(str::to_owned),
            })
        });
        applications.push(
            application.map_err(|reason| {
                Fault::usage(format_args!("line {number} of the applications: {reason}"))
            })?,
        );
    }
    Ok(applications)
}

/// The table of keys.
pub(super) struct Keys<R>(Table<R>);

impl<R: Read> Keys<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When a column is missing.
    pub(super) fn open(input: R) -> Result<Self> {
        Table::open(input, "keys", &["token", "app_id", "remaining"]).map(Self)
    }

    /// The next key; `policies` has the policy of each application.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub(super) fn next(&mut self, policies: &HashMap<u32, PolicyCode>) -> Result<Option<Line>> {
        let next = self.0.next()?;
        Ok(next.map(|(number, row)| Line { number, content: row.and_then(|row| self.read(&row, policies)) }))
    }

    fn read(&self, row: &StringRecord, policies: &HashMap<u32, PolicyCode>) -> Result<ImportLine, String> {
        let Self(table) = self;
        let rule = |column| move |rule: model::Invalid| format!("{column} {rule}");
        let application: u32 =
            table.required(row, "app_id")?.parse().map_err(|_| "app_id must be a number")?;
        let used: u32 = table
            .field(row, "total_activations")
            .map_or(Ok(0), str::parse)
            .map_err(|_| "total_activations must be a number")?;
        let remaining: i64 =
            table.required(row, "remaining")?.parse().map_err(|_| "remaining must be a number")?;
        let limit = match remaining {
            -1 => Limit::Unlimited,
            _ => {
                let limit = u32::try_from(remaining).ok().and_then(|remaining| remaining.checked_add(used));
                Limit::AtMost(limit.ok_or("remaining must be a count, or -1 for unlimited")?)
            }
        };
        let key = LicenseKey::parse(table.required(row, "token")?).map_err(rule("token"))?;
        let policy = policies.get(&application).cloned();
        let policy = policy.ok_or_else(|| format!("there is no application {application}"))?;
        Ok(ImportLine {
            activation_limit: Some(limit),
            activations_used: used,
            ends: table
                .field(row, "valid_until")
                .map(|text| instant(text).map(Ends::At))
                .transpose()
                .map_err(rule("valid_until"))?,
            state: match table.field(row, "enabled") {
                None => LicenseState::Active,
                Some(text) => state(text).ok_or("enabled must be true or false")?,
            },
            fingerprint: table
                .field(row, "hwid")
                .map(Fingerprint::parse)
                .transpose()
                .map_err(rule("hwid"))?,
            memo: table.field(row, "memo").map(Memo::parse).transpose().map_err(rule("memo"))?,
            ..ImportLine::new(key, policy)
        })
    }
}

/// A CSV file with named columns.
struct Table<R> {
    reader: Reader<R>,
    columns: HashMap<String, usize>,
}

impl<R: Read> Table<R> {
    fn open(input: R, name: &str, wanted: &[&str]) -> Result<Self> {
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(input);
        let headers = reader.headers().map_err(|error| {
            Fault::usage(format_args!("the header of the {name} cannot be read: {}", reason(&error)))
        })?;
        let columns: HashMap<String, usize> = headers
            .iter()
            .enumerate()
            .map(|(place, column)| (column.trim_start_matches('\u{feff}').to_ascii_lowercase(), place))
            .collect();
        match wanted.iter().find(|column| !columns.contains_key(**column)) {
            Some(missing) => Err(Fault::usage(format_args!("the {name} lack the column {missing}"))),
            None => Ok(Self { reader, columns }),
        }
    }

    /// The next row with its line, or why it is not one.
    fn next(&mut self) -> Result<Option<(u64, Result<StringRecord, String>)>> {
        let mut row = StringRecord::new();
        let line = self.reader.position().line();
        match self.reader.read_record(&mut row) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = row.position().map_or(line, csv::Position::line);
                Ok(Some((line, Ok(row))))
            }
            Err(error) if error.is_io_error() => {
                Err(Fault::failed(format_args!("cannot read the file: {}", reason(&error))))
            }
            Err(error) => {
                let line = error.position().map_or(line, csv::Position::line);
                Ok(Some((line, Err(reason(&error).to_owned()))))
            }
        }
    }

    /// A field that is there and not empty.
    fn field<'a>(&self, row: &'a StringRecord, column: &str) -> Option<&'a str> {
        // PostgreSQL writes no value at all as an empty field, and some programs as this word.
        row.get(*self.columns.get(column)?).filter(|text| !text.is_empty() && *text != "NULL")
    }

    fn required<'a>(&self, row: &'a StringRecord, column: &str) -> Result<&'a str, String> {
        self.field(row, column).ok_or_else(|| format!("{column} is empty"))
    }
}

/// Why a record cannot be read, without what it says: that may be a key.
fn reason(error: &csv::Error) -> &'static str {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text",
        csv::ErrorKind::UnequalLengths { .. } => "has another number of fields than the header",
        csv::ErrorKind::Io(_) => "the system could not read it",
        _ => "is not CSV",
    }
}

fn state(enabled: &str) -> Option<LicenseState> {
    match enabled.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" | "yes" => Some(LicenseState::Active),
        "f" | "false" | "0" | "no" => Some(LicenseState::Suspended),
        _ => None,
    }
}

/// Reads an instant as databases write it: `2030-01-01 00:00:00`, with or without fraction and offset; UTC without.
fn instant(text: &str) -> Result<Timestamp, model::Invalid> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let (clock, offset) = match time.find(['+', '-', 'Z']).and_then(|place| time.split_at_checked(place)) {
        Some((clock, "Z")) => (clock, "Z".to_owned()),
        Some((clock, offset)) => {
            let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
            let sign = if offset.starts_with('-') { '-' } else { '+' };
            let padded = format!("{digits:0<4}");
            let (hours, minutes) = padded.split_at_checked(2).unwrap_or(("00", "00"));
            (clock, format!("{sign}{hours}:{minutes}"))
        }
        None => (time, "Z".to_owned()),
    };
    Timestamp::parse(&format!("{date}T{clock}{offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Result<ImportLine, String>)> {
        let policies = HashMap::from([(1, PolicyCode::parse("app").unwrap())]);
        let mut keys = Keys::open(text.as_bytes()).unwrap();
        std::iter::from_fn(|| keys.next(&policies).unwrap()).map(|line| (line.number, line.content)).collect()
    }

    #[test]
    fn instants_of_databases() {
        for (text, expected) in [
            ("2030-01-01 00:00:00", "2030-01-01T00:00:00Z"),
            ("2030-01-01 02:00:00+02", "2030-01-01T00:00:00Z"),
            ("2030-01-01 00:00:00.25-0130", "2030-01-01T01:30:00.25Z"),
            ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
            ("2030-01-01", "2030-01-01T00:00:00Z"),
        ] {
            assert_eq!(instant(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "soon", "2030-13-01 00:00:00", "1900-01-01 00:00:00"] {
            assert!(instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_become_licenses() {
        let lines = read(
            "id,app_id,cutdate,enabled,memo,hwid,remaining,token,total_activations,valid_until\n\
             1,1,,t,\"two\nlines\",HW-1,9,2SZRHXZBNB3GUCHM375FTB8DJ,1,2030-01-01 00:00:00+00\n\
             2,1,,f,,,-1,UNLIMITEDACTIVATIONS00000,,\n",
        );
        let first = lines[0].1.as_ref().unwrap();
        assert_eq!((first.activation_limit, first.activations_used), (Some(Limit::AtMost(10)), 1));
        assert_eq!(first.memo.as_ref().unwrap().as_str(), "two\nlines");
        assert_eq!(first.fingerprint.as_ref().unwrap().as_str(), "HW-1");
        assert_eq!((first.state, first.ends.is_some()), (LicenseState::Active, true));
        let second = lines[1].1.as_ref().unwrap();
        assert_eq!(
            (second.activation_limit, second.state),
            (Some(Limit::Unlimited), LicenseState::Suspended)
        );
        assert!(second.memo.is_none() && second.fingerprint.is_none() && second.ends.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_line() {
        let lines = read(
            "app_id,token,remaining,enabled\n9,GOOD-1,1,t\n1,BAD,1,t\n1,GOOD-2,-2,t\n1,GOOD-3,many,t\n1,GOOD-4,1,maybe\n1,GOOD-5\n1,GOOD-6,1,1\n",
        );
        let reasons: Vec<_> =
            lines.iter().map(|(line, content)| (*line, content.as_ref().err().cloned())).collect();
        let expected = [
            (2, Some("no application 9")),
            (3, Some("token must be")),
            (4, Some("remaining must be a count")),
            (5, Some("remaining must be a number")),
            (6, Some("enabled must be")),
            (7, Some("another number of fields")),
            (8, None),
        ];
        assert_eq!(reasons.len(), expected.len());
        for ((line, reason), (expected_line, words)) in reasons.iter().zip(expected) {
            assert_eq!(*line, expected_line);
            match words {
                None => assert_eq!(*reason, None),
                Some(words) => {
                    assert!(reason.as_ref().is_some_and(|reason| reason.contains(words)), "{reason:?}");
                }
            }
        }
    }

    #[test]
    fn tables_without_their_columns_are_refused() {
        let complaint =
            |text: &str| applications(text.as_bytes()).err().and_then(|fault| fault.message).unwrap();
        assert!(complaint("id\n").contains("lack the column name"));
        assert!(complaint("id,name\nx,App\n").contains("line 2 of the applications: id must be a number"));
        let read = applications("\u{feff}ID,name,support_message,uuid\n1,App,call us,x\n2,B,,\n".as_bytes())
            .unwrap();
        assert_eq!(read[0].support_message.as_deref(), Some("call us"));
        assert_eq!((read[1].number, read[1].support_message.is_none()), (2, true));
    }
}
