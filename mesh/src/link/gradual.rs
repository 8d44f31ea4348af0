//! Gives the memory of large byte strings back to the kernel bit by bit, where nobody waits for it.
//!
//! To unmap a GiB takes the kernel a tenth of a second, during which no thread of the process can map, grow or unmap
//! memory: the reader of a link, which grows a buffer now and then, stood still for as long, and with it all that shares
//! the link. In small steps, each of which holds the kernel's lock for a fraction of a millisecond, others come in between;
//! what is unmapped in the end is empty. A thread for blocking work does it, so that no task is held.

#![expect(unsafe_code, reason = "madvise on memory that is about to be freed; see `give_back`")]

use bytes::{Bytes, BytesMut};

use super::spare;

/// From this many bytes on it is worth a thread's while.
pub(super) const LEN_MIN: usize = 4 << 20;

/// How much is given back at a time.
const STEP_LEN: usize = 1 << 20;

/// A multiple of the page size of any machine.
const ALIGN: usize = 64 << 10;

/// Bytes whose memory is given back bit by bit when they are dropped.
#[derive(Debug)]
pub(super) struct Gradual<B: AsMut<[u8]> + Send + 'static>(Option<B>);

impl<B: AsMut<[u8]> + Send + 'static> Drop for Gradual<B> {
    fn drop(&mut self) {
        let Some(mut bytes) = self.0.take() else { return };
        let free = move || {
            give_back(bytes.as_mut());
            drop(bytes);
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(free)),
            Err(_) => free(),
        }
    }
}

impl AsRef<[u8]> for Gradual<Vec<u8>> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// What has arrived.
pub(super) fn bytes_of(bytes: Vec<u8>) -> Bytes {
    match bytes.len() {
        0..spare::LEN_MIN => bytes.into(),
        spare::LEN_MIN..LEN_MIN => spare::bytes_of(bytes),
        LEN_MIN.. => Bytes::from_owner(Gradual(Some(bytes))),
    }
}

/// Drops what has been sent. What others have too is theirs to give back.
pub(super) fn dispose(sent: Vec<Bytes>) {
    for bytes in sent {
        if bytes.len() >= LEN_MIN
            && let Ok(alone) = bytes.try_into_mut()
        {
            drop::<Gradual<BytesMut>>(Gradual(Some(alone)));
        }
    }
}

/// Gives the memory of `bytes` back, all but the ends; they are not to be read again.
#[cfg(all(target_os = "linux", not(miri)))]
fn give_back(bytes: &mut [u8]) {
    use rustix::mm::{Advice, madvise};

    let lead = bytes.as_ptr().align_offset(ALIGN);
    let Some(inner) = bytes.get_mut(lead..) else { return };
    for step in inner.chunks_exact_mut(STEP_LEN) {
        // SAFETY: nobody else has these bytes, which are whole pages of ours, and nobody reads them again; where they are
        // written again before they are freed, the kernel gives new memory. A refusal changes nothing.
        if unsafe { madvise(step.as_mut_ptr().cast(), step.len(), Advice::LinuxDontNeed) }.is_err() {
            return;
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn give_back(_: &mut [u8]) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Resident memory of this process, in bytes.
    #[cfg(target_os = "linux")]
    fn resident() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").expect("proc is mounted");
        let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
        pages * 4096
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_is_given_back_before_it_is_freed() {
        let mut bytes = vec![7; 64 << 20];
        let before = resident();
        give_back(&mut bytes);
        let after = resident();
        assert!(after + (48 << 20) < before, "{before}, then {after}");
        assert_eq!((bytes[0], bytes[32 << 20]), (7, 0));
        drop(bytes);
    }

    #[tokio::test]
    async fn what_has_arrived_is_there_until_the_last_is_dropped() {
        for len in [0, 100, LEN_MIN - 1, LEN_MIN, LEN_MIN + 12_345] {
            let bytes = bytes_of(vec![7; len]);
            let part = bytes.slice(len / 2..);
            drop(bytes);
            tokio::task::yield_now().await;
            assert_eq!(part.len(), len - len / 2);
            assert!(part.iter().all(|byte| *byte == 7), "{len} bytes");
        }
    }

    #[tokio::test]
    async fn what_was_sent_stays_with_those_who_have_it_too() {
        let bytes = Bytes::from(vec![7; LEN_MIN]);
        dispose(vec![bytes.clone(), Bytes::from(vec![1; LEN_MIN]), Bytes::from_static(b"short")]);
        assert!(bytes.iter().all(|byte| *byte == 7));
    }
}
