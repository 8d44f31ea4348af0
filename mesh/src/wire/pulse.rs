//! The pulse of a connection: has something said when nothing else is, and notices that nothing is heard any more.
//!
//! Pure: it knows no clock. Whoever drives it calls [`Pulse::tick`] every [`TICK`] with what has been written and read so
//! far. Silence is counted in ticks at which this side was awake, not in time: a process that was stopped, or whose
//! threads were held, for longer than the bound has had one tick meanwhile, and blames nobody.
//!
//! Invariants
//! - `PULSE-1` nothing is said where something else was said since the tick before: at most two ticks lie between two
//!   signs of life of a side that is well.
//! - `PULSE-2` the other side is silent when it has not been heard for the whole ticks that the bound has, and never
//!   before that.

use std::time::Duration;

/// How often a pulse is looked at.
pub const TICK: Duration = Duration::from_millis(500);

/// What is to be done at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Nothing: something was said since the last.
    Rest,
    /// To say something, so that the other side hears that this one lives.
    Say,
    /// To give up: the other side has been silent for too long.
    Silent,
}

/// The pulse of one connection.
#[derive(Clone, Debug)]
pub struct Pulse {
    said: u64,
    heard: u64,
    quiet_ticks: u32,
    /// `None` where any silence is endured.
    quiet_ticks_max: Option<u32>,
}

impl Pulse {
    /// The pulse of a new connection on which `silence` is endured; any, if it is zero.
    pub fn new(silence: Duration) -> Pulse {
        let ticks = silence.as_millis().div_ceil(TICK.as_millis());
        let quiet_ticks_max = (ticks > 0).then(|| u32::try_from(ticks).unwrap_or(u32::MAX));
        Pulse { said: 0, heard: 0, quiet_ticks: 0, quiet_ticks_max }
    }

    /// Another tick is over; `said` and `heard` count what has been written and read so far, in whatever they count.
    pub fn tick(&mut self, said: u64, heard: u64) -> Beat {
        let is_quiet = std::mem::replace(&mut self.heard, heard) == heard;
        self.quiet_ticks = if is_quiet { self.quiet_ticks + 1 } else { 0 };
        if self.quiet_ticks_max.is_some_and(|max| self.quiet_ticks >= max) {
            return Beat::Silent;
        }
        if std::mem::replace(&mut self.said, said) == said { Beat::Say } else { Beat::Rest }
    }
}

#[cfg(test)]
mod tests;
