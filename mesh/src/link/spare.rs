//! Memory of byte strings that are not needed any more, kept for those that come.
//!
//! New memory costs more than what is put into it: each page is cleared and mapped as it is first written, and where a
//! length is not to be believed before the bytes have come, the buffer grows by halves and is copied as often. What was
//! there already is taken whole.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Shorter byte strings are not worth it.
pub(super) const LEN_MIN: usize = 128 << 10;

/// How much is kept in one process, in bytes.
const KEPT_LEN_MAX: usize = 8 << 20;

/// A buffer is not used for a byte string of less than a part of it.
const PART_MIN: usize = 4;

static SPARE: Mutex<Spare> = Mutex::new(Spare { buffers: Vec::new(), len: 0 });

/// Buffers that nobody uses.
struct Spare {
    buffers: Vec<Vec<u8>>,
    /// Of all, in bytes.
    len: usize,
}

impl Spare {
    fn take(&mut self, len: usize) -> Option<Vec<u8>> {
        let fits = |buffer: &Vec<u8>| (len..=len.saturating_mul(PART_MIN)).contains(&buffer.capacity());
        // The last is the one that is in the cache.
        let at = self.buffers.iter().rposition(fits)?;
        let buffer = self.buffers.swap_remove(at);
        self.len -= buffer.capacity();
        Some(buffer)
    }

    /// Keeps a buffer, unless there is enough.
    fn keep(&mut self, mut buffer: Vec<u8>) -> Option<Vec<u8>> {
        if self.len + buffer.capacity() > KEPT_LEN_MAX {
            return Some(buffer);
        }
        buffer.clear();
        self.len += buffer.capacity();
        self.buffers.push(buffer);
        None
    }
}

/// Bytes whose buffer is kept when they are dropped.
struct Kept(Vec<u8>);

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        let rest = SPARE.lock().unwrap_or_else(PoisonError::into_inner).keep(buffer);
        // Not under the lock.
        drop(rest);
    }
}

/// An empty buffer for a byte string of `len` bytes, if there is one.
pub(super) fn take(len: usize) -> Option<Vec<u8>> {
    if len < LEN_MIN {
        return None;
    }
    SPARE.lock().unwrap_or_else(PoisonError::into_inner).take(len)
}

/// What has arrived, of at least [`LEN_MIN`] bytes.
pub(super) fn bytes_of(bytes: Vec<u8>) -> Bytes {
    Bytes::from_owner(Kept(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_taken_by_what_fits() {
        let mut spare = Spare { buffers: Vec::new(), len: 0 };
        let of = |len: usize| Vec::with_capacity(len);
        assert!(spare.keep(of(LEN_MIN)).is_none());
        assert!(spare.keep(of(6 << 20)).is_none());
        assert!(spare.keep(of(2 << 20)).is_some(), "more than may be");
        assert_eq!(
            spare.take(LEN_MIN + 1).map(|buffer| buffer.capacity()),
            None,
            "too short, or far too long"
        );
        assert_eq!(spare.take(2 << 20).map(|buffer| buffer.capacity()), Some(6 << 20));
        assert_eq!(spare.take(LEN_MIN).map(|buffer| buffer.capacity()), Some(LEN_MIN));
        assert_eq!((spare.take(1), spare.len), (None, 0));
        let full = vec![7; 1 << 20];
        assert!(spare.keep(full).is_none());
        assert_eq!(spare.take(1 << 20).map(|buffer| buffer.len()), Some(0), "nothing of it is seen again");
    }

    #[test]
    fn what_has_arrived_is_there_until_the_last_is_dropped() {
        let bytes = bytes_of(vec![7; LEN_MIN]);
        let part = bytes.slice(LEN_MIN / 2..);
        drop(bytes);
        assert!(part.len() == LEN_MIN / 2 && part.iter().all(|byte| *byte == 7));
    }
}
