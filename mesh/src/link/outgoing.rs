//! What is to be written: small frames one after the other in one buffer, large parts between them as they are.
//!
//! ```text
//! segments: [frames][part][frames][part]…   tail: frames that are still being added to
//! ```

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;

/// A byte string of at least this length is written from where it is; copying a shorter one is cheaper.
const PART_LEN_MIN: usize = 16 << 10;

/// The most pieces that go into one write.
const SLICES_MAX: usize = 16;

/// The largest empty buffer, in bytes, that is kept for the next time.
const KEEP_LEN_MAX: usize = 256 << 10;

/// Bytes in the order in which they are to be written.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    segments: VecDeque<Bytes>,
    tail: BytesMut,
    /// How much of the tail is written; not 0 only without segments.
    tail_written: usize,
    len: usize,
}

impl Outgoing {
    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends what `put` writes, which appends only.
    pub(super) fn append<E>(&mut self, put: impl FnOnce(&mut BytesMut) -> Result<(), E>) -> Result<(), E> {
        let before = self.tail.len();
        let done = put(&mut self.tail);
        self.len += self.tail.len() - before;
        done
    }

    /// Appends a byte string; a long one is not copied.
    pub(super) fn append_bytes(&mut self, bytes: &Bytes) {
        self.len += bytes.len();
        if bytes.len() < PART_LEN_MIN {
            return self.tail.extend_from_slice(bytes);
        }
        let mut tail = self.tail.split();
        tail.advance(std::mem::take(&mut self.tail_written));
        if !tail.is_empty() {
            self.segments.push_back(tail.freeze());
        }
        self.segments.push_back(bytes.clone());
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.segments.clear();
        self.tail.clear();
        if self.tail.capacity() > KEEP_LEN_MAX {
            self.tail = BytesMut::new();
        }
        (self.tail_written, self.len) = (0, 0);
    }

    /// Writes until nothing is left. What is written is remembered: it goes on from there when polled again.
    pub(super) fn poll_write(
        &mut self,
        writer: &mut (dyn AsyncWrite + Send + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let written = if self.segments.is_empty() {
                Pin::new(&mut *writer).poll_write(cx, &self.tail[self.tail_written..])
            } else if writer.is_write_vectored() {
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                let pieces = self.segments.iter().map(|segment| &segment[..]).chain([&self.tail[..]]);
                let mut count = 0;
                for (slice, piece) in slices.iter_mut().zip(pieces) {
                    *slice = IoSlice::new(piece);
                    count += 1;
                }
                Pin::new(&mut *writer).poll_write_vectored(cx, &slices[..count])
            } else {
                Pin::new(&mut *writer).poll_write(cx, &self.segments[0])
            };
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.advance(written),
            }
        }
        self.clear();
        Pin::new(writer).poll_flush(cx)
    }

    fn advance(&mut self, mut written: usize) {
        self.len -= written;
        while let Some(first) = self.segments.front_mut() {
            if written < first.len() {
                return first.advance(written);
            }
            written -= first.len();
            self.segments.pop_front();
        }
        self.tail_written += written;
    }
}
