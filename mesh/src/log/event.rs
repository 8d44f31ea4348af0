//! An event of `tracing` as data: what a child has noted, with its fields.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

/// The most fields an event keeps; further ones are left out.
pub const FIELDS_MAX: usize = 24;

/// The longest text of a field, in bytes; a longer one is cut and ends in `…`.
pub const FIELD_LEN_MAX: usize = 1024;

/// How grave an event is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum EventLevel {
    /// Of `tracing::Level::TRACE`.
    Trace,
    /// Of `tracing::Level::DEBUG`.
    Debug,
    /// Of `tracing::Level::INFO`.
    Info,
    /// Of `tracing::Level::WARN`.
    Warn,
    /// Of `tracing::Level::ERROR`.
    Error,
}

impl From<tracing::Level> for EventLevel {
    fn from(level: tracing::Level) -> EventLevel {
        match level {
            tracing::Level::TRACE => EventLevel::Trace,
            tracing::Level::DEBUG => EventLevel::Debug,
            tracing::Level::INFO => EventLevel::Info,
            tracing::Level::WARN => EventLevel::Warn,
            tracing::Level::ERROR => EventLevel::Error,
        }
    }
}

impl From<EventLevel> for tracing::Level {
    fn from(level: EventLevel) -> tracing::Level {
        match level {
            EventLevel::Trace => tracing::Level::TRACE,
            EventLevel::Debug => tracing::Level::DEBUG,
            EventLevel::Info => tracing::Level::INFO,
            EventLevel::Warn => tracing::Level::WARN,
            EventLevel::Error => tracing::Level::ERROR,
        }
    }
}

/// The value of a field.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum FieldValue {
    /// A number with a sign.
    I64(i64),
    /// A number without.
    U64(u64),
    /// A number with a fraction.
    F64(f64),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// What its `Debug` or `Display` said.
    Shown(String),
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldValue::I64(value) => value.fmt(f),
            FieldValue::U64(value) => value.fmt(f),
            FieldValue::F64(value) => value.fmt(f),
            FieldValue::Bool(value) => value.fmt(f),
            FieldValue::Text(text) => write!(f, "{text:?}"),
            FieldValue::Shown(text) => f.write_str(text),
        }
    }
}

/// An event of a proc.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LogEvent {
    /// Whose: the name of the proc, such as `workers/3`.
    pub proc: String,
    /// How grave.
    pub level: EventLevel,
    /// What part of the program speaks; its module, unless it says otherwise.
    pub target: String,
    /// The spans it happened in, outermost first, as `name{field=value}`.
    pub spans: Vec<String>,
    /// Its fields in order; the text of the event is called `message`.
    pub fields: Vec<(String, FieldValue)>,
}

/// As a line, without the proc.
impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5} ", tracing::Level::from(self.level))?;
        for span in &self.spans {
            write!(f, "{span}: ")?;
        }
        write!(f, "{}:", self.target)?;
        let (message, rest): (Vec<_>, Vec<_>) = self.fields.iter().partition(|(name, _)| name == "message");
        for (_, text) in message {
            match text {
                FieldValue::Text(text) | FieldValue::Shown(text) => write!(f, " {text}")?,
                other => write!(f, " {other}")?,
            }
        }
        rest.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// Collects the fields of an event or a span.
#[derive(Default)]
pub(super) struct Fields(pub(super) Vec<(String, FieldValue)>);

impl Fields {
    fn add(&mut self, field: &tracing::field::Field, value: FieldValue) {
        if self.0.len() < FIELDS_MAX {
            self.0.push((field.name().to_owned(), value));
        }
    }

    /// As `{field=value …}`; nothing if there are none.
    pub(super) fn braced(&self) -> String {
        let mut text = String::new();
        for (n, (name, value)) in self.0.iter().enumerate() {
            let _ = write!(text, "{}{name}={value}", if n == 0 { "{" } else { " " });
        }
        if !text.is_empty() {
            text.push('}');
        }
        cut(text)
    }
}

/// Bounds a text.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > FIELD_LEN_MAX {
        text.truncate(text.floor_char_boundary(FIELD_LEN_MAX));
        text.push('…');
    }
    text
}

/// A text that stops growing at its bound, so that a large value is not shown whole only to be cut.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        if self.0.len() > FIELD_LEN_MAX { Err(fmt::Error) } else { Ok(()) }
    }
}

fn shown(value: &dyn fmt::Debug) -> String {
    let mut text = Bounded(String::new());
    let _ = write!(text, "{value:?}");
    cut(text.0)
}

impl tracing::field::Visit for Fields {
    fn record_f64(&mut self, field: &tracing::field::Field, value: f64) {
        self.add(field, FieldValue::F64(value));
    }

    fn record_i64(&mut self, field: &tracing::field::Field, value: i64) {
        self.add(field, FieldValue::I64(value));
    }

    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        self.add(field, FieldValue::U64(value));
    }

    fn record_bool(&mut self, field: &tracing::field::Field, value: bool) {
        self.add(field, FieldValue::Bool(value));
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        let end = value.floor_char_boundary(FIELD_LEN_MAX + 1);
        self.add(field, FieldValue::Text(cut(value[..end].to_owned())));
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.add(field, FieldValue::Shown(shown(value)));
    }
}
