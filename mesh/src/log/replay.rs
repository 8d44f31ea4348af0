//! Hands events of other procs to this process's own subscriber of `tracing`.
//!
//! `tracing` describes events by values that live for ever, one for each place in a program. Here one is made for each
//! kind of event that comes, by target, level and the names of its fields; there is a bound to how many.

use std::sync::{Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;
use tracing::callsite::{Callsite, Identifier};
use tracing::field::{DisplayValue, FieldSet, Value, display};
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata};

use super::event::{EventLevel, FIELDS_MAX, FieldValue, LogEvent};

/// How many kinds of events are told apart; those beyond it come under one target and with their fields in the text.
const KINDS_MAX: usize = 4096;

/// What events of one kind have in common.
#[derive(PartialEq, Eq, Hash)]
struct EventKind {
    target: String,
    level: u8,
    fields: Vec<String>,
}

/// A place in a program, for `tracing`.
struct Place {
    metadata: OnceLock<Metadata<'static>>,
}

impl Callsite for Place {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.metadata.get().expect("it is set before the place is known to anyone")
    }
}

/// The kinds that were met. `tracing` itself has one subscriber and one list of places in a process.
static KINDS: Mutex<Option<FxHashMap<EventKind, &'static Metadata<'static>>>> = Mutex::new(None);

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn make(target: &str, level: EventLevel, fields: &[String]) -> &'static Metadata<'static> {
    let place: &'static Place = Box::leak(Box::new(Place { metadata: OnceLock::new() }));
    let names: Vec<&'static str> = fields.iter().map(|name| leak(name)).collect();
    let names: &'static [&'static str] = Box::leak(names.into_boxed_slice());
    let fields = FieldSet::new(names, Identifier(place));
    let target = leak(target);
    let metadata = place.metadata.get_or_init(|| {
        Metadata::new("event of a proc", target, level.into(), None, None, None, fields, Kind::EVENT)
    });
    tracing::callsite::register(place);
    metadata
}

/// The description of a kind of events; `None` when there are too many.
fn metadata_of(target: &str, level: EventLevel, fields: &[&str]) -> Option<&'static Metadata<'static>> {
    let fields = fields.iter().map(|name| (*name).to_owned()).collect();
    let kind = EventKind { target: target.to_owned(), level: level as u8, fields };
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let kinds = kinds.get_or_insert_default();
    if let Some(metadata) = kinds.get(&kind) {
        return Some(metadata);
    }
    if kinds.len() >= KINDS_MAX + 5 || (kinds.len() >= KINDS_MAX && target != MANY) {
        return None;
    }
    let metadata = make(target, level, &kind.fields);
    kinds.insert(kind, metadata);
    Some(metadata)
}

/// The target of events of which there are too many kinds.
const MANY: &str = "mesh::log::many";

/// A value, as `tracing` takes it.
enum Held<'a> {
    Plain(&'a dyn Value),
    Shown(DisplayValue<&'a str>),
}

impl Held<'_> {
    fn value(&self) -> &dyn Value {
        match self {
            Held::Plain(value) => value,
            Held::Shown(value) => value,
        }
    }
}

/// Hands an event to this process's subscriber, with its proc and spans as the fields `proc` and `spans`; gives whether
/// there is one.
pub(super) fn replay(event: &LogEvent) -> bool {
    if !tracing::dispatcher::has_been_set() {
        return false;
    }
    let own = event.fields.iter().take(FIELDS_MAX).filter(|(name, _)| name != "proc" && name != "spans");
    let mut names: Vec<&str> = own.clone().map(|(name, _)| name.as_str()).collect();
    names.push("proc");
    let spans = event.spans.join(":");
    if !spans.is_empty() {
        names.push("spans");
    }
    let mut values: Vec<Held<'_>> = own
        .map(|(_, value)| match value {
            FieldValue::I64(value) => Held::Plain(value),
            FieldValue::U64(value) => Held::Plain(value),
            FieldValue::F64(value) => Held::Plain(value),
            FieldValue::Bool(value) => Held::Plain(value),
            FieldValue::Text(text) => Held::Plain(text),
            FieldValue::Shown(text) => Held::Shown(display(text)),
        })
        .collect();
    values.push(Held::Shown(display(&event.proc)));
    values.push(Held::Shown(display(&spans)));
    match metadata_of(&event.target, event.level, &names) {
        Some(metadata) => dispatch(metadata, &values),
        None => {
            let text = event.to_string();
            let values = [Held::Shown(display(&text)), Held::Shown(display(&event.proc))];
            if let Some(metadata) = metadata_of(MANY, event.level, &["message", "proc"]) {
                dispatch(metadata, &values);
            }
        }
    }
    true
}

fn dispatch(metadata: &'static Metadata<'static>, values: &[Held<'_>]) {
    /// The fields of an event, its proc and its spans fit.
    const PLACES: usize = FIELDS_MAX + 2;
    let fields: Vec<_> = metadata.fields().iter().collect();
    let Some(first) = fields.first() else { return };
    let pairs: [_; PLACES] = std::array::from_fn(|n| match (fields.get(n), values.get(n)) {
        (Some(field), Some(held)) => (field, Some(held.value())),
        _ => (first, None),
    });
    tracing::dispatcher::get_default(|subscriber| {
        if subscriber.enabled(metadata) {
            subscriber.event(&Event::new(metadata, &metadata.fields().value_set(&pairs)));
        }
    });
}
