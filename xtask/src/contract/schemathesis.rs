//! One run of Schemathesis over one document.

use std::path::Path;

use anyhow::{Context as _, Result};

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
    pub(super) fn go(&self, context: &Context, examples: u32, seed: Option<u64>) -> Result<u64> {
        let mut command = context.command(self.python.join("schemathesis"));
        command.current_dir(self.place).env("CONTRACT_WORLD", self.place.join(World::FILE));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.arg("--config-file").arg(self.settings()?).arg("run").arg(&self.document.file);
        command.args(["--url", &self.world.own().base, "--no-color"]);
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
        let sent = lines.iter().find_map(|line| requests(line));
        sent.context("Schemathesis did not say how many requests it sent")
    }

    /// The settings for this document: those of all, and the credential where it wants one.
    fn settings(&self) -> Result<std::path::PathBuf> {
        let file = self.place.join("schemathesis.toml");
        let mut text = std::fs::read_to_string(&file).context("cannot read the settings")?;
        if let Some(key) = &self.world.own().api_key {
            for scheme in &self.document.schemes {
                text += &format!("\n[auth.openapi.{scheme}]\nbearer = \"{key}\"\n");
            }
        }
        let own = self.place.join(format!("{}.toml", self.document.name));
        std::fs::write(&own, text).context("cannot write the settings")?;
        Ok(own)
    }
}

/// The number in Schemathesis's line `1234 generated, 1234 passed`.
fn requests(line: &str) -> Option<u64> {
    let (count, rest) = line.trim().split_once(' ')?;
    rest.starts_with("generated").then(|| count.replace(',', "").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_requests_is_read() {
        assert_eq!(requests("  940 generated, 7 found 7 unique failures"), Some(940));
        assert_eq!(requests("  1,940 generated, 1,940 passed"), Some(1940));
        assert_eq!(requests("Seed: 1"), None);
    }
}
