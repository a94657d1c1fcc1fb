//! The tour, which is the README's first command.

use crate::support::{leasehold, run};

#[test]
fn every_step_passes() {
    let ended = run(leasehold(&["tour"]));
    let text = ended.text();
    assert!(text.trim_end().ends_with("15 of 15 steps passed"), "{text}");
    assert!(!text.contains('✗') && !text.contains('\u{1b}'), "plain when piped: {text}");
    assert!(ended.stderr.is_empty(), "{}", ended.stderr);
}
