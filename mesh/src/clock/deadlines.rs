//! The deadlines of many waits that are nearly all over long before: one timer for all of them.
//!
//! A timer of its own would cost a wait more than what it waits for. Here a wait is one push onto a list; a task sweeps
//! the list once a tick, forgets what is over by then, and looks at the others again at their deadline, or when they are
//! twice as old: what is over never lies here for longer than it took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::now;
use crate::activity::CallOf;

/// How long a new wait lies on the list before it is looked at. A deadline is met exactly if it is later than that.
pub const TICK: Duration = Duration::from_millis(2);

/// Something that waits, until a deadline at most.
pub trait Wait: Send + Sync {
    /// Whether it still does.
    fn is_open(&self) -> bool;
    /// Its time is over.
    fn expire(&self);
    /// The call whose reply it waits for, if it is one.
    fn call(&self) -> Option<CallOf> {
        None
    }
}

#[derive(Default)]
struct Young {
    waits: Vec<Option<(Instant, Arc<dyn Wait>)>>,
    /// Places of `waits` that are empty.
    free: Vec<usize>,
    /// How often the list was swept.
    sweep: u64,
    /// The list is to be swept a tick from now, or sooner.
    armed: bool,
    running: bool,
}

#[derive(Default)]
struct Inner {
    young: Mutex<Young>,
    /// The list is not empty any more.
    filled: Notify,
    /// What outlived its first tick, by when it is looked at next.
    old: Mutex<BTreeMap<(Instant, u64), Old>>,
}

impl Inner {
    fn young(&self) -> MutexGuard<'_, Young> {
        self.young.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn old(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Old>> {
        self.old.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is on the list.
    fn sweep(&self) -> Vec<Option<(Instant, Arc<dyn Wait>)>> {
        let mut young = self.young();
        young.free.clear();
        young.sweep += 1;
        young.armed = false;
        std::mem::take(&mut young.waits)
    }
}

/// The place of a wait on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    sweep: u64,
    place: usize,
}

/// The deadlines of many waits.
#[derive(Default)]
pub struct Deadlines(Arc<Inner>);

impl Deadlines {
    /// Ends a wait at its deadline if it is still open then. `runtime` is asked for when nothing was watched before.
    pub fn watch(
        &self,
        runtime: impl FnOnce() -> Option<Handle>,
        at: Instant,
        wait: Arc<dyn Wait>,
    ) -> Watched {
        let mut young = self.0.young();
        let place = match young.free.pop() {
            Some(place) => {
                young.waits[place] = Some((at, wait));
                place
            }
            None => {
                young.waits.push(Some((at, wait)));
                young.waits.len() - 1
            }
        };
        let watched = Watched { sweep: young.sweep, place };
        if std::mem::replace(&mut young.armed, true) {
            return watched;
        }
        let running = std::mem::replace(&mut young.running, true);
        drop(young);
        if running {
            self.0.filled.notify_one();
            return watched;
        }
        match runtime() {
            Some(runtime) => drop(runtime.spawn(run(self.0.clone()))),
            None => {
                let mut young = self.0.young();
                (young.running, young.armed) = (false, false);
            }
        }
        watched
    }

    /// A wait is over. Its memory is free at once if it was not swept yet, as nearly all are not.
    pub fn forget(&self, watched: Watched) {
        let mut young = self.0.young();
        if young.sweep == watched.sweep {
            let wait = young.waits[watched.place].take();
            young.free.push(watched.place);
            drop(young);
            drop(wait);
        }
    }
}

impl Deadlines {
    /// The calls that wait for a reply, and since when about; those of the last tick only if they are still on the list.
    pub fn calls(&self) -> Vec<(CallOf, Duration)> {
        let now = now();
        let young: Vec<_> = self.0.young().waits.iter().flatten().map(|(_, wait)| wait.clone()).collect();
        let old: Vec<_> = self.0.old().values().map(|old| (old.wait.clone(), now - old.born)).collect();
        let all = young.into_iter().map(|wait| (wait, Duration::ZERO)).chain(old);
        all.filter(|(wait, _)| wait.is_open()).filter_map(|(wait, age)| Some((wait.call()?, age))).collect()
    }
}

/// A wait that outlived its first tick.
struct Old {
    at: Instant,
    born: Instant,
    wait: Arc<dyn Wait>,
}

/// Looks at waits until there are none.
async fn run(inner: Arc<Inner>) {
    let mut number = 0;
    let mut sweep_at = Some(now() + TICK);
    loop {
        let next = inner.old().first_key_value().map(|((at, _), _)| *at);
        let Some(at) = next.into_iter().chain(sweep_at).min() else {
            let mut young = inner.young();
            if !young.armed {
                young.running = false;
                return;
            }
            drop(young);
            sweep_at = Some(now() + TICK);
            continue;
        };
        tokio::select! {
            biased;
            () = sleep_until(at) => {}
            () = inner.filled.notified(), if sweep_at.is_none() => {
                sweep_at = Some(now() + TICK);
                continue;
            }
        }
        let time = now();
        let mut looked_at = Vec::new();
        if sweep_at.is_some_and(|at| at <= time) {
            sweep_at = None;
            // How old they are exactly is not known, and does not matter.
            let aged = |(at, wait)| Old { at, born: time - TICK, wait };
            looked_at.extend(inner.sweep().into_iter().flatten().map(aged));
        }
        let mut old = inner.old();
        while let Some(entry) = old.first_entry().filter(|entry| entry.key().0 <= time) {
            looked_at.push(entry.remove());
        }
        drop(old);
        for wait in looked_at.into_iter().filter(|old| old.wait.is_open()) {
            if wait.at <= time {
                wait.wait.expire();
            } else {
                number += 1;
                inner.old().insert((wait.at.min(time + (time - wait.born)), number), wait);
            }
        }
    }
}

#[cfg(test)]
mod tests;
