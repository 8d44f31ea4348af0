//! Large messages on their way out: cut into chunks, between which others go.
//!
//! ```text
//! large message ─► chunk chunk … chunk ─► data frame that says which chunks are its body and parts
//!                        ▲ small frames of others, chunks of others
//! held: what goes the same way as a large message, behind it
//! ```
//!
//! Invariants
//! - `LARGE-1` what one sender sends keeps its order: what comes behind a large message waits for it. Others do not.
//! - `LARGE-2` the bytes of a large message are shared, never copied, and kept until it is acknowledged.
//! - `LARGE-3` large messages have a window of their own, so that they stop no others: as many bytes again, or one alone.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::wire::envelope::{Body, Envelope, Lane, Lent, Target};
use crate::wire::session::Window;

/// A message with more bytes than this, body and parts together, is cut.
pub(super) const LARGE_LEN_MIN: usize = 128 << 10;

/// The longest chunk, in bytes.
pub(super) const CHUNK_LEN: usize = 256 << 10;

/// The most large messages whose chunks go between each other; the next ones wait.
pub(super) const ACTIVE_MAX: usize = 16;

/// What keeps its order: all that one sender sends to actors, since a cast among it may go to any of them; and what goes
/// to one port, and of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way([u64; 3]);

impl Way {
    fn of(Envelope { to, headers, .. }: &Envelope) -> Way {
        match to.target {
            Target::Handler { .. } | Target::Cast => {
                Way([0, headers.sender.proc.uid.0, headers.sender.uid.0])
            }
            Target::Port { port, .. } | Target::Replies { port } | Target::Fold { port, .. } => {
                Way([1, to.proc.uid.0, Lent::way(port)])
            }
        }
    }
}

/// A large message on its way.
#[derive(Debug)]
pub(super) struct Large {
    pub(super) stream: u32,
    nth: u64,
    way: Way,
    /// Without its payload.
    pub(super) envelope: Envelope,
    /// Its body, and its parts.
    pub(super) sections: Vec<Bytes>,
    section: usize,
    offset: usize,
}

/// A piece of a large message.
pub(super) struct Chunk {
    pub(super) stream: u32,
    pub(super) section: u16,
    /// The length of the whole section, in bytes.
    pub(super) total: u32,
    pub(super) bytes: Bytes,
}

impl Large {
    /// The next chunk; `None` when there are no more.
    pub(super) fn next_chunk(&mut self) -> Option<Chunk> {
        while self.sections.get(self.section).is_some_and(|section| self.offset == section.len()) {
            (self.section, self.offset) = (self.section + 1, 0);
        }
        let section = self.sections.get(self.section)?;
        let end = section.len().min(self.offset + CHUNK_LEN);
        let bytes = section.slice(self.offset..end);
        self.offset = end;
        Some(Chunk {
            stream: self.stream,
            section: u16::try_from(self.section).expect("PARTS_MAX fits"),
            total: u32::try_from(section.len()).expect("PARTS_LEN_MAX fits"),
            bytes,
        })
    }

    fn whole(self) -> Envelope {
        with_sections(self.envelope, self.sections)
    }
}

/// Puts the bytes of a large message into its envelope.
pub(super) fn with_sections(mut envelope: Envelope, sections: Vec<Bytes>) -> Envelope {
    if let Body::Message(payload) | Body::Reply(payload) = &mut envelope.body {
        let mut sections = sections.into_iter();
        payload.body = sections.next().unwrap_or_default();
        payload.parts = sections.collect();
    }
    envelope
}

/// The large messages of a link, and what waits behind them.
#[derive(Debug, Default)]
pub(super) struct LargeQueue {
    active: VecDeque<Large>,
    /// What goes the same way as another one before it, in order; also large ones beyond [`ACTIVE_MAX`]. And which of
    /// those that were taken it is.
    waiting: BTreeMap<Way, VecDeque<(u64, Envelope)>>,
    /// How many were taken, ever.
    taken: u64,
    /// The ways whose first waits for a place among the active.
    ready: VecDeque<Way>,
    /// The way of one that has just been sent.
    freed: Option<Way>,
    waiting_messages: u64,
    waiting_bytes: u64,
    /// Sent, and not acknowledged: the number of the data frame, and the bytes.
    landing: VecDeque<(u64, Vec<Bytes>)>,
    /// Acknowledged.
    landed: Vec<Bytes>,
    /// The bytes of large messages that are not acknowledged.
    large_bytes: u64,
    next_stream: u32,
}

fn len_of(envelope: &Envelope) -> usize {
    envelope.payload().map_or(0, |payload| payload.len_bytes())
}

fn is_large(envelope: &Envelope) -> bool {
    len_of(envelope) > LARGE_LEN_MIN
}

impl LargeQueue {
    /// Whether nothing is to be sent.
    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty() && self.waiting.is_empty()
    }

    /// How many envelopes it has taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether the first of those that it has taken are sent, so many.
    pub(super) fn has_sent(&self, first: u64) -> bool {
        let waiting = self.waiting.values().filter_map(VecDeque::front).map(|(nth, _)| *nth);
        self.active.iter().map(|large| large.nth).chain(waiting).all(|nth| nth > first)
    }

    /// Whether an envelope is to go this way: it is large, or behind one.
    pub(super) fn takes(&self, envelope: &Envelope) -> bool {
        is_large(envelope) || (!self.is_empty() && self.is_blocked(Way::of(envelope)))
    }

    fn is_blocked(&self, way: Way) -> bool {
        self.active.iter().any(|large| large.way == way) || self.waiting.contains_key(&way)
    }

    /// Whether it fits; `window` is that of the session (`LARGE-3`).
    pub(super) fn admits(&self, envelope: &Envelope, window: Window) -> bool {
        let Window { messages, len_bytes: bytes } = window;
        let len = len_of(envelope) as u64;
        if envelope.bound_lane() == Lane::Control {
            return true;
        }
        if is_large(envelope) {
            return self.large_bytes == 0 || self.large_bytes.saturating_add(len) <= bytes;
        }
        self.waiting_messages < messages && self.waiting_bytes.saturating_add(len) <= bytes
    }

    /// Takes an envelope.
    pub(super) fn push(&mut self, envelope: Envelope) {
        let len = len_of(&envelope) as u64;
        if is_large(&envelope) {
            self.large_bytes += len;
        } else if envelope.bound_lane() == Lane::Data {
            self.waiting_messages += 1;
            self.waiting_bytes += len;
        }
        let way = Way::of(&envelope);
        let is_blocked = self.is_blocked(way);
        self.taken += 1;
        if !is_blocked && self.active.len() < ACTIVE_MAX {
            return self.activate(self.taken, envelope);
        }
        self.waiting.entry(way).or_default().push_back((self.taken, envelope));
        if !is_blocked {
            self.ready.push_back(way);
        }
    }

    fn activate(&mut self, nth: u64, mut envelope: Envelope) {
        let way = Way::of(&envelope);
        let mut sections = Vec::new();
        if let Body::Message(payload) | Body::Reply(payload) = &mut envelope.body {
            let payload = std::mem::take(payload);
            sections.push(payload.body);
            sections.extend(payload.parts);
        }
        let stream = self.next_stream;
        self.next_stream = stream.wrapping_add(1);
        self.active.push_back(Large { stream, nth, way, envelope, sections, section: 0, offset: 0 });
    }

    /// The next to send a chunk of: each in its turn. It is given back with [`LargeQueue::put_back`] or
    /// [`LargeQueue::landed`].
    pub(super) fn next(&mut self) -> Option<Large> {
        self.active.pop_front()
    }

    pub(super) fn put_back(&mut self, large: Large) {
        self.active.push_back(large);
    }

    /// All of it is sent; message `number` says so. What waited behind it is [`LargeQueue::released`].
    pub(super) fn landed(&mut self, number: u64, large: Large) {
        self.freed = Some(large.way);
        self.landing.push_back((number, large.sections));
    }

    /// The next of those that wait and need not wait any more. Large ones among them begin.
    pub(super) fn released(&mut self) -> Option<Envelope> {
        loop {
            let (way, has_place) = match self.freed.take() {
                Some(way) => (way, self.ready.is_empty()),
                None if self.active.len() < ACTIVE_MAX => (self.ready.pop_front()?, true),
                None => return None,
            };
            let Some(queue) = self.waiting.get_mut(&way) else { continue };
            if !has_place && queue.front().is_some_and(|(_, next)| is_large(next)) {
                // Others have waited longer for the place.
                self.ready.push_back(way);
                continue;
            }
            let next = queue.pop_front();
            let is_last = queue.is_empty();
            if is_last {
                self.waiting.remove(&way);
            }
            let Some((nth, envelope)) = next else { continue };
            if is_large(&envelope) {
                self.activate(nth, envelope);
                continue;
            }
            self.freed = Some(way);
            if envelope.headers.lane == Lane::Data {
                self.waiting_messages -= 1;
                self.waiting_bytes -= len_of(&envelope) as u64;
            }
            return Some(envelope);
        }
    }

    /// Everything up to `number` is acknowledged: its bytes are [`LargeQueue::take_landed`].
    pub(super) fn acked(&mut self, number: u64) {
        while self.landing.front().is_some_and(|(of, _)| *of <= number)
            && let Some((_, sections)) = self.landing.pop_front()
        {
            self.large_bytes -= sections.iter().map(|section| section.len() as u64).sum::<u64>();
            self.landed.extend(sections);
        }
    }

    /// The bytes of what is acknowledged, to be dropped where no lock is held.
    pub(super) fn take_landed(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.landed)
    }

    /// Ends: the bytes of those that are sent and not acknowledged, and the others, oldest first.
    pub(super) fn into_returned(self) -> (impl Iterator<Item = Vec<Bytes>>, impl Iterator<Item = Envelope>) {
        // Each has begun behind those before it.
        let mut active: Vec<Large> = self.active.into();
        active.sort_unstable_by_key(|large| large.stream);
        let waiting = self.waiting.into_values().flatten().map(|(_, envelope)| envelope);
        let unsent = active.into_iter().map(Large::whole).chain(waiting);
        (self.landing.into_iter().map(|(_, sections)| sections), unsent)
    }
}

#[cfg(test)]
mod tests;
