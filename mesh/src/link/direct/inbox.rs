//! The inbox of a gateway: one task that takes what did not go straight.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use super::{N, Pair};
use crate::link::{LinkEvents, LinkId};

/// How many envelopes an inbox takes before other tasks have their turn.
const ROUND_LEN: usize = 128;

/// Takes what comes over the direct links of one gateway, in one task that lives as long as there are any.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<InboxState>,
    news: Notify,
}

#[derive(Default)]
struct InboxState {
    ready: VecDeque<Ready>,
    links: BTreeMap<LinkId, (Weak<Pair>, N)>,
    is_running: bool,
}

/// An end with something to look at.
pub(super) struct Ready {
    pub(super) pair: Arc<Pair>,
    pub(super) n: N,
    pub(super) id: LinkId,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, InboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is one link more.
    pub(super) fn begin(self: &Arc<Inbox>, pair: &Arc<Pair>, n: N, id: LinkId, events: Arc<dyn LinkEvents>) {
        let is_running = {
            let mut state = self.lock();
            state.links.insert(id, (Arc::downgrade(pair), n));
            std::mem::replace(&mut state.is_running, true)
        };
        // Without the lock: a runtime that ends drops the task here and now.
        if !is_running {
            tokio::spawn(Running { inbox: self.clone(), is_over: false }.run(events));
        }
    }

    pub(super) fn call(&self, ready: Ready) {
        let mut state = self.lock();
        // Nobody comes back when the runtime has dropped the task.
        if !state.is_running {
            return;
        }
        let is_first = state.ready.is_empty();
        state.ready.push_back(ready);
        drop(state);
        if is_first {
            self.news.notify_one();
        }
    }
}

/// The task of an inbox; dropped before it is over, it runs no more.
struct Running {
    inbox: Arc<Inbox>,
    is_over: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut state = self.inbox.lock();
        state.is_running = false;
        let (ready, links) = (std::mem::take(&mut state.ready), std::mem::take(&mut state.links));
        drop(state);
        drop(ready);
        // They would keep their gateways, and these them; and the other sides hear of it.
        for (pair, n) in links.into_values().filter_map(|(pair, n)| Some((pair.upgrade()?, n))) {
            let taker = pair.lock().sides[n].taker.take();
            pair.end(n, "its runtime has ended", "the runtime of the other side has ended");
            drop(taker);
        }
    }
}

impl Running {
    async fn run(mut self, events: Arc<dyn LinkEvents>) {
        let inbox = self.inbox.clone();
        let mut count = 0;
        loop {
            let ready = {
                let mut state = inbox.lock();
                if state.ready.is_empty() && state.links.is_empty() {
                    // Under the lock: who begins another link starts another task.
                    state.is_running = false;
                    self.is_over = true;
                    return;
                }
                state.ready.pop_front()
            };
            let Some(Ready { pair, n, id }) = ready else {
                inbox.news.notified().await;
                continue;
            };
            let (taken, is_lost) = pair.turn(n, id, &*events);
            if is_lost {
                inbox.lock().links.remove(&id);
            }
            count += taken;
            if count >= ROUND_LEN {
                count = 0;
                tokio::task::yield_now().await;
            }
        }
    }
}

#[cfg(test)]
impl Inbox {
    /// Whether its task is there.
    pub(super) fn is_running(&self) -> bool {
        self.lock().is_running
    }
}
