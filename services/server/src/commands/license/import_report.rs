//! What an import does with its lines, and what it says of them.

use std::fs::File;
use std::io::IsTerminal as _;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use licensing::{Call, ImportLine, Imported, Licensing};
use model::Tenant;
use serde_json::json;

use crate::fault::{Exit, Fault, Result};
use crate::output::Output;

/// Lines in one transaction.
const BATCH: usize = 500;
/// Refused lines that are kept for the output; --report has them all.
const KEPT: usize = 1_000;
/// Refused lines that are shown as text.
const SHOWN: usize = 20;

/// A line of a file.
pub(super) struct Line {
    /// Its number, counted from 1 with the header.
    pub(super) number: u64,
    /// What it says, or why it is refused.
    pub(super) content: Result<ImportLine, String>,
}

/// Shows how much of the file is read, when there is somebody to look.
pub(super) fn progress(file: &File) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(file.metadata().map_or(0, |file| file.len()));
    match ProgressStyle::with_template("{bar:40} {percent} %  {bytes} of {total_bytes}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// What became of a line.
type Outcome = (u64, Imported);

/// Imports a batch; the outcomes are in the order of the lines.
async fn import(licensing: &Licensing, tenant: &Tenant, batch: Vec<Line>) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(batch.len());
    let (mut numbers, mut lines) = (Vec::new(), Vec::new());
    for Line { number, content } in batch {
        match content {
            Ok(line) => {
                numbers.push(number);
                lines.push(line);
            }
            Err(reason) => outcomes.push((number, Imported::Refused(reason))),
        }
    }
    if !lines.is_empty() {
        outcomes.extend(
            numbers.into_iter().zip(licensing.import_licenses(tenant, &Call::operator(), lines).await?),
        );
        outcomes.sort_by_key(|(number, _)| *number);
    }
    Ok(outcomes)
}

/// What became of the file.
pub(super) struct Report {
    created: u64,
    existing: u64,
    refused: u64,
    kept: Vec<(u64, String)>,
    file: Option<csv::Writer<File>>,
}

impl Report {
    pub(super) fn open(path: Option<&Path>) -> Result<Self> {
        let file = path
            .map(|path| {
                let mut writer = csv::Writer::from_path(path).map_err(cannot_report)?;
                writer.write_record(["line", "reason"]).map_err(cannot_report)?;
                Ok::<_, Fault>(writer)
            })
            .transpose()?;
        Ok(Self { created: 0, existing: 0, refused: 0, kept: Vec::new(), file })
    }

    /// Imports lines in batches, as `next` gives them.
    ///
    /// # Errors
    /// Those of the file and of the database; the batches before that are imported.
    pub(super) async fn bring_in(
        &mut self,
        licensing: &Licensing,
        tenant: &Tenant,
        mut next: impl FnMut() -> Result<Option<Line>>,
    ) -> Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let line = next()?;
            let is_last = line.is_none();
            batch.extend(line);
            if batch.len() == BATCH || is_last {
                self.take(import(licensing, tenant, batch.split_off(0)).await?)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Prints what became of the file; `done` is how the import ended.
    ///
    /// # Errors
    /// When it broke off, or lines were refused.
    pub(super) fn conclude(mut self, done: Result<()>, output: Output) -> Result<()> {
        self.finish()?;
        done.map_err(|fault| self.interrupted(fault))?;
        output.print(|| self.text(), || self.json())?;
        if self.refused == 0 { Ok(()) } else { Err(Fault::said(Exit::Refused)) }
    }

    fn take(&mut self, outcomes: Vec<Outcome>) -> Result<()> {
        for (number, outcome) in outcomes {
            match outcome {
                Imported::Created => self.created += 1,
                Imported::Exists => self.existing += 1,
                Imported::Refused(reason) => {
                    self.refused += 1;
                    if let Some(file) = &mut self.file {
                        file.write_record([&number.to_string(), &reason]).map_err(cannot_report)?;
                    }
                    if self.kept.len() < KEPT {
                        self.kept.push((number, reason));
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.file.as_mut().map_or(Ok(()), csv::Writer::flush).map_err(cannot_report)
    }

    fn interrupted(&self, fault: Fault) -> Fault {
        let done = self.created;
        let message = fault.message.map(|message| match done {
            0 => message,
            _ => format!("{message}; {done} licenses were imported before that, and running it again brings in the rest"),
        });
        Fault { message, ..fault }
    }

    fn text(&self) -> String {
        let mut text: String = self
            .kept
            .iter()
            .take(SHOWN)
            .map(|(number, reason)| format!("line {number}: {reason}\n"))
            .collect();
        let hidden = self.refused.saturating_sub(SHOWN as u64);
        if hidden > 0 {
            let hint =
                if self.file.is_some() { "all are in the report" } else { "--report FILE lists them all" };
            text.push_str(&format!("and {hidden} more; {hint}\n"));
        }
        let Self { created, existing, refused, .. } = self;
        text + &format!("{created} imported, {existing} there already, {refused} refused")
    }

    fn json(&self) -> serde_json::Value {
        let lines: Vec<_> =
            self.kept.iter().map(|(line, reason)| json!({ "line": line, "reason": reason })).collect();
        json!({ "created": self.created, "existing": self.existing, "refused": self.refused, "refused_lines": lines })
    }
}

fn cannot_report(error: impl std::fmt::Display) -> Fault {
    Fault::failed(format_args!("cannot write the report: {error}"))
}
