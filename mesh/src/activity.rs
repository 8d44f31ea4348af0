//! What actors and threads are busy with, as numbers that anyone may read: nobody waits for an answer of theirs.
//!
//! Each actor has an [`Activity`]: its handler, and since when. Each thread that runs actors has a place that names the
//! one it runs, so that a thread that is held is found by looking at threads, not at actors. Written with plain stores,
//! by one side; what is read may be one message old. This module does not know actors: they are numbers here.
//!
//! The time is coarse: a counter that the watchdog of the process moves on, since a message is shorter than it takes to
//! read a clock. Where there is no watchdog, in a simulation, it stands still, and since when is not known.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// How often the coarse time moves on, in milliseconds.
pub const TICK_MS: u64 = 100;

// The process has one set of threads, and one time.
static NOW_MS: AtomicU64 = AtomicU64::new(0);
static THREADS: Mutex<Vec<Weak<ThreadPlace>>> = Mutex::new(Vec::new());

/// The coarse time, in milliseconds from a beginning of its own; 0 where it stands still.
pub fn now_ms() -> u64 {
    NOW_MS.load(Ordering::Relaxed)
}

/// Moves the coarse time on, never back.
pub fn set_now_ms(now_ms: u64) {
    NOW_MS.fetch_max(now_ms, Ordering::Relaxed);
}

/// A wait for a reply within the process: who waits for whom, both by their identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOf {
    /// Who waits.
    pub caller: u64,
    /// For whom; 0 where a port knows.
    pub callee: u64,
    /// The name of the handler.
    pub handler: &'static str,
}

/// What one actor is busy with. Written by whoever runs it, alone.
#[derive(Debug, Default)]
pub struct Activity {
    handler: AtomicU64,
    since_ms: AtomicU64,
}

impl Activity {
    /// A handler was started.
    pub fn begin(&self, handler: u64) {
        self.since_ms.store(now_ms(), Ordering::Relaxed);
        self.handler.store(handler, Ordering::Relaxed);
    }

    /// It has ended.
    pub fn end(&self) {
        self.handler.store(0, Ordering::Relaxed);
    }

    /// The handler that runs, and for how many milliseconds, where that is known.
    pub fn current(&self) -> Option<(u64, Option<u64>)> {
        let handler = self.handler.load(Ordering::Relaxed);
        let since = self.since_ms.load(Ordering::Relaxed);
        (handler != 0).then(|| (handler, (since != 0).then(|| now_ms().saturating_sub(since))))
    }
}

/// What one thread runs.
#[derive(Debug, Default)]
struct ThreadPlace {
    actor: AtomicU64,
    /// Raised each time an actor is run.
    turn: AtomicU64,
}

thread_local! {
    static PLACE: OnceCell<Arc<ThreadPlace>> = const { OnceCell::new() };
}

fn threads() -> MutexGuard<'static, Vec<Weak<ThreadPlace>>> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn register() -> Arc<ThreadPlace> {
    let place = Arc::new(ThreadPlace::default());
    let mut threads = threads();
    threads.retain(|thread| thread.strong_count() > 0);
    threads.push(Arc::downgrade(&place));
    place
}

/// Runs an actor for a while on this thread, and names it meanwhile.
pub fn on_this_thread<T>(actor: u64, run: impl FnOnce() -> T) -> T {
    /// Also when it panics.
    struct Leave(u64);
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = PLACE.try_with(|place| {
                if let Some(place) = place.get() {
                    place.actor.store(self.0, Ordering::Relaxed);
                }
            });
        }
    }
    let outer = PLACE.try_with(|place| {
        let place = place.get_or_init(register);
        place.turn.store(place.turn.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        let outer = place.actor.load(Ordering::Relaxed);
        place.actor.store(actor, Ordering::Relaxed);
        outer
    });
    let _leave = Leave(outer.unwrap_or(0));
    run()
}

/// A thread that runs an actor just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// Which thread; it means nothing outside the process.
    pub thread: usize,
    /// The actor.
    pub actor: u64,
    /// Which of the thread's turns: if it is the same later, the actor has held the thread all the time.
    pub turn: u64,
}

/// The threads of this process that run an actor just now.
pub fn turns() -> Vec<Turn> {
    let places: Vec<Arc<ThreadPlace>> = threads().iter().filter_map(Weak::upgrade).collect();
    let running = places.iter().map(|place| Turn {
        thread: Arc::as_ptr(place).addr(),
        actor: place.actor.load(Ordering::Relaxed),
        turn: place.turn.load(Ordering::Relaxed),
    });
    running.filter(|turn| turn.actor != 0).collect()
}

#[cfg(test)]
mod tests;
