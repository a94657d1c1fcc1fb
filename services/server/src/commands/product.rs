//! `leasehold product create`.

use clap::{Args, Subcommand};
use licensing::{Call, NewProduct};
use model::{KeyFormat, Name, Product, ProductCode, ProductKey};
use serde_json::{Value, json};

use super::{block_on, configure};
use crate::arguments::TenantFlag;
use crate::config::DatabaseFlags;
use crate::fault::{Fault, Result};
use crate::installation::{Missing, with_installation};
use crate::output::{Output, facts};

/// Make products.
#[derive(Subcommand, Debug)]
pub(crate) enum Products {
    Create(Create),
}

impl Products {
    pub(super) fn run(self) -> Result<()> {
        let Self::Create(command) = self;
        command.run()
    }
}

/// Make a product.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  leasehold product create atelier --tenant acme --name Atelier --support-message 'Write to help@acme.example'")]
pub(crate) struct Create {
    /// Its name in requests and leases (their `aud`).
    code: ProductCode,
    /// Its name for people [default: the code].
    #[arg(long)]
    name: Option<Name>,
    /// Its number for old apps [default: the next free one].
    #[arg(long)]
    number: Option<u32>,
    /// What people are told when something is refused, at most 500 characters.
    #[arg(long, value_name = "TEXT")]
    support_message: Option<String>,
    /// Its key for old apps [default: made up].
    #[arg(long, value_name = "KEY")]
    product_key: Option<ProductKey>,
    /// How the keys of its licenses are made: `crockford_5x5` or `alphanumeric_4x4`.
    #[arg(long, value_name = "FORMAT", default_value = "crockford_5x5", value_parser = KeyFormat::from_code)]
    key_format: KeyFormat,
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
        let name = self.name.map_or_else(|| Name::parse(self.code.as_str()), Ok);
        let new = NewProduct {
            metadata: model::Metadata::default(),
            name: name.map_err(|rule| Fault::usage(format_args!("the name {rule}")))?,
            code: self.code,
            number: self.number,
            support_message: self.support_message,
            product_key: self.product_key,
            key_format: self.key_format,
        };
        let product = block_on(with_installation(&config, Missing::Refuse, async |licensing| {
            let tenant = self.tenant.find(&config, licensing).await?;
            Ok(licensing.create_product(&tenant, &Call::operator(), new).await?)
        }))?;
        self.output
            .print(|| format!("Product {} is made.\n\n{}", product.code, text(&product)), || json(&product))
    }
}

fn text(product: &Product) -> String {
    facts(&[
        ("id", product.id.to_string()),
        ("code", product.code.to_string()),
        ("number", product.number.to_string()),
        ("name", product.name.to_string()),
        ("product key", product.product_key.as_str().to_owned()),
        ("key format", product.key_format.code().to_owned()),
        ("support message", product.support_message.clone().unwrap_or_else(|| "none".to_owned())),
    ])
}

fn json(product: &Product) -> Value {
    let mut value = json!({
        "id": product.id.to_string(),
        "code": product.code.as_str(),
        "number": product.number,
        "name": product.name.as_str(),
        "product_key": product.product_key.as_str(),
        "key_format": product.key_format.code(),
        "created_at": product.created_at.to_string(),
    });
    if let (Some(message), Some(members)) = (&product.support_message, value.as_object_mut()) {
        members.insert("support_message".to_owned(), message.as_str().into());
    }
    value
}
