//! What all imports do alike: lines in, one transaction, a report of those that are refused.

use std::{borrow::Cow, future::Future};

use model::Invalid;
use store::Tx;

use crate::{Error, Licensing};

/// A line of an import file.
#[derive(Debug)]
pub struct Line<T> {
    /// Its number, counted from 1.
    pub number: u64,
    /// What it says, or why it cannot be understood.
    pub content: Result<T, Refusal>,
}

/// Why a line is not brought in. Never contains what the line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The column or member that is wrong, when it is one.
    pub member: Option<&'static str>,
    /// What is wrong with it, in words that complete the name of the member or "the line".
    pub reason: Cow<'static, str>,
}

impl Refusal {
    /// The line as a whole is wrong.
    pub fn whole(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { member: None, reason: reason.into() }
    }

    /// One member is wrong.
    pub fn member(member: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { member: Some(member), reason: reason.into() }
    }

    /// One member breaks a rule.
    #[must_use]
    pub fn invalid(member: &'static str, invalid: Invalid) -> Self {
        Self::member(member, invalid.to_string())
    }
}

/// Where the lines of an import come from.
pub trait ImportLines<T>: Send {
    /// The next lines, some hundred at a time; none at the end.
    ///
    /// # Errors
    /// When they cannot be read.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Line<T>>, Error>> + Send;
}

/// Where the lines that are refused are told, in their order.
pub trait ImportReport: Send {
    /// Tells of one.
    ///
    /// # Errors
    /// When it cannot be written down; then nothing is imported.
    fn refuse(&mut self, line: u64, refusal: &Refusal) -> Result<(), Error>;
}

/// How an import is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportMode {
    /// Bring in nothing when one line is refused.
    pub all_or_nothing: bool,
    /// Bring in nothing in any case, but tell what would become of the lines.
    pub dry_run: bool,
}

/// What is known of the lines before any of them is brought in: how many numbers they need, and which are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCount {
    /// Lines that can be understood and need a new number.
    pub numberless: u32,
    /// The highest number that a line names.
    pub highest: u32,
}

/// What became of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// Whether anything was written: not in a dry run, and not when all or nothing was wanted and a line was refused.
    pub applied: bool,
    /// Lines that made something, or would.
    pub created: u64,
    /// Lines that name what is there already; it was left as it is.
    pub existing: u64,
    /// Lines that are refused.
    pub refused: u64,
}

/// What became of one good line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Created,
    Exists,
    Refused(Refusal),
}

/// What brings in the lines of one kind.
pub(super) trait Importer<T>: Send {
    /// Brings in some lines; gives one outcome for each, in their order.
    fn bring_in(
        &mut self,
        tx: &mut Tx,
        lines: &[T],
    ) -> impl Future<Output = Result<Vec<Outcome>, Error>> + Send;

    /// What is left to do when all lines are in.
    fn finish(&mut self, tx: &mut Tx) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Brings in all lines in one transaction.
pub(super) async fn run<T: Send + Sync>(
    licensing: &Licensing,
    mut tx: Tx,
    importer: &mut impl Importer<T>,
    lines: &mut impl ImportLines<T>,
    report: &mut impl ImportReport,
    mode: ImportMode,
) -> Result<ImportSummary, Error> {
    let mut summary = ImportSummary::default();
    loop {
        let batch = lines.next().await?;
        if batch.is_empty() {
            break;
        }
        let (mut verdicts, mut good) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for Line { number, content } in batch {
            verdicts.push((number, content.map(|line| good.push(line)).err()));
        }
        let mut outcomes = importer.bring_in(&mut tx, &good).await?.into_iter();
        for (number, refusal) in verdicts {
            let outcome = match refusal {
                Some(refusal) => Some(Outcome::Refused(refusal)),
                None => outcomes.next(),
            };
            match outcome.ok_or(Error::Internal("an import lost a line", None))? {
                Outcome::Created => summary.created += 1,
                Outcome::Exists => summary.existing += 1,
                Outcome::Refused(refusal) => {
                    summary.refused += 1;
                    report.refuse(number, &refusal)?;
                }
            }
        }
    }
    let spoiled = mode.all_or_nothing && summary.refused > 0;
    summary.applied = !(mode.dry_run || spoiled);
    if summary.applied {
        importer.finish(&mut tx).await?;
        licensing.commit(tx).await?;
    }
    Ok(summary)
}
