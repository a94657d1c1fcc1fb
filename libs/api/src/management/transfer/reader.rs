//! Reading the lines of an import file, one at a time, in memory that does not grow with the file.

use std::{
    borrow::Cow,
    io::{self, BufRead, Read as _, Seek, SeekFrom},
    marker::PhantomData,
};

use licensing::{Line, LineRefusal};
use serde_json::Value;

use super::{
    cells::{Cell, Cells},
    csv,
    format::Format,
    kind::{Column, Kind, Role},
};
use crate::{
    http::json,
    problem::{Fault, Problem},
};

/// The most bytes that a line may have, and all lines of a record of CSV together.
pub(super) const MOST_BYTES: usize = 1024 * 1024;
/// The byte order mark that other programs begin files with.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The lines of a file.
pub(super) struct Reader<K, R> {
    input: R,
    format: Format,
    /// What each field of CSV is; `None` is passed over.
    columns: Vec<Option<&'static str>>,
    /// Physical lines read so far.
    lines: u64,
    /// Bytes read so far.
    position: u64,
    /// The line, or lines, that are being read.
    buffer: Vec<u8>,
    kind: PhantomData<fn() -> K>,
}

/// Why no line of a file is read.
pub(super) enum Broken {
    /// The file is not what it should be.
    Header(Problem),
    /// It cannot be read.
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

enum Physical {
    End,
    Line,
    TooLong,
}

impl<K: Kind, R: BufRead + Seek> Reader<K, R> {
    /// Begins at the start of a file, and reads the header of CSV.
    ///
    /// # Errors
    /// When the header is missing, or its columns are not those of such a file.
    pub(super) fn open(mut input: R, format: Format) -> Result<Self, Broken> {
        input.seek(SeekFrom::Start(0))?;
        let mut reader = Self {
            input,
            format,
            columns: Vec::new(),
            lines: 0,
            position: 0,
            buffer: Vec::new(),
            kind: PhantomData,
        };
        if format == Format::Csv {
            let header = match reader.physical_line()? {
                Physical::Line => csv::fields(reader.record()),
                Physical::End => Err("is empty"),
                Physical::TooLong => Err("is too long"),
            };
            reader.columns =
                header.map_err(String::from).and_then(|names| columns::<K>(&names)).map_err(|reason| {
                    Broken::Header(Problem::new(Fault::MalformedFile).detail(format!("The header {reason}.")))
                })?;
        }
        Ok(reader)
    }

    /// The next line that is not empty, and how many bytes it has.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub(super) fn next(&mut self) -> io::Result<Option<(Line<K::Line>, usize)>> {
        loop {
            self.buffer.clear();
            let number = self.lines + 1;
            let content = match self.physical_line()? {
                Physical::End => return Ok(None),
                Physical::TooLong => Err(LineRefusal::whole(format!("is longer than {MOST_BYTES} bytes"))),
                Physical::Line if self.record().trim_ascii().is_empty() => continue,
                Physical::Line => match self.format {
                    Format::Csv => self.csv_record()?,
                    Format::Ndjson => object::<K>(self.record()),
                },
            };
            let content = content.and_then(|mut cells| K::read(&mut cells));
            return Ok(Some((Line { number, content }, self.buffer.len())));
        }
    }

    /// Reads what is left of a record of CSV whose first line is in the buffer. Where the record is malformed, the lines
    /// behind its first are read as records of their own: a quote that is not closed spoils one line and not the rest of
    /// the file.
    fn csv_record(&mut self) -> io::Result<Result<Cells, LineRefusal>> {
        let (position, lines) = (self.position, self.lines);
        let mut is_whole = has_even_quotes(&self.buffer);
        while !is_whole && self.buffer.len() < MOST_BYTES {
            let before = self.buffer.len();
            match self.physical_line()? {
                Physical::End | Physical::TooLong => break,
                Physical::Line => is_whole = !has_even_quotes(self.buffer.get(before..).unwrap_or_default()),
            }
        }
        let outcome = match csv::fields(self.record()) {
            _ if !is_whole || self.buffer.len() > MOST_BYTES => {
                Err(LineRefusal::whole("has a quote that is not closed"))
            }
            Err(reason) => Err(LineRefusal::whole(reason)),
            Ok(fields) => return Ok(self.cells(&fields)),
        };
        if self.lines > lines {
            self.input.seek(SeekFrom::Start(position))?;
            (self.position, self.lines) = (position, lines);
        }
        Ok(outcome)
    }

    fn cells(&self, fields: &[Cow<'_, [u8]>]) -> Result<Cells, LineRefusal> {
        if fields.len() != self.columns.len() {
            let (found, expected) = (fields.len(), self.columns.len());
            return Err(LineRefusal::whole(format!("has {found} fields where the header has {expected}")));
        }
        let named = self.columns.iter().zip(fields).filter_map(|(column, field)| Some(((*column)?, field)));
        named
            .map(|(column, field)| match std::str::from_utf8(field) {
                Ok(text) => Ok((column, Cell::Text(text.to_owned()))),
                Err(_) => Err(LineRefusal::member(column, "is not UTF-8 text")),
            })
            .collect()
    }

    /// The file, at no particular place.
    pub(super) fn into_input(self) -> R {
        self.input
    }

    /// What is in the buffer, without the line break at its end.
    fn record(&self) -> &[u8] {
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Reads one line behind what is in the buffer.
    fn physical_line(&mut self) -> io::Result<Physical> {
        let before = self.buffer.len();
        let most = MOST_BYTES as u64 + 1;
        let count = self.input.by_ref().take(most).read_until(b'\n', &mut self.buffer)?;
        if count == 0 {
            return Ok(Physical::End);
        }
        self.lines += 1;
        self.position += count as u64;
        if self.lines == 1 && self.buffer.starts_with(MARK) {
            self.buffer.drain(..MARK.len());
        }
        if self.buffer.len() - before > MOST_BYTES {
            if self.buffer.last() != Some(&b'\n') {
                self.position += skip_line(&mut self.input)?;
            }
            return Ok(Physical::TooLong);
        }
        Ok(Physical::Line)
    }
}

/// Goes to the end of the line; gives the number of bytes on the way.
fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    input.skip_until(b'\n').map(|count| count as u64)
}

fn has_even_quotes(text: &[u8]) -> bool {
    text.iter().filter(|byte| **byte == b'"').count() % 2 == 0
}

/// What each field of a header names.
fn columns<K: Kind>(header: &[Cow<'_, [u8]>]) -> Result<Vec<Option<&'static str>>, String> {
    let find = |name: &[u8]| {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        (K::COLUMNS.iter().find(|column| column.name == name), name)
    };
    let found: Vec<_> = header.iter().map(|name| find(name)).collect();
    if found.iter().all(|(column, _)| column.is_none()) {
        return Err(format!("is missing: the first line must name the columns; known are {}", known::<K>()));
    }
    let mut columns: Vec<&Column> = Vec::with_capacity(found.len());
    for (place, (column, name)) in found.iter().enumerate() {
        match column {
            None => {
                let named = speakable(name).map_or_else(|| format!("number {}", place + 1), str::to_owned);
                return Err(format!("has the unknown column {named}; known are {}", known::<K>()));
            }
            Some(column) if columns.iter().any(|other| other.name == column.name) => {
                return Err(format!("has the column {} twice", column.name));
            }
            Some(column) => columns.push(column),
        }
    }
    let is_there = |column: &&Column| columns.iter().any(|there| there.name == column.name);
    match K::COLUMNS.iter().filter(|column| column.is_required()).find(|column| !is_there(column)) {
        Some(missing) => Err(format!("lacks the column {}", missing.name)),
        None => Ok(columns
            .into_iter()
            .map(|column| (column.role != Role::Shown).then_some(column.name))
            .collect()),
    }
}

fn known<K: Kind>() -> String {
    K::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// A name that may be repeated: one that looks like a column and not like a key that went astray.
fn speakable(name: &str) -> Option<&str> {
    let good = (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    good.then_some(name)
}

/// The members of a line that is a JSON object.
fn object<K: Kind>(line: &[u8]) -> Result<Cells, LineRefusal> {
    let members = match json::parse(line) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err(LineRefusal::whole("is not a JSON object")),
        Err(problem) if problem.fault() == Some(Fault::DuplicateMember) => {
            return Err(LineRefusal::whole("is a JSON object that has a member twice"));
        }
        Err(_) => return Err(LineRefusal::whole("is not JSON in UTF-8")),
    };
    let mut cells = Vec::with_capacity(members.len());
    for (name, value) in members {
        match K::COLUMNS.iter().find(|column| column.name == name) {
            Some(column) if column.role == Role::Shown => {}
            Some(column) => cells.push((column.name, Cell::Json(value))),
            None => {
                let named = speakable(&name).unwrap_or("whose name is not repeated here");
                return Err(LineRefusal::whole(format!("has the unknown member {named}")));
            }
        }
    }
    Ok(cells.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::management::transfer::{customers::Customers, licenses::Licenses};

    fn open<K: Kind>(text: &[u8], format: Format) -> Result<Reader<K, Cursor<Vec<u8>>>, String> {
        Reader::open(Cursor::new(text.to_vec()), format).map_err(|broken| match broken {
            Broken::Header(problem) => problem.sentence(),
            Broken::Io(error) => error.to_string(),
        })
    }

    /// The numbers of lines, with what they say or why not.
    fn read(text: &[u8], format: Format) -> Vec<(u64, String)> {
        let mut reader = open::<Customers>(text, format).unwrap();
        let lines = std::iter::from_fn(|| reader.next().unwrap());
        let told = |line: Line<licensing::CustomerLine>| match line.content {
            Ok(customer) => customer.name.to_string(),
            Err(LineRefusal { member: Some(member), reason }) => format!("! {member} {reason}"),
            Err(LineRefusal { member: None, reason }) => format!("! {reason}"),
        };
        lines.map(|(line, _)| (line.number, told(line))).collect()
    }

    fn csv(lines: &str) -> Vec<(u64, String)> {
        read(format!("name,client_key\n{lines}").as_bytes(), Format::Csv)
    }

    fn told(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
        expected.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
    }

    #[test]
    fn marks_line_ends_and_empty_lines_are_no_fault() {
        let text =
            b"\xEF\xBB\xBFName, client_key ,id\r\nA,AAAA,7\r\n\r\n \"B, \"\"b\"\"\" , BBBB,\r\nC,CCCC,";
        assert_eq!(read(text, Format::Csv), told(&[(2, "A"), (4, "B, \"b\""), (5, "C")]));
        let text = b"\xEF\xBB\xBF{\"name\":\"A\",\"client_key\":\"AAAA\",\"id\":1}\r\n\n{\"client_key\":\"BBBB\",\"name\":\"B\"}";
        assert_eq!(read(text, Format::Ndjson), told(&[(1, "A"), (3, "B")]));
        assert_eq!(csv(""), []);
        assert_eq!(read(b"", Format::Ndjson), []);
    }

    #[test]
    fn a_quoted_field_may_have_line_breaks_and_a_quote_that_is_not_closed_spoils_one_line() {
        let text = "name,client_key,metadata\nA,AAAA,\"{\"\"a\"\":\n\n\"\"b\"\"}\"\nB,BBBB,\n";
        assert_eq!(read(text.as_bytes(), Format::Csv), told(&[(2, "A"), (5, "B")]));
        assert_eq!(
            csv("\"A,AAAA\nB,BBBB\nC,CCCC\n"),
            told(&[(2, "! has a quote that is not closed"), (3, "B"), (4, "C")])
        );
        assert_eq!(
            csv("\"A,AAAA\nB,BBBB\nC\",CCCC\nD,DDDD"),
            told(&[
                (2, "! name must be 1 to 200 characters without control characters, not only white space"),
                (5, "D")
            ])
        );
        let far = format!("\"A,AAAA\n{}", "B,BBBB\n".repeat(MOST_BYTES / 7 + 10));
        let lines = csv(&far);
        assert_eq!(lines[0], (2, "! has a quote that is not closed".to_owned()));
        assert_eq!(lines.len(), MOST_BYTES / 7 + 11);
    }

    #[test]
    fn a_bad_line_is_refused_and_the_next_one_read() {
        for (line, expected) in [
            ("A", "! has 1 fields where the header has 2"),
            ("A,B,C", "! has 3 fields where the header has 2"),
            (",AAAA", "! name is missing"),
            ("A,a b", "! client_key must be 4 to 64 letters, digits, dots, underscores and hyphens"),
            ("A\"B,AAAA\"", "! has a quote within a field that does not begin with one"),
        ] {
            assert_eq!(csv(&format!("{line}\nB,BBBB")), told(&[(2, expected), (3, "B")]), "{line}");
        }
        let text = b"name,client_key\nA\xFF,AAAA\nB,BBBB\n";
        assert_eq!(read(text, Format::Csv), told(&[(2, "! name is not UTF-8 text"), (3, "B")]));
        let long = format!("{},AAAA\nB,BBBB\n", "x".repeat(3 * MOST_BYTES));
        assert_eq!(csv(&long), told(&[(2, "! is longer than 1048576 bytes"), (3, "B")]));
        for (line, expected) in [
            (&b"[]"[..], "! is not a JSON object"),
            (b"{\"name\":\"\xFF\"}", "! is not JSON in UTF-8"),
            (b"{\"name\":\"A\",\"name\":\"A\"}", "! is a JSON object that has a member twice"),
            (b"{\"color\":1}", "! has the unknown member color"),
            (b"{\"ABCD-EFGH-1234\":1}", "! has the unknown member whose name is not repeated here"),
            (b"{\"name\":1,\"client_key\":\"AAAA\"}", "! name must be a text"),
            (b"{\"name\":null,\"client_key\":\"AAAA\"}", "! name must be a text"),
            (b"{\"name\":\"A\",\"client_key\":\"AAAA\",\"number\":1.5}", "! number must be a whole number"),
            (
                b"{\"name\":\"A\",\"client_key\":\"AAAA\",\"number\":0}",
                "! number must be a whole number from 1 to 2147483647",
            ),
        ] {
            let text = [line, b"\n{\"name\":\"B\",\"client_key\":\"BBBB\"}"].concat();
            assert_eq!(read(&text, Format::Ndjson), told(&[(1, expected), (2, "B")]), "{expected}");
        }
    }

    #[test]
    fn a_header_of_another_file_is_refused_without_repeating_keys() {
        let refused = |text: &str| open::<Licenses>(text.as_bytes(), Format::Csv).err().unwrap();
        assert!(refused("").contains("The header is empty."));
        assert!(refused("ABCD-EFGH,standard\n").contains("The header is missing"));
        assert!(!refused("ABCD-EFGH,standard\n").contains("ABCD"));
        assert!(refused("key\n").contains("lacks the column policy"));
        assert!(refused("key,policy,color\n").contains("the unknown column color;"));
        assert!(refused("key,policy,ABCD-EFGH\n").contains("the unknown column number 3;"));
        assert!(refused("key,policy,Key\n").contains("has the column key twice"));
        assert!(refused("\"key,policy\n").contains("has a quote that is not closed"));
    }
}
