//! `leasehold license import-mini-key-server`.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use licensing::{Call, Licensing, NewPolicy, NewProduct};
use model::{KeyFormat, Limit, Name, PolicyCode, PolicyRules, ProductCode, Tenant};

use super::import_report::{Report, progress};
use super::mini_key_server_csv::{Application, Keys, applications};
use crate::arguments::TenantFlag;
use crate::commands::{block_on, configure};
use crate::config::DatabaseFlags;
use crate::fault::{Fault, Result};
use crate::installation::{Missing, with_installation};
use crate::output::Output;

/// Import applications and keys from the tables of mini-key-server, exported as CSV.
///
/// Each application becomes a product with the same number and support message, and a perpetual policy with any
/// number of seats; each key a license with its token, remaining activations, memo, hwid and expiry. A key that is not
/// enabled is suspended. Columns that are not needed are passed over.
///
/// A line that cannot be imported is refused with its number and a reason, and the others are imported. Safe to run
/// twice: what is there already is left as it is.
#[derive(Args, Debug)]
#[command(after_help = "\
Example, with the tables in PostgreSQL:
  psql keyserver -c '\\copy application to application.csv csv header'
  psql keyserver -c '\\copy key to key.csv csv header'
  leasehold license import-mini-key-server application.csv key.csv --tenant acme

Exit codes: 0 every line is imported or was there already · 3 lines were refused · 1 and others: it did not run to its \
end; run it again.")]
pub(crate) struct ImportMiniKeyServer {
    /// The table of applications: id, name, `support_message`.
    applications: PathBuf,
    /// The table of keys: `app_id`, token, remaining, enabled, and where there are any `total_activations`, memo, hwid,
    /// `valid_until`.
    keys: PathBuf,
    /// Write the refused lines of the table of keys to this CSV file: line, reason.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl ImportMiniKeyServer {
    pub(super) fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let applications = applications(BufReader::new(open(&self.applications)?))?;
        let file = open(&self.keys)?;
        let bar = progress(&file);
        let mut keys = Keys::open(BufReader::new(bar.wrap_read(file)))?;
        let mut report = Report::open(self.report.as_deref())?;
        let done = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            let mut policies = HashMap::new();
            for application in applications {
                let number = application.number;
                policies.insert(number, product(licensing, &tenant, application).await?);
            }
            report.bring_in(licensing, &tenant, || keys.next(&policies)).await
        }));
        bar.finish_and_clear();
        report.conclude(done, self.output)
    }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| Fault::usage(format_args!("cannot read {}: {error}", path.display())))
}

/// Makes the product of an application and its policy, unless they are there; gives the code of the policy.
async fn product(licensing: &Licensing, tenant: &Tenant, application: Application) -> Result<PolicyCode> {
    let call = Call::operator();
    let number = application.number;
    let product = match licensing.product_by_number(tenant, number).await? {
        Some(product) => product,
        None => {
            let code = free_code(licensing, tenant, &application).await?;
            let new = NewProduct {
                metadata: model::Metadata::default(),
                code,
                name: application.name,
                number: Some(number),
                support_message: application.support_message,
                product_key: None,
                key_format: KeyFormat::default(),
            };
            licensing.create_product(tenant, &call, new).await?
        }
    };
    let good = |rule: model::Invalid| Fault::failed(format_args!("the code of application {number} {rule}"));
    let code = PolicyCode::parse(product.code.as_str()).map_err(good)?;
    let rules = PolicyRules { seats: Limit::Unlimited, ..PolicyRules::default() };
    let new = NewPolicy {
        product: product.code,
        code: code.clone(),
        name: product.name,
        rules,
        metadata: model::Metadata::default(),
    };
    match licensing.create_policy(tenant, &call, new).await {
        Ok(_) | Err(licensing::Error::Conflict(_)) => Ok(code),
        Err(error) => Err(error.into()),
    }
}

/// A code made of the application's name; with its number where that is taken.
async fn free_code(licensing: &Licensing, tenant: &Tenant, application: &Application) -> Result<ProductCode> {
    let number = application.number;
    let broken =
        |rule: model::Invalid| Fault::failed(format_args!("the code of application {number} {rule}"));
    let words = code_of(&application.name);
    if let Ok(code) = ProductCode::parse(words.clone()) {
        match licensing.product(tenant, &code).await {
            Err(licensing::Error::NotFound(_)) => return Ok(code),
            other => other?,
        };
        return ProductCode::parse(format!("{code}-{number}")).map_err(broken);
    }
    ProductCode::parse(format!("application-{number}")).map_err(broken)
}

/// Lower-case letters and digits of a name, everything between them as one hyphen, at most 50 characters.
fn code_of(name: &Name) -> String {
    let text = name.as_str().to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut code = words.collect::<Vec<_>>().join("-");
    code.truncate(50);
    code.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_names() {
        for (name, code) in [
            ("Test Application", "test-application"),
            ("  A+B (2) ", "a-b-2"),
            ("Größe", "gr-e"),
            ("日本", ""),
        ] {
            assert_eq!(code_of(&Name::parse(name).unwrap()), code);
        }
        assert_eq!(code_of(&Name::parse("x".repeat(200)).unwrap()).len(), 50);
    }
}
