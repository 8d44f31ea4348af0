//! The bytes of a link: what is not acknowledged, and what is being written to the connection.
//!
//! ```text
//!  oldest unacknowledged                        newest
//!  ▼                                            ▼
//!  [piece][piece]│[piece][part][piece] tail: frames that are still being added to
//!  ── taken ─────┴── not taken ──────────────►  Outgoing: pieces on their way, shared, not copied
//! ```
//!
//! A frame is encoded once. It is written again from the same bytes, and decoded from them when it is returned.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;

use super::large::with_sections;
use crate::wire::codec::Payload;
use crate::wire::envelope::Envelope;
use crate::wire::frame::{Frame, FrameDecoder};
use crate::wire::heads::HeadReader;

/// A byte string of at least this length is written from where it is; copying a shorter one is cheaper.
pub(super) const PART_LEN_MIN: usize = 16 << 10;

/// The most pieces that go into one write.
const SLICES_MAX: usize = 16;

/// How much memory, in bytes, is taken at a time.
const BLOCK_LEN: usize = 64 << 10;

/// A frame of the session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) kind: SentKind,
    /// Its length in bytes.
    pub(super) len: usize,
}

/// What a frame of the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentKind {
    /// An envelope.
    Whole,
    /// A piece of a large one.
    Chunk,
    /// An envelope whose bytes went before it.
    Beside,
}

/// The data frames that are not acknowledged, as bytes.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pieces: VecDeque<Bytes>,
    /// How many of the pieces were given to this connection.
    taken: usize,
    /// Never taken.
    tail: BytesMut,
    /// How many bytes are not taken.
    untaken: usize,
}

impl Backlog {
    /// How many bytes are not given to this connection yet.
    pub(super) fn untaken(&self) -> usize {
        self.untaken
    }

    /// Appends what `put` writes, which appends only: up to `len` bytes.
    pub(super) fn append<E>(
        &mut self,
        len: usize,
        put: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.pieces.is_empty() && self.tail.is_empty() {
            // All is acknowledged: begin at the front of the block again, which is in the cache, rather than go through it.
            let _ = self.tail.try_reclaim(BLOCK_LEN);
        }
        if self.tail.capacity() - self.tail.len() < len {
            self.end_tail();
            self.tail = BytesMut::with_capacity(len.max(BLOCK_LEN));
        }
        let before = self.tail.len();
        let done = put(&mut self.tail);
        self.untaken += self.tail.len() - before;
        done
    }

    /// Appends a byte string; a long one is not copied.
    pub(super) fn append_bytes(&mut self, bytes: &Bytes) {
        if bytes.len() < PART_LEN_MIN {
            let put = |tail: &mut BytesMut| {
                tail.extend_from_slice(bytes);
                Ok::<_, std::convert::Infallible>(())
            };
            let Ok(()) = self.append(bytes.len(), put);
            return;
        }
        self.end_tail();
        self.pieces.push_back(bytes.clone());
        self.untaken += bytes.len();
    }

    fn end_tail(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(self.tail.split().freeze());
        }
    }

    /// Gives to `outgoing` what is not taken yet.
    pub(super) fn take_into(&mut self, outgoing: &mut Outgoing) {
        self.end_tail();
        outgoing.pieces.extend(self.pieces.range(self.taken..).cloned());
        (self.taken, self.untaken) = (self.pieces.len(), 0);
    }

    /// The oldest `len` bytes are acknowledged.
    pub(super) fn release(&mut self, mut len: usize) {
        while len > 0 {
            let Some(oldest) = self.pieces.front_mut() else { return };
            if len < oldest.len() {
                return oldest.advance(len);
            }
            len -= oldest.len();
            self.pieces.pop_front();
            self.taken = self.taken.saturating_sub(1);
        }
    }

    /// There is another connection: everything is to be written again.
    pub(super) fn rewind(&mut self) {
        self.end_tail();
        self.taken = 0;
        self.untaken = self.pieces.iter().map(Bytes::len).sum();
    }

    /// The envelopes of the frames that were sent; `large` has the bytes of those that went in chunks.
    pub(super) fn into_envelopes(
        mut self,
        sent: impl Iterator<Item = Sent>,
        mut large: impl Iterator<Item = Vec<Bytes>>,
        mut heads: HeadReader,
    ) -> Vec<Envelope> {
        self.end_tail();
        let mut envelopes = Vec::new();
        for Sent { kind, len } in sent {
            let mut frame = if kind == SentKind::Chunk { BytesMut::new() } else { self.copy_front(len) };
            self.release(len);
            if kind == SentKind::Chunk {
                continue;
            }
            let Ok(Some(Frame { head, body, parts, .. })) = FrameDecoder::default().feed(&mut frame) else {
                unreachable!("FRAME-3: what was encoded here is decoded here");
            };
            let decoded = heads.decode(&head, Payload { body, parts });
            let envelope = decoded.expect("HEADS-1: what was encoded here is decoded here");
            envelopes.push(match kind {
                SentKind::Beside => with_sections(envelope, large.next().unwrap_or_default()),
                SentKind::Whole | SentKind::Chunk => envelope,
            });
        }
        envelopes
    }

    fn copy_front(&self, len: usize) -> BytesMut {
        let mut copy = BytesMut::with_capacity(len);
        for piece in &self.pieces {
            let wanted = (len - copy.len()).min(piece.len());
            copy.extend_from_slice(&piece[..wanted]);
            if copy.len() == len {
                break;
            }
        }
        copy
    }
}

/// What is being written to a connection, and nowhere else.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<Bytes>,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Appends frames that are said once.
    pub(super) fn push(&mut self, frames: &mut BytesMut) {
        if !frames.is_empty() {
            self.pieces.push_back(frames.split().freeze());
        }
    }

    /// Writes until nothing is left. What is written is remembered: it goes on from there when polled again.
    pub(super) fn poll_write(
        &mut self,
        writer: &mut (dyn AsyncWrite + Send + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let written = if self.pieces.len() > 1 && writer.is_write_vectored() {
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                let mut count = 0;
                for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                    *slice = IoSlice::new(piece);
                    count += 1;
                }
                Pin::new(&mut *writer).poll_write_vectored(cx, &slices[..count])
            } else {
                Pin::new(&mut *writer).poll_write(cx, &self.pieces[0])
            };
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.advance(written),
            }
        }
        Pin::new(writer).poll_flush(cx)
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(first) = self.pieces.front_mut() {
            if written < first.len() {
                return first.advance(written);
            }
            written -= first.len();
            self.pieces.pop_front();
        }
    }
}

/// What an envelope counts in the window, in bytes.
pub(super) fn window_len(payload: &Payload) -> u64 {
    window_len_of(payload.len_bytes())
}

/// As [`window_len`], of a payload of `len` bytes: an envelope takes some memory wherever it waits.
pub(super) fn window_len_of(len: usize) -> u64 {
    (len + size_of::<Envelope>()) as u64
}
