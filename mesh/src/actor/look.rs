//! An actor as seen from outside, without asking it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::cell::{ActorStatus, Cell};
use super::traits::{Actor, Exporter, Handler};
use crate::inspect::{ActorReport, Busy, Phase};
use crate::message::{Message, RemoteMessage};

/// Finds the name of a handler by its number.
struct NameOf {
    wanted: u64,
    found: Option<&'static str>,
}

impl NameOf {
    fn look_at<M: Message>(&mut self) {
        if M::ID == self.wanted {
            self.found = Some(M::NAME);
        }
    }
}

impl<A: Actor> Exporter<A> for NameOf {
    fn remote<M: RemoteMessage>(&mut self)
    where
        A: Handler<M>,
    {
        self.look_at::<M>();
    }

    fn local<M: Message>(&mut self)
    where
        A: Handler<M>,
    {
        self.look_at::<M>();
    }
}

fn handler_name<A: Actor>(id: u64) -> String {
    let mut name = NameOf { wanted: id, found: None };
    A::exports(&mut name);
    name.found.map_or_else(|| format!("handler {id:016x}"), str::to_owned)
}

/// What there is to see of an actor; whether it holds a thread, and what it waits for, its proc adds.
pub(super) fn report<A: Actor>(cell: &Cell<A>) -> ActorReport {
    let phase = match cell.status() {
        ActorStatus::Initializing | ActorStatus::Restarting => Phase::Initializing,
        ActorStatus::Running => Phase::Running,
        ActorStatus::Stopping => Phase::Stopping,
        ActorStatus::Ended(_) => Phase::Ended,
    };
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counters = cell.counters();
    ActorReport {
        type_name: std::any::type_name::<A>().to_owned(),
        owner: cell.supervisor.owner(),
        phase,
        busy: cell.activity.current().map(|(id, since_ms)| Busy {
            handler: handler_name::<A>(id),
            since: since_ms.map(Duration::from_millis),
            on_thread: false,
        }),
        queued: cell.queued() as u64,
        accepted: cell.accepted(),
        handled: read(&counters.handled),
        unhandled: read(&counters.returned) + read(&counters.expired) + read(&counters.dropped),
        undelivered: read(&counters.undelivered),
        restarts: cell.restarts().into(),
        ..ActorReport::of(cell.identity())
    }
}
