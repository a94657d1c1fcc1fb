//! `leasehold customer create|import`.

use clap::{Args, Subcommand};
use licensing::{Call, NewCustomer};
use model::{ClientKey, Customer, EmailAddress, Name};
use serde_json::{Value, json};

use super::{block_on, configure, customer_import};
use crate::arguments::TenantFlag;
use crate::config::DatabaseFlags;
use crate::fault::Result;
use crate::installation::{Missing, with_installation};
use crate::output::{Output, facts};

/// Make and import customers.
#[derive(Subcommand, Debug)]
pub(crate) enum Customers {
    Create(Create),
    Import(customer_import::Import),
}

impl Customers {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run(),
            Self::Import(command) => command.run(),
        }
    }
}

/// Make a customer.
///
/// The client key is how apps and other commands name the customer.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  leasehold customer create 'Jo Doe' --tenant acme --email jo@doe.example")]
pub(crate) struct Create {
    /// The customer's name.
    name: Name,
    /// Where to write to the customer.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<EmailAddress>,
    /// The customer's number for old apps [default: the next free one].
    #[arg(long)]
    number: Option<u32>,
    /// The key by which apps name the customer [default: made up].
    #[arg(long, value_name = "KEY")]
    client_key: Option<ClientKey>,
    #[command(flatten)]
    tenant: TenantFlag,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    output: Output,
}

impl Create {
    fn run(self) -> Result<()> {
        let config = configure(&self.database)?;
        let new = NewCustomer {
            metadata: model::Metadata::default(),
            name: self.name,
            email: self.email,
            number: self.number,
            client_key: self.client_key,
        };
        let customer = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            Ok(licensing.create_customer(&tenant, &Call::operator(), new).await?)
        }))?;
        self.output.print(
            || format!("Customer {} is made.\n\n{}", customer.name, text(&customer)),
            || json(&customer),
        )
    }
}

fn text(customer: &Customer) -> String {
    facts(&[
        ("id", customer.id.to_string()),
        ("number", customer.number.to_string()),
        ("name", customer.name.to_string()),
        ("email", customer.email.as_ref().map_or("none", EmailAddress::as_str).to_owned()),
        ("client key", customer.client_key.to_string()),
    ])
}

fn json(customer: &Customer) -> Value {
    let mut value = json!({
        "id": customer.id.to_string(),
        "number": customer.number,
        "name": customer.name.as_str(),
        "client_key": customer.client_key.as_str(),
        "created_at": customer.created_at.to_string(),
    });
    if let (Some(email), Some(members)) = (&customer.email, value.as_object_mut()) {
        members.insert("email".to_owned(), email.as_str().into());
    }
    value
}
