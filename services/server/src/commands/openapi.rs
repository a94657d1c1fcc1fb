//! `leasehold openapi`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::fault::{Fault, Result};
use crate::output::Output;

/// Write the OpenAPI documents, or compare them.
///
/// The documents are made from the code that serves them.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  leasehold openapi                 writes all documents into openapi/
  leasehold openapi --check         exits with 1 when one of them differs from what would be written")]
pub(crate) struct Openapi {
    /// The folder of the documents.
    #[arg(long, value_name = "FOLDER", default_value = "openapi")]
    out: PathBuf,
    /// Write nothing; fail when a document differs.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    output: Output,
}

impl Openapi {
    pub(super) fn run(self) -> Result<()> {
        let documents = [
            ("client.json", api::client_document()),
            ("management.json", api::management_document()),
            ("platform.json", api::platform_document()),
            ("mini-key-server.json", api::mini_key_server_document()),
            ("framecad.json", api::framecad_document()),
        ];
        let mut paths = Vec::new();
        for (name, text) in documents {
            let path = self.out.join(name);
            let is_same = std::fs::read_to_string(&path).is_ok_and(|there| there == text);
            if is_same {
                continue;
            }
            if !self.check {
                std::fs::create_dir_all(&self.out).and_then(|()| std::fs::write(&path, text)).map_err(
                    |error| Fault::failed(format_args!("cannot write {}: {error}", path.display())),
                )?;
            }
            paths.push(path.display().to_string());
        }
        let (nothing, each) = if self.check {
            ("The documents are as they should be.", "differs")
        } else {
            ("The documents were up to date.", "written")
        };
        let text = || match paths.as_slice() {
            [] => nothing.to_owned(),
            paths => paths.iter().map(|path| format!("{path}: {each}\n")).collect(),
        };
        self.output.print(text, || json!({ each: paths }))?;
        if self.check && !paths.is_empty() {
            return Err(Fault::failed(format_args!(
                "to write the documents again, run leasehold openapi --out {}",
                self.out.display()
            )));
        }
        Ok(())
    }
}
