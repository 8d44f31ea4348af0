//! `mesh/src/mailbox.rs`.

#[path = "../../src/mailbox/full.rs"]
mod full;
#[path = "../../src/mailbox/queue.rs"]
mod queue;
#[path = "../../src/mailbox/records.rs"]
mod records;
#[path = "../../src/mailbox/wait.rs"]
mod wait;

pub use full::FullPolicy;
pub use queue::{Accepted, Closed, Entered, First, Mailbox, Parked, Refusal, Rest, Taken, Urgent};
pub use records::{Pack, Record, Records, Room, SLACK, WHOLE, Word};
pub use wait::{Places, WaitCell, WaitOutcome, Waiting};

// SAFETY: one word, of which it fills the beginning.
#[expect(unsafe_code, reason = "messages are records; these are two bytes")]
unsafe impl Record for (u8, u8) {
    fn words(&self) -> usize {
        1
    }

    unsafe fn write(self, to: *mut Word) {
        // SAFETY: there is a word, as the caller promises.
        unsafe { to.cast::<(u8, u8)>().write(self) }
    }

    unsafe fn read(from: *const Word) -> ((u8, u8), usize) {
        // SAFETY: this is where one was written, as the caller promises.
        (unsafe { from.cast::<(u8, u8)>().read() }, 1)
    }
}

impl Urgent for (u8, u8) {
    fn signal(&self) -> Option<std::num::NonZeroU8> {
        (self.0 == u8::MAX).then_some(std::num::NonZeroU8::MIN)
    }

    fn of_signal(_: std::num::NonZeroU8) -> (u8, u8) {
        (u8::MAX, 0)
    }
}
