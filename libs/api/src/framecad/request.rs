//! What an app says.

use model::{Fingerprint, Invalid};

use crate::{
    http::{described::Parameter, params::Params},
    problem::{Problem, Violation},
};

/// The names of bodies in the document.
pub(super) const CHECK_SCHEMA: &str = "CheckRequest";
pub(super) const BIND_SCHEMA: &str = "BindRequest";

const PRODUCT_KEY: Parameter = Parameter {
    name: "product_key",
    description: "The product's key.",
    kind: "string",
    required: true,
    length: Some((4, 128)),
    example: "FRAMECAD-PRODUCT-KEY",
};

/// The parameters of checks.
pub(super) const CHECK: [Parameter; 3] = [
    Parameter {
        name: "client_key",
        description: "The key of the client that asks.",
        kind: "string",
        required: true,
        length: Some((4, 64)),
        example: "3D9AACA84BEC559A",
    },
    Parameter {
        name: "license_key",
        description: "The license key. Case, hyphens and spaces do not matter.",
        kind: "string",
        required: true,
        length: Some((4, 255)),
        example: "HIOZ-W7RA-JNET-X039",
    },
    Parameter {
        name: "machine_key",
        description: "What identifies the machine: the same on every start, another on every other machine.",
        kind: "string",
        required: true,
        length: Some((1, 512)),
        example: "ABCD-1234-DEFG-5678",
    },
];

/// The parameters of activation and deactivation.
pub(super) fn bind() -> Vec<Parameter> {
    CHECK.into_iter().chain([PRODUCT_KEY]).collect()
}

/// What was said, where something was.
pub(super) struct Said {
    pub(super) client: Option<String>,
    pub(super) license: Option<String>,
    pub(super) machine: Option<Fingerprint>,
    pub(super) product: Option<String>,
}

impl Said {
    /// Reads the parameters; the key of a product only where it `matters`.
    ///
    /// # Errors
    /// When one is no text, is there twice with different values, or can be no machine key: all of them.
    pub(super) fn read(params: &Params, product_matters: bool) -> Result<Self, Problem> {
        let mut violations = Vec::new();
        let mut note = |name: &str, invalid: Invalid| {
            violations.push(Violation { pointer: format!("/{name}"), detail: invalid.to_string() });
        };
        let mut text =
            |name: &str| params.text(name).map_err(|invalid| note(name, invalid)).unwrap_or_default();
        let client = text("client_key");
        let license = text("license_key");
        let machine = text("machine_key").map(Fingerprint::parse).transpose();
        let product = if product_matters { text("product_key") } else { None };
        let machine = machine.map_err(|invalid| note("machine_key", invalid)).unwrap_or_default();
        if violations.is_empty() {
            Ok(Self { client, license, machine, product })
        } else {
            Err(Problem::invalid(violations))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_described_is_what_is_read() {
        for (parameters, product_matters) in [(CHECK.to_vec(), false), (bind(), true)] {
            let lists = bind().into_iter().map(|parameter| (parameter.name, json!([])));
            let problem = Said::read(&Params::of_body(lists), product_matters).err().unwrap();
            let wrong: BTreeSet<&str> =
                problem.violations().iter().map(|wrong| &wrong.pointer[1..]).collect();
            assert_eq!(wrong, parameters.iter().map(|parameter| parameter.name).collect());

            let examples = parameters.iter().map(|parameter| (parameter.name, parameter.example.into()));
            let said = Said::read(&Params::of_body(examples), product_matters).ok().unwrap();
            assert!(said.client.is_some() && said.license.is_some() && said.machine.is_some());
            assert_eq!(said.product.is_some(), product_matters);
        }
    }
}
