//! Texts of a document as HTML. Everything is escaped by `maud`.

use maud::{Markup, html};
use serde_json::Value;

/// A member; null when it is not there.
pub(super) fn at<'a>(value: &'a Value, member: &str) -> &'a Value {
    value.get(member).unwrap_or(&Value::Null)
}

/// A member that is a text; empty when it is not there.
pub(super) fn of<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Paragraphs and lists, with `code` in them: as much of Markdown as our documents use.
pub(super) fn paragraphs(text: &str) -> Markup {
    html! {
        @for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
            @if let Some(list) = block.strip_prefix("- ") {
                ul { @for item in list.split("\n- ") { li { (line(item)) } } }
            } @else {
                p { (line(block)) }
            }
        }
    }
}

/// One run of text, with `code` in it.
pub(super) fn line(text: &str) -> Markup {
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// JSON, as people read it.
pub(super) fn json(value: &Value) -> Markup {
    html! { pre { code { (format!("{value:#}")) } } }
}

/// A text that a POSIX shell takes as one word.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        assert_eq!(
            paragraphs("a `<b>`\n\n<i>").into_string(),
            "<p>a <code>&lt;b&gt;</code></p><p>&lt;i&gt;</p>"
        );
        assert_eq!(paragraphs("- a\n- b").into_string(), "<ul><li>a</li><li>b</li></ul>");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
