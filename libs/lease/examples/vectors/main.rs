//! Writes `libs/lease/vectors/*.json`, or with `--check` only says whether they are up to date.
#![expect(clippy::expect_used, reason = "a generator stops at the first fault")]

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

mod generate;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    match env::args().nth(1).as_deref() {
        None => {
            for (name, text) in generate::files() {
                fs::write(folder.join(&name), text).expect("the vectors folder is writable");
                println!("wrote {name}");
            }
            ExitCode::SUCCESS
        }
        Some("--check") => match generate::drift(&folder) {
            None => ExitCode::SUCCESS,
            Some(message) => {
                eprintln!("{message}");
                ExitCode::FAILURE
            }
        },
        Some(other) => {
            eprintln!("unknown argument {other}; the only one is --check");
            ExitCode::from(2)
        }
    }
}
