//! What commands print: text for people, or one JSON document for scripts.

use std::io::{ErrorKind, Write as _};

use serde_json::Value;

use crate::fault::{Exit, Fault, Result};

/// How a command prints its result.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Output {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
}

impl Output {
    /// Prints the result in the form that was asked for.
    pub(crate) fn print(self, text: impl FnOnce() -> String, json: impl FnOnce() -> Value) -> Result<()> {
        if self.json { say(&format!("{:#}", json())) } else { say(text().trim_end()) }
    }
}

/// Prints a line on standard output. A reader that has gone away ends the command, without a word.
pub(crate) fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Fault::said(Exit::Failed)),
        Err(error) => Err(Fault::failed(format_args!("cannot write to standard output: {error}"))),
    }
}

/// `name  value` lines with the values under each other.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    facts.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// Columns under their headings.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String; N]| {
        let padded: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&headings.map(str::to_owned));
    text.extend(rows.iter().map(line));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["acme".to_owned(), "1".to_owned()], ["a".to_owned(), "22".to_owned()]];
        assert_eq!(table(["SLUG", "N"], &rows), "SLUG  N\nacme  1\na     22\n");
        assert_eq!(facts(&[("id", "7".to_owned()), ("name", "x".to_owned())]), "id    7\nname  x\n");
    }
}
