//! `cargo xtask bench`: runs the benchmarks and compares their figures with the limits.
//!
//! A benchmark prints its figures on standard output, one per line:
//! `ratio <name> <value> limit <limit>` or `figure <name> <value> <unit> limit <limit>`, where the value is at most the
//! limit, or with `least` in the place of `limit`, where it is at least that.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::context::Context;
use crate::run::{Lines, run_reading};
use crate::services::Services;

/// The benchmarks, in order, as arguments of `cargo bench`.
const BENCHES: &[(&str, &[&str])] = &[
    ("lease", &["--package", "leasehold-lease", "--features", "sign", "--bench", "lease"]),
    ("lookup", &["--package", "leasehold-store", "--bench", "lookup"]),
    ("import", &["--package", "leasehold-server", "--bench", "import"]),
    ("management", &["--package", "leasehold-store", "--bench", "management"]),
    ("startup", &["--package", "leasehold-server", "--bench", "startup"]),
    ("serve", &["--package", "leasehold-server", "--bench", "serve"]),
];

/// One measured value and what it may be.
#[derive(Debug, PartialEq)]
struct Figure {
    name: String,
    value: f64,
    unit: String,
    bound: Bound,
}

/// The values that are good.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

impl Figure {
    fn holds(&self) -> bool {
        // Also false when the value is not a number.
        match self.bound {
            Bound::AtMost(limit) => self.value <= limit,
            Bound::AtLeast(limit) => self.value >= limit,
        }
    }
}

/// Runs all benchmarks, which cargo builds (and the server with them) as for a release, and prints one table of their figures.
///
/// # Errors
///
/// A benchmark that fails, or prints no figure; figures beyond their limits end in a failure code.
pub(crate) fn bench(context: &Context, quick: bool) -> Result<ExitCode> {
    let mut services = Services::start(&context.interrupt)?;
    println!("{}", services.versions());
    let mut figures = Vec::new();
    for (name, arguments) in BENCHES {
        println!("\n== bench {name}");
        let mut command = context.cargo();
        command.arg("bench").args(*arguments).envs(services.environment());
        if quick {
            command.args(["--", "--quick"]);
        }
        let (lines, ended) = run_reading(&context.interrupt, &mut command, Lines::Show)?;
        ended.with_context(|| format!("bench {name} failed"))?;
        services.check()?;
        let before = figures.len();
        for line in &lines {
            figures.extend(parse(line).with_context(|| format!("bench {name}"))?);
        }
        if figures.len() == before {
            bail!("bench {name} printed no figure");
        }
    }
    println!("\n{}", table(&figures));
    let beyond = figures.iter().filter(|figure| !figure.holds()).count();
    if beyond > 0 {
        println!("cargo xtask bench: FAILED, {beyond} of {} figures beyond their limits", figures.len());
        return Ok(ExitCode::FAILURE);
    }
    println!("cargo xtask bench: OK, {} figures within their limits", figures.len());
    Ok(ExitCode::SUCCESS)
}

/// Reads a line of figures; other lines are none.
fn parse(line: &str) -> Result<Option<Figure>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (name, value, unit, word, limit) = match words.as_slice() {
        ["ratio", name, value, word @ ("limit" | "least"), limit] => (name, value, "×", word, limit),
        ["figure", name, value, unit, word @ ("limit" | "least"), limit] => (name, value, *unit, word, limit),
        ["ratio" | "figure", ..] => bail!("the line `{line}` is not of the agreed form"),
        _ => return Ok(None),
    };
    let number =
        |text: &str| text.parse::<f64>().with_context(|| format!("`{text}` in `{line}` is not a number"));
    let limit = number(limit)?;
    Ok(Some(Figure {
        name: (*name).to_owned(),
        value: number(value)?,
        unit: unit.to_owned(),
        bound: if *word == "least" { Bound::AtLeast(limit) } else { Bound::AtMost(limit) },
    }))
}

fn table(figures: &[Figure]) -> String {
    let width = figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!("{:width$}  {:>14}  {:>16}  {:6}\n", "name", "value", "limit", "");
    for figure in figures {
        let Figure { name, value, unit, bound } = figure;
        let verdict = match bound {
            _ if figure.holds() => "ok",
            Bound::AtMost(_) => "OVER",
            Bound::AtLeast(_) => "UNDER",
        };
        let value = format!("{value:.3} {unit}");
        let limit = match bound {
            Bound::AtMost(limit) => format!("≤ {limit:.3} {unit}"),
            Bound::AtLeast(limit) => format!("≥ {limit:.3} {unit}"),
        };
        text += &format!("{name:width$}  {value:>14}  {limit:>16}  {verdict}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, bound: Bound) -> Figure {
        Figure { name: "sign".to_owned(), value, unit: "ms".to_owned(), bound }
    }

    #[test]
    fn all_forms_of_lines_are_read() {
        let ratio = parse("ratio verify/strict 1.07 limit 1.3").unwrap().unwrap();
        assert_eq!(
            (ratio.name.as_str(), ratio.value, ratio.bound),
            ("verify/strict", 1.07, Bound::AtMost(1.3))
        );
        let ratio = parse("ratio validate 0.61 least 0.5").unwrap().unwrap();
        assert_eq!((ratio.value, ratio.bound), (0.61, Bound::AtLeast(0.5)));
        let at_most = figure(12.5, Bound::AtMost(300.0));
        assert_eq!(parse("figure sign 12.5 ms limit 300").unwrap(), Some(at_most));
        let at_least = figure(12.5, Bound::AtLeast(3.0));
        assert_eq!(parse("figure sign 12.5 ms least 3").unwrap(), Some(at_least));
    }

    #[test]
    fn other_lines_are_passed_over() {
        for line in ["", "Benchmarking sign: Warming up", "the ratio is fine", "ratios a 1 limit 2"] {
            assert_eq!(parse(line).unwrap(), None, "{line}");
        }
    }

    #[test]
    fn a_broken_figure_is_an_error_and_not_passed_over() {
        for line in [
            "ratio sign 1.2",
            "ratio sign fast limit 2",
            "ratio sign 1 least most",
            "ratio sign 1 about 2",
            "figure sign 1 ms limit",
            "figure sign 1 limit 2",
            "figure sign 1 least 2",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn limits_are_inclusive_and_nonsense_is_beyond_them() {
        assert!(figure(1.3, Bound::AtMost(1.3)).holds());
        assert!(!figure(1.31, Bound::AtMost(1.3)).holds());
        assert!(figure(0.5, Bound::AtLeast(0.5)).holds());
        assert!(!figure(0.49, Bound::AtLeast(0.5)).holds());
        assert!(!figure(f64::NAN, Bound::AtMost(1.3)).holds());
        assert!(!figure(f64::NAN, Bound::AtLeast(1.3)).holds());
        let table = |value, bound| table(&[figure(value, bound)]);
        assert!(table(2.0, Bound::AtMost(1.0)).contains("OVER"));
        assert!(table(2.0, Bound::AtLeast(3.0)).contains("UNDER"));
        assert!(table(2.0, Bound::AtLeast(1.0)).contains("ok"));
    }
}
