//! What the tour shows: numbered steps, what is sent and received, and what was expected of it.

use std::fmt::Display;
use std::io::IsTerminal as _;

use serde_json::Value;

use crate::fault::{Exit, Fault, Result};
use crate::output::say;

/// Longer texts, such as tokens, are shown with their beginning only.
const LONGEST: usize = 60;

/// Where the story is told.
pub(super) struct Stage {
    steps: &'static [&'static str],
    begun: usize,
    colors: bool,
}

#[derive(Clone, Copy)]
enum Color {
    Bold,
    Dim,
    Green,
    Red,
}

impl Stage {
    /// A stage for a story of these steps.
    pub(super) fn new(steps: &'static [&'static str]) -> Self {
        Self { steps, begun: 0, colors: std::io::stdout().is_terminal() }
    }

    /// Begins the next step.
    pub(super) fn step(&mut self) -> Result<()> {
        let title = self.steps.get(self.begun).copied().unwrap_or("One more step");
        self.begun += 1;
        say(&format!("\n{:>2}  {}", self.begun, self.paint(Color::Bold, title)))
    }

    /// Says something about the step.
    pub(super) fn note(&self, words: impl Display) -> Result<()> {
        say(&format!("    {words}"))
    }

    /// Shows a request.
    pub(super) fn sent(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<()> {
        say(&format!("    {} {method} {url}", self.paint(Color::Bold, "→")))?;
        for (name, value) in headers {
            say(&self.paint(Color::Dim, &format!("      {name}: {value}")))?;
        }
        body.map_or(Ok(()), |body| self.body(body))
    }

    /// Shows an answer.
    pub(super) fn received(&self, status: u16, body: &Value) -> Result<()> {
        say(&format!("    {} {status}", self.paint(Color::Bold, "←")))?;
        self.body(body)
    }

    fn body(&self, body: &Value) -> Result<()> {
        let text = format!("{:#}", shortened(body));
        text.lines().try_for_each(|line| say(&self.paint(Color::Dim, &format!("      {line}"))))
    }

    /// Goes on if it holds, and ends the story if it does not.
    pub(super) fn expect(&self, holds: bool, words: impl Display) -> Result<()> {
        if holds {
            say(&format!("    {} {words}", self.paint(Color::Green, "✓")))
        } else {
            self.fail(format_args!("this does not hold: {words}"))
        }
    }

    /// Goes on with the value, or ends the story with the error.
    pub(super) fn good<T>(&self, what: &str, result: Result<T, impl Display>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.fail(format_args!("{what}: {error}")).err().unwrap_or_else(failed)),
        }
    }

    fn fail(&self, words: impl Display) -> Result<()> {
        say(&format!("    {} {words}", self.paint(Color::Red, "✗")))?;
        Err(failed())
    }

    /// Says how the story went.
    pub(super) fn end(&self, told: &Result<()>) -> Result<()> {
        let all = self.steps.len();
        let passed = if told.is_ok() { self.begun } else { self.begun.saturating_sub(1) };
        if let Some(message) = told.as_ref().err().and_then(|fault| fault.message.as_ref()) {
            say(&format!("    {} {message}", self.paint(Color::Red, "✗")))?;
        }
        let color = if passed == all { Color::Green } else { Color::Red };
        say(&format!("\n{}", self.paint(color, &format!("{passed} of {all} steps passed"))))?;
        if passed == all { Ok(()) } else { Err(failed()) }
    }

    fn paint(&self, color: Color, text: &str) -> String {
        if !self.colors {
            return text.to_owned();
        }
        let code = match color {
            Color::Bold => 1,
            Color::Dim => 2,
            Color::Green => 32,
            Color::Red => 31,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

fn failed() -> Fault {
    Fault::said(Exit::Failed)
}

/// The same document with its long texts cut short.
fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(LONGEST) {
            Some(_) => {
                let beginning: String = text.chars().take(LONGEST / 2).collect();
                Value::String(format!("{beginning}… ({} characters)", text.chars().count()))
            }
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(shortened).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), shortened(value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_texts_are_cut_short_at_any_depth() {
        let token = "é".repeat(61);
        let short = shortened(&json!({ "a": [{ "lease": token, "n": 1 }], "b": "x".repeat(60) }));
        assert_eq!(short["a"][0]["lease"], format!("{}… (61 characters)", "é".repeat(30)));
        assert_eq!((short["a"][0]["n"].as_u64(), short["b"].as_str().unwrap().len()), (Some(1), 60));
    }

    #[test]
    fn a_story_that_broke_off_has_not_passed() {
        let mut stage = Stage::new(&["one", "two"]);
        stage.step().unwrap();
        assert!(stage.end(&Ok(())).is_err());
        stage.step().unwrap();
        assert!(stage.expect(false, "no").is_err());
        assert!(stage.end(&Err(failed())).is_err());
        assert!(stage.end(&Ok(())).is_ok());
    }
}
