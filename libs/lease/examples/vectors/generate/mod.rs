//! The test vectors, made in memory from fixed keys and fixed times: the same bytes on every run.
//!
//! Expected outcomes are written down by hand next to each case; the generator never asks the verifier.

mod binding;
mod case;
mod encoding;
mod forge;
mod header;
mod key_set;
mod payload;
mod signature;
mod status_list;
mod time_state;
mod times;
mod verdict;

use std::fs;
use std::path::Path;

use case::File;

/// The files by name, in the order of their names.
pub(crate) fn files() -> Vec<(String, String)> {
    let files: [(&str, File); 10] = [
        ("binding.json", binding::file()),
        ("encoding.json", encoding::file()),
        ("header.json", header::file()),
        ("key_set.json", key_set::file()),
        ("payload.json", payload::file()),
        ("signature.json", signature::file()),
        ("status_list.json", status_list::file()),
        ("time_state.json", time_state::file()),
        ("times.json", times::file()),
        ("verdict.json", verdict::file()),
    ];
    files.into_iter().map(|(name, file)| (name.to_owned(), file.to_json())).collect()
}

/// What differs between the files in `folder` and those generated now, and what to do about it.
pub(crate) fn drift(folder: &Path) -> Option<String> {
    let files = files();
    let mut wrong: Vec<String> = files
        .iter()
        .filter(|(name, text)| fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| format!("{name} is missing or differs"))
        .collect();
    for entry in fs::read_dir(folder).expect("the vectors folder is there") {
        let name = entry.expect("the vectors folder is readable").file_name();
        let name = name.to_string_lossy();
        if !files.iter().any(|(known, _)| *known == name) {
            wrong.push(format!("{name} is not generated"));
        }
    }
    if wrong.is_empty() {
        return None;
    }
    let list = wrong.join("\n  ");
    Some(format!(
        "the test vectors do not match their generator:\n  {list}\n\
         If the change is meant, rewrite them with\n  \
         cargo run -p leasehold-lease --features sign --example vectors\n\
         and review the difference: published vectors are a promise to verifiers in other languages."
    ))
}
