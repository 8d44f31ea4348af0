//! The span in which something is sent travels with it, and the handler that it comes to runs in a span that names it.
//!
//! Only where `MESH_TRACE_SPANS` says so: otherwise nothing is looked up, and nothing travels.

use std::cell::Cell;

use tracing::Span;
use tracing::span::Entered;

use super::Outbox;
use crate::ident::{ActorId, Uid};
use crate::wire::envelope::TraceContext;

thread_local! {
    /// The trace of the handler that this thread runs.
    static CURRENT: Cell<Option<TraceContext>> = const { Cell::new(None) };
}

impl Outbox {
    /// What travels with a message that is sent now: the span that this thread is in, and the trace that the handler it
    /// runs belongs to. A span outside of any handler begins a trace.
    pub(crate) fn trace(&self) -> Option<TraceContext> {
        if !self.traces {
            return None;
        }
        // Numbers of spans are unique in a process.
        let span = Span::current().id().map(|id| Uid(self.id.uid.0).member(id.into_u64()).0);
        match (CURRENT.get(), span) {
            (Some(outer), span_id) => {
                Some(TraceContext { span_id: span_id.unwrap_or(outer.span_id), ..outer })
            }
            (None, Some(span_id)) => {
                let high = Uid(span_id).member(0).0;
                Some(TraceContext { trace_id: (u128::from(high) << 64) | u128::from(span_id), span_id })
            }
            (None, None) => None,
        }
    }
}

/// The handling of a message that belongs to a trace.
pub(crate) struct Traced {
    trace: TraceContext,
    span: Span,
}

impl Traced {
    /// By `handler` of `actor`.
    pub(crate) fn new(trace: TraceContext, actor: &ActorId, handler: &'static str) -> Traced {
        // Of the gravest level, so that it is there for whatever event is.
        let span = tracing::error_span!(
            "handler",
            handler,
            %actor,
            trace_id = %format_args!("{:032x}", trace.trace_id),
            parent_id = %format_args!("{:016x}", trace.span_id),
        );
        Traced { trace, span }
    }

    /// Until what is given is dropped this thread is in it.
    pub(crate) fn enter(&self) -> InTrace<'_> {
        InTrace { before: CURRENT.replace(Some(self.trace)), _span: self.span.enter() }
    }
}

/// A thread is in the handling of a message.
pub(crate) struct InTrace<'a> {
    before: Option<TraceContext>,
    _span: Entered<'a>,
}

impl Drop for InTrace<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}
