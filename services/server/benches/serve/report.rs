//! What the benchmark prints.

use std::process::ExitCode;

use crate::load::Load;

/// One row of the table: medians over rounds.
#[derive(Default)]
pub(crate) struct Row {
    name: String,
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
    resident: f64,
    failed: u64,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), resident: f64::NAN, ..Self::default() }
    }

    /// Adds a round: its load, and the processor time that the server used for it.
    pub(crate) fn add(&mut self, load: &Load, cpu: f64) {
        self.rates.push(load.rate());
        self.p50.push(load.quantile(0.5));
        self.p99.push(load.quantile(0.99));
        self.cpu.push(cpu * 1_000.0 / (load.latencies.len() as f64));
        self.failed += load.failed;
    }

    /// Adds a round of which only the rate is known.
    pub(crate) fn add_rate(&mut self, rate: f64) {
        self.rates.push(rate);
    }

    pub(crate) fn resident(&mut self, mib: f64) {
        self.resident = mib;
    }

    pub(crate) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    pub(crate) fn p50(&self) -> f64 {
        median(&self.p50)
    }

    pub(crate) fn p99(&self) -> f64 {
        median(&self.p99)
    }

    /// The median of the ratios of the rounds, so that a noisy round disturbs both sides of one ratio only.
    pub(crate) fn rate_by(&self, reference: &Self) -> f64 {
        ratio(&self.rates, &reference.rates)
    }

    /// The same for the median latencies.
    pub(crate) fn p50_by(&self, reference: &Self) -> f64 {
        ratio(&self.p50, &reference.p50)
    }

    /// The same for the 99th percentiles.
    pub(crate) fn p99_by(&self, reference: &Self) -> f64 {
        ratio(&self.p99, &reference.p99)
    }
}

fn ratio(values: &[f64], references: &[f64]) -> f64 {
    median(&values.iter().zip(references).map(|(value, reference)| value / reference).collect::<Vec<_>>())
}

/// The middle of the values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// All rows, and the figures that have limits.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    figures: Vec<String>,
    broken: usize,
}

impl Report {
    pub(crate) fn row(&mut self, row: Row) {
        if row.failed > 0 {
            self.most(&format!("{}/failed", row.name.replace(' ', "_")), row.failed as f64, "requests", 0.0);
        }
        self.rows.push(row);
    }

    /// A ratio that must be at least this.
    pub(crate) fn least(&mut self, name: &str, value: f64, limit: f64) {
        self.figure(format!("ratio {name} {value:.3} least {limit}"), value >= limit);
    }

    /// A ratio that must be at most this.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, limit: f64) {
        self.figure(format!("ratio {name} {value:.3} limit {limit}"), value <= limit);
    }

    /// A value that must be at most this.
    pub(crate) fn most(&mut self, name: &str, value: f64, unit: &str, limit: f64) {
        self.figure(format!("figure {name} {value:.3} {unit} limit {limit}"), value <= limit);
    }

    fn figure(&mut self, line: String, holds: bool) {
        self.figures.push(line);
        self.broken += usize::from(!holds);
    }

    /// Prints the table and the figures; whether all limits are kept.
    pub(crate) fn print(&self) -> ExitCode {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        let heads =
            ["rate/s", "p50 µs", "p99 µs", "CPU ms/1000", "RSS MiB"].map(|head| format!("{head:>12}"));
        println!("\n{:width$}{}", "", heads.join(""));
        for row in &self.rows {
            let cells = [row.rate(), row.p50(), row.p99(), median(&row.cpu) * 1_000.0, row.resident];
            let cells = cells.map(|cell| match cell {
                cell if cell.is_nan() => format!("{:>12}", "–"),
                cell => format!("{cell:>12.1}"),
            });
            println!("{:width$}{}", row.name, cells.join(""));
        }
        println!();
        for figure in &self.figures {
            println!("{figure}");
        }
        if self.broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
