//! Large messages on their way in: chunks are put together, each where the whole of it will lie.
//!
//! Invariants
//! - `ASSEMBLY-1` new memory is taken as bytes arrive: never more than twice of what has, or 64 KiB, ahead (`WIRE-1`). What is
//!   spare is taken at once.
//! - `ASSEMBLY-2` what is not finished has at most [`UNFINISHED_LEN_MAX`] bytes, in [`STREAMS_MAX`] messages.
//! - `ASSEMBLY-3` of a chunk that was cut off nothing stays: it comes again as a whole.

use std::collections::BTreeMap;

use bytes::{Buf, BytesMut};

use super::gradual::bytes_of;
use super::large::{ACTIVE_MAX, CHUNK_LEN};
use super::spare;
use crate::wire::codec::{BODY_LEN_MAX, PARTS_MAX, Payload};
use crate::wire::frame::{ChunkFrame, PARTS_LEN_MAX, RESERVE_MAX};

/// The most large messages that are not finished.
const STREAMS_MAX: usize = 2 * ACTIVE_MAX;

/// The most bytes of large messages that are not finished.
const UNFINISHED_LEN_MAX: usize = PARTS_LEN_MAX + BODY_LEN_MAX;

/// The large messages that are not finished.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    streams: BTreeMap<u32, Vec<Vec<u8>>>,
    len: usize,
    /// The chunk that is arriving.
    arriving: Option<Arriving>,
}

/// A chunk that is arriving.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arriving {
    pub(super) ack: u64,
    pub(super) len: usize,
    stream: u32,
    section: usize,
    total: usize,
    left: usize,
}

impl Assembly {
    /// A chunk begins.
    ///
    /// # Errors
    /// What is wrong with it; it is final.
    pub(super) fn begin(&mut self, chunk: &ChunkFrame) -> Result<(), String> {
        let (section, len, total) = (usize::from(chunk.section), chunk.len, chunk.total as usize);
        if len == 0 || len > CHUNK_LEN {
            return Err(format!("a chunk of {len} bytes"));
        }
        if section > PARTS_MAX {
            return Err(format!("a message with a part {section}"));
        }
        if self.len + len > UNFINISHED_LEN_MAX {
            return Err("the messages that are not finished are too large".into());
        }
        let begun = self.streams.len();
        let sections = match self.streams.entry(chunk.stream) {
            std::collections::btree_map::Entry::Vacant(_) if begun >= STREAMS_MAX => {
                return Err(format!("more than {STREAMS_MAX} large messages at once"));
            }
            entry => entry.or_default(),
        };
        if sections.len() <= section {
            sections.resize_with(section + 1, Vec::new);
        }
        if sections[section].len() + len > total {
            return Err(format!("a chunk beyond the {total} bytes of its part"));
        }
        let ChunkFrame { ack, stream, .. } = *chunk;
        self.len += len;
        self.arriving = Some(Arriving { ack, len, stream, section, total, left: len });
        Ok(())
    }

    /// Where the rest of the chunk goes, and how many bytes it has; `None` when no chunk is arriving.
    pub(super) fn room(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        let Arriving { stream, section, total, left, .. } = self.arriving?;
        let bytes = self.streams.get_mut(&stream)?.get_mut(section)?;
        if bytes.capacity() == 0
            && let Some(spare) = spare::take(total)
        {
            *bytes = spare;
        }
        if bytes.capacity() == bytes.len() {
            let ahead = bytes.len().max(RESERVE_MAX).min(total - bytes.len());
            bytes.reserve_exact(ahead);
        }
        Some((bytes, left))
    }

    /// Whether more of a message is to come.
    pub(super) fn is_unfinished(&self) -> bool {
        !self.streams.is_empty()
    }

    /// Bytes were put into the room; gives the chunk if that was all.
    pub(super) fn filled(&mut self, count: usize) -> Option<Arriving> {
        let arriving = self.arriving.as_mut()?;
        arriving.left -= count;
        if arriving.left == 0 { self.arriving.take() } else { None }
    }

    /// Takes what it can off the front of `buffer`; gives the chunk if that was all.
    pub(super) fn fill_from(&mut self, buffer: &mut BytesMut) -> Option<Arriving> {
        let (bytes, left) = self.room()?;
        let count = left.min(buffer.len());
        bytes.extend_from_slice(&buffer[..count]);
        buffer.advance(count);
        self.filled(count)
    }

    /// The connection is no more (`ASSEMBLY-3`).
    pub(super) fn cut(&mut self) {
        let Some(Arriving { stream, section, len, left, .. }) = self.arriving.take() else { return };
        self.len -= len;
        if let Some(bytes) = self.streams.get_mut(&stream).and_then(|sections| sections.get_mut(section)) {
            bytes.truncate(bytes.len() - (len - left));
        }
    }

    /// The message of a stream is finished: `count` sections, some of which may be empty.
    ///
    /// # Errors
    /// There is no such one; it is final.
    pub(super) fn finish(&mut self, stream: u32, count: usize) -> Result<Payload, String> {
        let sections =
            self.streams.remove(&stream).ok_or_else(|| format!("a message of no chunks ({stream})"))?;
        self.len -= sections.iter().map(Vec::len).sum::<usize>();
        if sections.len() > count || count > PARTS_MAX + 1 {
            return Err(format!("a message of {count} sections, of which {} came", sections.len()));
        }
        let mut sections = sections.into_iter().map(bytes_of);
        let body = sections.next().unwrap_or_default();
        if body.len() > BODY_LEN_MAX {
            return Err(format!("a body of {} bytes", body.len()));
        }
        let mut parts: Vec<_> = sections.collect();
        parts.resize(count.saturating_sub(1), bytes::Bytes::new());
        Ok(Payload { body, parts })
    }
}

#[cfg(test)]
mod tests;
