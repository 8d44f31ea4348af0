//! One thread for each process that runs in real time: it moves the coarse time on, names handlers that hold a thread, and
//! lets peers hear of the process while all of its threads are held.
//!
//! A handler that blocks takes a thread from all other actors of its process. The watchdog looks at the threads, not at
//! the actors, so it costs the same however many there are; actors leave behind whom a thread runs with two plain stores
//! a turn, and what they do with three a message. Where time is simulated there is none. It keeps no proc alive, and
//! ends with its value.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak, mpsc};
use std::time::Duration;

use crate::activity::{TICK_MS, Turn, set_now_ms, turns};
use crate::clock;
use crate::config;
use crate::inspect::thread_key;
use crate::outbox::{Outbox, Resident};

/// After how many ticks links are made to say something: every second.
const BEAT_TICKS: u32 = 10;

/// The beginning of the coarse time, which a process has one of.
static START: OnceLock<tokio::time::Instant> = OnceLock::new();

/// The thread of the watchdog. Dropped, it ends.
#[derive(Debug)]
pub struct Watchdog {
    _open: mpsc::Sender<()>,
}

impl Watchdog {
    /// Watches the threads for the actors of the proc of `outbox`.
    ///
    /// # Errors
    /// When the system has no thread to give; nothing is watched then.
    pub fn start(outbox: &Arc<Outbox>) -> io::Result<Watchdog> {
        const STACK_LEN: usize = 256 << 10;
        let after = outbox.config().get(config::BLOCKED_AFTER);
        let (open, ended) = mpsc::channel();
        let mut watch = Watch { outbox: Arc::downgrade(outbox), after, held: BTreeMap::new() };
        // One that was dropped goes before its next tick.
        let ended = Mutex::new(ended);
        let start = *START.get_or_init(clock::now);
        // What is started before the first tick is known to be so.
        set_now_ms(1);
        std::thread::Builder::new().name("mesh-watchdog".into()).stack_size(STACK_LEN).spawn(move || {
            let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
            let mut ticks = 0;
            while let Err(mpsc::RecvTimeoutError::Timeout) =
                ended.recv_timeout(Duration::from_millis(TICK_MS))
            {
                let elapsed = clock::now().saturating_duration_since(start);
                set_now_ms(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1));
                watch.look(elapsed);
                ticks = (ticks + 1) % BEAT_TICKS;
                if ticks == 0 {
                    watch.beat();
                }
            }
        })?;
        Ok(Watchdog { _open: open })
    }
}

/// A turn that was seen before.
struct Held {
    since: Duration,
    told: bool,
}

struct Watch {
    outbox: Weak<Outbox>,
    after: Duration,
    held: BTreeMap<Turn, Held>,
}

impl Watch {
    /// Has peers hear of this process, also while all threads of its runtime are held.
    fn beat(&self) {
        if let Some(outbox) = self.outbox.upgrade() {
            outbox.gateway().beat();
        }
    }

    /// Looks at the threads; `now` is the time of this watch.
    fn look(&mut self, now: Duration) {
        if self.after.is_zero() {
            return;
        }
        let turns = turns();
        self.held.retain(|turn, _| turns.contains(turn));
        let mut blocked = Vec::new();
        for turn in turns {
            let held = self.held.entry(turn).or_insert(Held { since: now, told: false });
            let lasts = now.saturating_sub(held.since);
            if lasts >= self.after && !std::mem::replace(&mut held.told, lasts >= self.after) {
                blocked.push((turn, lasts));
            }
        }
        if blocked.is_empty() {
            return;
        }
        let residents = self.outbox.upgrade().and_then(|outbox| outbox.residents());
        let Some(residents) = residents else { return };
        for (turn, lasts) in blocked {
            if let Some(actor) = residents.find(&|id| thread_key(id) == turn.actor) {
                warn(&*actor, lasts);
            }
        }
    }
}

fn warn(actor: &dyn Resident, lasts: Duration) {
    let report = actor.inspect();
    let handler = report.busy.map_or_else(|| report.phase.to_string(), |busy| busy.handler);
    let held_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(
        actor = %report.id,
        %handler,
        held_ms,
        queued = report.queued,
        "a handler holds its thread; work that blocks belongs into `cx.spawn_blocking`"
    );
}
