//! The committed vectors are those that their generator makes.
#![expect(clippy::expect_used, reason = "this is a test")]

use std::path::Path;

#[path = "../examples/vectors/generate/mod.rs"]
mod generate;

#[test]
fn the_committed_vectors_are_up_to_date() {
    if let Some(message) = generate::drift(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")) {
        panic!("{message}");
    }
}

#[test]
fn the_generator_makes_the_same_bytes_every_time() {
    assert_eq!(generate::files(), generate::files());
}
