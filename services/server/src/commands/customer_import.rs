//! `leasehold customer import`.

use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use csv::{ReaderBuilder, StringRecord, Trim};
use licensing::{Call, Licensing, NewCustomer};
use model::{ClientKey, EmailAddress, Name, Tenant};
use serde_json::json;

use super::{block_on, configure};
use crate::arguments::TenantFlag;
use crate::config::DatabaseFlags;
use crate::fault::{Exit, Fault, Result};
use crate::installation::{Missing, with_installation};
use crate::output::Output;

const COLUMNS: [&str; 4] = ["name", "client_key", "number", "email"];

/// Import customers with their client keys from a CSV file.
///
/// The first line names the columns, in any order: `name` and `client_key`, and where wanted `number` (which old apps
/// are shown) and `email`. A line that cannot be imported is refused with its number and a reason, and the others are
/// imported. Safe to run twice: a client key that is there already is left as it is.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  leasehold customer import customers.csv --tenant acme

Exit codes: 0 every line is imported or was there already · 3 lines were refused.")]
pub(crate) struct Import {
    /// The file.
    file: PathBuf,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

#[derive(Default)]
struct Report {
    created: u64,
    existing: u64,
    refused: Vec<(u64, String)>,
}

impl Import {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let file = File::open(&self.file)
            .map_err(|error| Fault::usage(format_args!("cannot read {}: {error}", self.file.display())))?;
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file);
        let columns =
            columns(reader.headers().map_err(|_| Fault::usage("the file has no readable header"))?)?;
        let report = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            let mut report = Report::default();
            for (row, line) in reader.records().zip(2..) {
                let row = row.map_err(|_| "is not CSV in UTF-8 with as many fields as the header".to_owned());
                match row.and_then(|row| read(&row, &columns)) {
                    Ok(customer) => report.take(line, licensing, &tenant, customer).await?,
                    Err(reason) => report.refused.push((line, reason)),
                }
            }
            Ok(report)
        }))?;
        self.output.print(|| report.text(), || report.json())?;
        if report.refused.is_empty() { Ok(()) } else { Err(Fault::said(Exit::Refused)) }
    }
}

/// The place of each column that is there.
fn columns(header: &StringRecord) -> Result<Vec<&'static str>> {
    let columns: Result<Vec<_>> = header
        .iter()
        .map(|name| {
            let name = name.trim_start_matches('\u{feff}').to_ascii_lowercase();
            COLUMNS.into_iter().find(|column| *column == name).ok_or_else(|| {
                Fault::usage(format_args!(
                    "the file has the unknown column {name:?}; known are {}",
                    COLUMNS.join(", ")
                ))
            })
        })
        .collect();
    let columns = columns?;
    match ["name", "client_key"].into_iter().find(|column| !columns.contains(column)) {
        Some(missing) => Err(Fault::usage(format_args!("the file lacks the column {missing}"))),
        None => Ok(columns),
    }
}

fn read(row: &StringRecord, columns: &[&'static str]) -> Result<NewCustomer, String> {
    let field = |column| {
        let place = columns.iter().position(|name| *name == column);
        place.and_then(|place| row.get(place)).filter(|text| !text.is_empty())
    };
    let rule = |column| move |rule: model::Invalid| format!("{column} {rule}");
    Ok(NewCustomer {
        metadata: model::Metadata::default(),
        name: Name::parse(field("name").unwrap_or_default()).map_err(rule("name"))?,
        email: field("email").map(EmailAddress::parse).transpose().map_err(rule("email"))?,
        number: field("number").map(str::parse).transpose().map_err(|_| "number must be a number")?,
        client_key: Some(
            ClientKey::parse(field("client_key").unwrap_or_default()).map_err(rule("client_key"))?,
        ),
    })
}

impl Report {
    async fn take(
        &mut self,
        line: u64,
        licensing: &Licensing,
        tenant: &Tenant,
        new: NewCustomer,
    ) -> Result<()> {
        if let Some(key) = &new.client_key
            && licensing.customer_by_key(tenant, key).await?.is_some()
        {
            self.existing += 1;
            return Ok(());
        }
        match licensing.create_customer(tenant, &Call::operator(), new).await {
            Ok(_) => self.created += 1,
            Err(licensing::Error::Conflict(reason)) => self.refused.push((line, reason)),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn text(&self) -> String {
        let lines: String =
            self.refused.iter().map(|(line, reason)| format!("line {line}: {reason}\n")).collect();
        let Self { created, existing, refused } = self;
        lines + &format!("{created} imported, {existing} there already, {} refused", refused.len())
    }

    fn json(&self) -> serde_json::Value {
        let lines: Vec<_> =
            self.refused.iter().map(|(line, reason)| json!({ "line": line, "reason": reason })).collect();
        json!({
            "created": self.created,
            "existing": self.existing,
            "refused": self.refused.len(),
            "refused_lines": lines,
        })
    }
}
