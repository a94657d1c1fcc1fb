//! What the tests know of the two tenants.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::server::PLATFORM_TOKEN;

/// Everything that the hooks and the dictionaries are told.
#[derive(Default)]
pub(super) struct World {
    /// Where the server is, such as `http://127.0.0.1:8080`.
    pub(super) origin: String,
    /// The tenant that is called, and the one that must stay invisible.
    pub(super) tenants: Vec<Tenant>,
    /// Values that fit each other, by the names of members; null where a member must be absent.
    pub(super) scenes: Vec<Value>,
    /// Things that may be deleted, by the names of parameters in paths.
    pub(super) spare: BTreeMap<&'static str, Vec<String>>,
    /// Values for requests, by the names of their dictionaries.
    pub(super) values: BTreeMap<&'static str, Vec<String>>,
}

/// One of them.
pub(super) struct Tenant {
    /// Its base URL.
    pub(super) base: String,
    /// A key for its management API, and its ID.
    pub(super) api_key: String,
    pub(super) api_key_id: String,
    /// Texts and identifiers that nobody else may ever see.
    pub(super) markers: Vec<String>,
    /// Those that only operators may see besides.
    pub(super) operators_markers: Vec<String>,
}

impl World {
    /// The name of the file for the hooks.
    pub(super) const FILE: &'static str = "world.json";

    /// The tenant that is called.
    pub(super) fn own(&self) -> &Tenant {
        #[expect(clippy::indexing_slicing, reason = "a world is made with two tenants")]
        &self.tenants[0]
    }

    /// Where the operations of a document with this security scheme are, and the credential for them.
    ///
    /// # Errors
    ///
    /// When the scheme is a new one.
    pub(super) fn door(&self, scheme: &str) -> Result<(String, &str)> {
        match scheme {
            "apiKey" => Ok((self.own().base.clone(), &self.own().api_key)),
            "platformToken" => Ok((format!("{}/platform", self.origin), PLATFORM_TOKEN)),
            other => bail!("teach the contract tests the security scheme {other}"),
        }
    }

    /// Notes values for requests.
    pub(super) fn offer(&mut self, dictionary: &'static str, values: impl IntoIterator<Item = String>) {
        self.values.entry(dictionary).or_default().extend(values);
    }

    /// Writes the file for the hooks, and one dictionary for each kind of value.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let tenants: Vec<Value> = self
            .tenants
            .iter()
            .map(|tenant| {
                json!({
                    "base": tenant.base, "api_key": tenant.api_key, "api_key_id": tenant.api_key_id,
                    "markers": tenant.markers, "operators_markers": tenant.operators_markers,
                })
            })
            .collect();
        let world = json!({"tenants": tenants, "scenes": self.scenes, "spare": self.spare}).to_string();
        std::fs::write(folder.join(Self::FILE), world).context("cannot write the hooks' file")?;
        for (name, values) in &self.values {
            let lines: String = values.iter().map(|value| format!("{}\n", json!(value))).collect();
            std::fs::write(folder.join(format!("{name}.dict")), lines)
                .with_context(|| format!("cannot write the dictionary of {name}"))?;
        }
        Ok(())
    }

    /// Fails when a secret of the tests is in what the server logged, or the server logged an error.
    pub(super) fn keeps_secrets(&self, log: &str) -> Result<()> {
        let secrets = ["keys", "fingerprints"].into_iter().filter_map(|name| self.values.get(name)).flatten();
        let keys = self.tenants.iter().map(|tenant| &tenant.api_key);
        for secret in secrets.chain(keys).map(String::as_str).chain([PLATFORM_TOKEN]) {
            ensure!(!log.contains(secret), "the server's log has a secret: {secret}");
        }
        let error = log.lines().find(|line| line.contains(" ERROR "));
        ensure!(error.is_none(), "the server logged an error: {}", error.unwrap_or_default());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_errors_in_the_log_are_found() {
        let mut world = World::default();
        world.offer("keys", ["ALPHA-KEY".to_owned()]);
        world.offer("products", ["cad".to_owned()]);
        assert!(world.keeps_secrets("2026-03-01  INFO request: answered cad").is_ok());
        assert!(world.keeps_secrets("2026-03-01  INFO ALPHA-KEY").is_err());
        assert!(world.keeps_secrets("2026-03-01 ERROR request: no").is_err());
    }
}
