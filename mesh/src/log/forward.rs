//! The subscriber of `tracing` in a child: hands its events on with their fields, to where its lines go.

use std::cell::RefCell;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

use super::event::{Fields, LogEvent};
use super::record::Record;
use super::sink::StreamKind;

/// How many spans are kept at once; events in further ones do not name them.
const SPANS_MAX: usize = 1 << 16;

/// The value of `MESH_TRACE_LEVEL` that stands for the level of this process's own subscriber.
pub const TRACE_LEVEL_AUTO: &str = "auto";

/// The level that children are to hand on: the one that is set, or that of this process's own subscriber.
pub fn trace_level(set: &str) -> String {
    let level = match LevelFilter::from_str(set) {
        Ok(level) if set != TRACE_LEVEL_AUTO => level,
        _ => LevelFilter::current(),
    };
    level.to_string()
}

/// Has this child's events handed on, up to a level. Nothing happens if it is off, or unknown, or if the child has a
/// subscriber already.
pub(crate) fn forward_events(level: &str) {
    match LevelFilter::from_str(level) {
        Ok(level) if level != LevelFilter::OFF => {
            let forwarder = Forwarder { level, spans: Mutex::default(), next: AtomicU64::new(1) };
            let _ = tracing::subscriber::set_global_default(forwarder);
        }
        _ => {}
    }
}

struct Span {
    metadata: &'static Metadata<'static>,
    fields: Fields,
    handles: usize,
    parent: Option<u64>,
}

struct Forwarder {
    level: LevelFilter,
    spans: Mutex<FxHashMap<u64, Span>>,
    next: AtomicU64,
}

thread_local! {
    /// The spans that this thread is in, outermost first.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn innermost() -> Option<u64> {
    ENTERED.with_borrow(|entered| entered.last().copied())
}

impl Forwarder {
    fn spans(&self) -> MutexGuard<'_, FxHashMap<u64, Span>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The spans from `innermost` outwards, as they are shown: outermost first.
    fn path(&self, innermost: Option<u64>) -> Vec<String> {
        /// The most that are named.
        const NAMED_MAX: usize = 8;
        if innermost.is_none() {
            return Vec::new();
        }
        let spans = self.spans();
        let outwards = std::iter::successors(innermost.and_then(|id| spans.get(&id)), |span| {
            span.parent.and_then(|id| spans.get(&id))
        });
        let mut path: Vec<String> = outwards
            .take(NAMED_MAX)
            .map(|span| format!("{}{}", span.metadata.name(), span.fields.braced()))
            .collect();
        path.reverse();
        path
    }
}

impl Subscriber for Forwarder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let parent = match span.parent() {
            Some(parent) => Some(parent.into_u64()),
            None if span.is_contextual() => innermost(),
            None => None,
        };
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut spans = self.spans();
        if spans.len() < SPANS_MAX {
            // A span lives as long as those in it.
            if let Some(outer) = parent.and_then(|parent| spans.get_mut(&parent)) {
                outer.handles += 1;
            }
            spans.insert(id, Span { metadata: span.metadata(), fields, handles: 1, parent });
        }
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &SpanRecord<'_>) {
        if let Some(span) = self.spans().get_mut(&span.into_u64()) {
            values.record(&mut span.fields);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let parent = match event.parent() {
            Some(parent) => Some(parent.into_u64()),
            None if event.is_contextual() => innermost(),
            None => None,
        };
        let metadata = event.metadata();
        let record = Record::Event(LogEvent {
            proc: String::new(),
            level: (*metadata.level()).into(),
            target: metadata.target().to_owned(),
            spans: self.path(parent),
            fields: fields.0,
        });
        // Who reads our output is gone, and we will be soon.
        let _ = record.write_to(StreamKind::Stderr);
    }

    fn current_span(&self) -> Current {
        let Some(id) = innermost() else { return Current::none() };
        let metadata = self.spans().get(&id).map(|span| span.metadata);
        metadata.map_or_else(Current::none, |metadata| Current::new(Id::from_u64(id), metadata))
    }

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            if let Some(at) = entered.iter().rposition(|id| *id == span.into_u64()) {
                entered.remove(at);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some(span) = self.spans().get_mut(&id.into_u64()) {
            span.handles += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut spans = self.spans();
        let mut next = Some(id.into_u64());
        let mut closed = false;
        while let Some(id) = next.take() {
            let Some(span) = spans.get_mut(&id) else { break };
            span.handles -= 1;
            if span.handles == 0 {
                next = spans.remove(&id).and_then(|span| span.parent);
                closed = true;
            }
        }
        closed
    }
}
