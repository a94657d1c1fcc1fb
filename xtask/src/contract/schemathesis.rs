//! One run of Schemathesis over one document.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::Document;
use super::world::World;
use crate::context::Context;
use crate::run::{Lines, run_reading};

/// What a run needs.
pub(super) struct Run<'a> {
    /// The folder of Python's programs.
    pub(super) python: &'a Path,
    /// The folder with settings, hooks and dictionaries.
    pub(super) place: &'a Path,
    pub(super) document: &'a Document,
    pub(super) world: &'a World,
}

impl Run<'_> {
    /// Runs it and gives the number of requests.
    ///
    /// # Errors
    ///
    /// When a check fails; the report was printed.
    pub(super) fn go(&self, context: &Context, examples: u32, seed: Option<u128>) -> Result<u64> {
        let mut command = context.command(self.python.join("schemathesis"));
        command.current_dir(self.place).env("CONTRACT_WORLD", self.place.join(World::FILE));
        let answers = self.place.join(format!("{}.answers", self.document.name));
        // The hooks are several modules.
        command.env("PYTHONPATH", self.place);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("CONTRACT_ANSWERS", &answers);
        command.arg("--config-file").arg(self.settings()?).arg("run").arg(&self.document.file);
        let mut base = self.world.own().base.clone();
        for scheme in &self.document.schemes {
            base = self.world.door(scheme)?.0;
        }
        command.args(["--url", &base, "--no-color"]);
        command.args(["--max-examples", &examples.to_string()]);
        if let Some(seed) = seed {
            command.args(["--seed", &seed.to_string()]);
        }
        println!("contract: {}", self.document.name);
        let (lines, ended) = run_reading(&context.interrupt, &mut command, Lines::Keep)?;
        if let Err(error) = ended {
            println!("{}", lines.join("\n"));
            return Err(error);
        }
        for line in lines.iter().filter(|line| line.starts_with("Seed:")) {
            println!("  {line}");
        }
        let answers = std::fs::read_to_string(&answers).context("the hooks did not tell the answers")?;
        tally(&serde_json::from_str(&answers).context("the hooks told no JSON")?)
    }

    /// The settings for this document: those of all, and the credential where it wants one.
    fn settings(&self) -> Result<std::path::PathBuf> {
        let file = self.place.join("schemathesis.toml");
        let mut text = std::fs::read_to_string(&file).context("cannot read the settings")?;
        for scheme in &self.document.schemes {
            let (_, credential) = self.world.door(scheme)?;
            text += &format!("\n[auth.openapi.{scheme}]\nbearer = \"{credential}\"\n");
        }
        let own = self.place.join(format!("{}.toml", self.document.name));
        std::fs::write(&own, text).context("cannot write the settings")?;
        Ok(own)
    }
}

/// Operations that cannot succeed here.
const NEVER: [&str; 1] = [
    // An archive is taken only by a server that has not its tenant.
    "POST /v1/import",
];

/// How often each operation gave each status.
type Answers = BTreeMap<String, BTreeMap<u16, u64>>;

/// The number of all answers.
///
/// # Errors
///
/// When an operation never succeeded: then nothing was learnt of what it does, and the test wants other values.
fn tally(answers: &Answers) -> Result<u64> {
    let mut never = Vec::new();
    for (operation, statuses) in answers {
        let can = !NEVER.contains(&operation.as_str());
        if can && !statuses.keys().any(|status| (200..400).contains(status)) {
            never.push(format!("{operation} ({statuses:?})"));
        }
    }
    ensure!(never.is_empty(), "never succeeded: {}", never.join(", "));
    Ok(answers.values().flat_map(BTreeMap::values).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_never_succeeds_is_named() {
        let mut answers: Answers = serde_json::from_str(r#"{"GET /a": {"200": 2, "404": 3}}"#).unwrap();
        assert_eq!(tally(&answers).unwrap(), 5);
        answers.insert("GET /b".to_owned(), BTreeMap::from([(404, 9)]));
        assert!(tally(&answers).unwrap_err().to_string().contains("GET /b"));
    }
}
