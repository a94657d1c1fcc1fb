//! The fields of lines without colours.

use std::error::Error;
use std::{fmt, mem};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};

/// Writes fields as the library does, and faster where they are plain texts, such as the identifier that every request has.
/// Leaves out what is meant for traces.
pub(super) struct Plain;

impl<'w> FormatFields<'w> for Plain {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut written = Written { writer, is_first: true, result: Ok(()) };
        fields.record(&mut written);
        written.result
    }
}

struct Written<'w> {
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl Visit for Written<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        let name = field.name();
        if is_for_traces(name) || self.result.is_err() {
            return;
        }
        if name == "message" || name.contains('#') || !value.bytes().all(is_plain) {
            self.delegate(field, |library| library.record_str(field, value));
        } else {
            let space = if mem::take(&mut self.is_first) { "" } else { " " };
            // At once: the text that it is added to would grow with each part.
            self.result = self.writer.write_str(&[space, name, "=\"", value, "\""].concat());
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.delegate(field, |library| library.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.delegate(field, |library| library.record_debug(field, value));
    }
}

impl Written<'_> {
    fn delegate(&mut self, field: &Field, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
        if self.result.is_ok() && !is_for_traces(field.name()) {
            let mut library = DefaultVisitor::new(self.writer.by_ref(), mem::take(&mut self.is_first));
            record(&mut library);
            self.result = library.finish();
        }
    }
}

fn is_for_traces(name: &str) -> bool {
    name.starts_with("otel.")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of some lines.
    fn written(plain: bool) -> String {
        let lines = Lines::default();
        let own = lines.clone();
        let layer = fmt::layer().with_writer(move || own.clone()).with_ansi(false).without_time();
        let spans = tracing_subscriber::registry();
        let log = || {
            let span = tracing::info_span!("request", request_id = "0196-a", path = "/\"\n", count = 3);
            let _entered = span.enter();
            let error = io::Error::other("it \"broke\"\n");
            tracing::warn!(%error, seconds = 0.5, reason = ?Some("why"), r#type = "x", "it {}", "failed");
            tracing::warn!("a line\u{1b}[31m");
            tracing::warn!(only = true);
            tracing::warn!(error = &error as &dyn Error, message = "a \"message\"");
        };
        if plain {
            tracing::subscriber::with_default(spans.with(layer.fmt_fields(Plain)), log);
        } else {
            tracing::subscriber::with_default(spans.with(layer), log);
        }
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn fields_look_as_those_of_the_library() {
        assert!(written(true).contains("request{request_id=\"0196-a\""), "{}", written(true));
        assert_eq!(written(true), written(false));
    }
}
