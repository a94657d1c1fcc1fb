//! What an app says, in either call.

use licensing::Licensing;
use model::{Fingerprint, Invalid, LicenseKey, MachineName, Name, Product, Tenant};

use crate::{
    http::{described::Parameter, params::Params},
    problem::{Problem, Violation, failed},
};

/// The name of the body in the document.
pub(super) const SCHEMA: &str = "KeyRequest";

/// The parameters of both calls.
pub(super) const PARAMETERS: [Parameter; 5] = [
    Parameter {
        name: "token",
        description: "The license key. Case, hyphens and spaces do not matter.",
        kind: "string",
        required: true,
        length: Some((1, 255)),
        example: "2SZRHXZBNB3GUCHM375FTB8DJ",
    },
    Parameter {
        name: "machine",
        description: "What the machine calls itself.",
        kind: "string",
        required: true,
        length: Some((1, 200)),
        example: "ICEBREAKER",
    },
    Parameter {
        name: "user",
        description: "The name of the machine's user, for the vendor's audit log.",
        kind: "string",
        required: true,
        length: Some((1, 200)),
        example: "sam",
    },
    Parameter {
        name: "app_id",
        description: "The number of the product that the app is. Without it, the token alone decides.",
        kind: "integer",
        required: false,
        length: None,
        example: "1",
    },
    Parameter {
        name: "hwid",
        description: "What identifies the machine: the same on every start, another on every other machine. Without it \
                      an activation is counted but binds no machine, and no check succeeds.",
        kind: "string",
        required: false,
        length: Some((1, 512)),
        example: "2f0c6c1e9a7b4d35",
    },
];

/// What was said, as far as it can be understood.
pub(super) struct Said {
    /// The license key; `None` for a token that can be none, which is as good as an unknown one.
    pub(super) key: Option<LicenseKey>,
    app: Option<u32>,
    /// What the machine calls itself.
    pub(super) machine: MachineName,
    /// Who uses it.
    pub(super) user: Name,
    /// What identifies the machine.
    pub(super) fingerprint: Option<Fingerprint>,
}

/// The product that an app says it is.
pub(super) enum App {
    /// It does not say.
    Unsaid,
    /// A number that no product has.
    Unknown,
    /// This one.
    Known(Box<Product>),
}

impl Said {
    /// Reads the parameters.
    ///
    /// # Errors
    /// All parameters that are missing or wrong.
    pub(super) fn read(params: &Params) -> Result<Self, Problem> {
        let mut reader = Reader { params, violations: Vec::new() };
        let key = reader.required("token", |text| Ok(LicenseKey::parse(&text).ok()));
        let app = reader.optional("app_id", |text| number(&text));
        let machine = reader.required("machine", MachineName::parse);
        let user = reader.required("user", Name::parse);
        let fingerprint = reader.optional("hwid", Fingerprint::parse);
        match (key, app, machine, user, fingerprint) {
            (Some(key), Some(app), Some(machine), Some(user), Some(fingerprint)) => {
                Ok(Self { key, app, machine, user, fingerprint })
            }
            _ => Err(Problem::invalid(reader.violations)),
        }
    }

    /// The product that the app says it is.
    pub(super) async fn app(&self, licensing: &Licensing, tenant: &Tenant) -> Result<App, Problem> {
        let Some(number) = self.app else {
            return Ok(App::Unsaid);
        };
        let product = licensing.product_by_number(tenant, number).await.map_err(failed)?;
        Ok(product.map_or(App::Unknown, |product| App::Known(Box::new(product))))
    }
}

impl App {
    /// What its vendor wants people to be told.
    pub(super) fn support_message(self) -> Option<String> {
        match self {
            Self::Unsaid | Self::Unknown => None,
            Self::Known(product) => product.support_message,
        }
    }
}

fn number(text: &str) -> Result<u32, Invalid> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(Invalid::new("a whole number below 4294967296"))
}

/// Takes parameters, and notes everything that is wrong with them.
struct Reader<'a> {
    params: &'a Params,
    violations: Vec<Violation>,
}

impl Reader<'_> {
    fn required<T>(&mut self, name: &str, parse: impl FnOnce(String) -> Result<T, Invalid>) -> Option<T> {
        let found = self.optional(name, parse)?;
        if found.is_none() {
            self.note(name, "is required".to_owned());
        }
        found
    }

    /// The outer `None` says that the parameter is wrong.
    fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(String) -> Result<T, Invalid>,
    ) -> Option<Option<T>> {
        let read = self.params.text(name).and_then(|text| text.map(parse).transpose());
        read.map_err(|invalid| self.note(name, invalid.to_string())).ok()
    }

    fn note(&mut self, name: &str, detail: String) {
        self.violations.push(Violation { pointer: format!("/{name}"), detail });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn wrong(params: &Params) -> BTreeSet<String> {
        let problem = Said::read(params).err().unwrap();
        problem.violations().iter().map(|violation| violation.pointer[1..].to_owned()).collect()
    }

    fn names(chosen: impl Fn(&&Parameter) -> bool) -> BTreeSet<String> {
        PARAMETERS.iter().filter(chosen).map(|parameter| parameter.name.to_owned()).collect()
    }

    #[test]
    fn what_is_described_is_what_is_read() {
        assert_eq!(wrong(&Params::default()), names(|parameter| parameter.required));
        let lists = PARAMETERS.map(|parameter| (parameter.name, serde_json::json!([])));
        assert_eq!(wrong(&Params::of_body(lists)), names(|_| true));
        let long = PARAMETERS
            .iter()
            .filter_map(|parameter| Some((parameter.name, "x".repeat(parameter.length?.1 + 1).into())));
        // A token that is too long is as good as an unknown one.
        let limited = names(|parameter| parameter.length.is_some() && parameter.name != "token");
        assert_eq!(wrong(&Params::of_body(long)), limited);
        let examples = PARAMETERS.map(|parameter| (parameter.name, parameter.example.into()));
        assert!(Said::read(&Params::of_body(examples)).is_ok());
    }

    #[test]
    fn numbers_of_products() {
        for (text, expected) in [("1", 1), ("007", 7), ("4294967295", u32::MAX)] {
            assert_eq!(number(text), Ok(expected), "{text}");
        }
        for bad in ["", "-1", "+1", " 1", "1.0", "1e3", "0x1", "٣", "4294967296", "app"] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }
}
