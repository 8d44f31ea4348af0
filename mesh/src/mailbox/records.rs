//! A queue of things of different sizes, one behind the other in one piece of memory.
//!
//! A message is 72 bytes in the hand, for the largest arguments that travel in place and for headers that few bring; most
//! have a word or two to say. Here each takes the words that it needs, so a long queue is a third as long in memory, which
//! is what a deep one costs. It is filled at the end and emptied from the front, as a whole: the consumer swaps it out.

#![expect(unsafe_code, reason = "messages of different sizes in one piece of memory; see the proofs below")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// The unit of the memory, and its alignment.
pub type Word = MaybeUninit<u64>;

/// How many words there are behind the last record, at least: a record is read and written in larger steps than it is.
pub const SLACK: usize = 4;

/// How many words a record has at most, with what is written behind it.
pub const WHOLE: usize = 9;

/// Room for one record.
pub type Room = [Word; WHOLE];

/// The room of a queue that is used for the first time, in words.
const FIRST: usize = 28;

/// Something that is kept as words.
///
/// # Safety
/// `write` touches at most `words() + SLACK` words from `to`, and not more than [`WHOLE`], and `read` as many; `read` of
/// what `write` wrote gives the same thing, and how many words it took: as many as `words()` said, at least one.
pub unsafe trait Record: Sized {
    /// How many words it takes.
    fn words(&self) -> usize;

    /// Writes it.
    ///
    /// # Safety
    /// There are `words() + SLACK` words from `to` on, which nobody else uses.
    unsafe fn write(self, to: *mut Word);

    /// Reads it, which moves it out: once. Also how many words it took.
    ///
    /// # Safety
    /// `from` is where one was written and not read yet, and there are `SLACK` words behind it.
    unsafe fn read(from: *const Word) -> (Self, usize);
}

/// Something that becomes a record when it is put into a queue, without being one before: it is written straight to where
/// it lies.
///
/// # Safety
/// As [`Record`], for `words` and `write`: what is written is what `into_record` would have written.
pub unsafe trait Pack<T: Record>: Sized {
    /// How many words it takes.
    fn words(&self) -> usize;

    /// Writes it.
    ///
    /// # Safety
    /// As [`Record::write`].
    unsafe fn write(self, to: *mut Word);

    /// As a record.
    fn into_record(self) -> T;
}

// SAFETY: it is the record.
unsafe impl<T: Record> Pack<T> for T {
    #[inline]
    fn words(&self) -> usize {
        Record::words(self)
    }

    #[inline]
    unsafe fn write(self, to: *mut Word) {
        // SAFETY: as the caller promises.
        unsafe { Record::write(self, to) }
    }

    #[inline]
    fn into_record(self) -> T {
        self
    }
}

/// The queue.
pub struct Records<T: Record> {
    /// Its capacity is `SLACK` larger than its length, or 0; its length is the end of the last record.
    words: Vec<Word>,
    /// Where the first record begins. Equal to the length when there is none, and then both are 0.
    start: usize,
    _of: PhantomData<T>,
}

impl<T: Record> Records<T> {
    /// Nothing.
    pub const fn new() -> Records<T> {
        Records { words: Vec::new(), start: 0, _of: PhantomData }
    }

    /// Whether there is nothing.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Adds one at the end.
    #[inline]
    pub fn push(&mut self, record: impl Pack<T>) {
        let words = record.words();
        if self.words.capacity() - self.words.len() < words + SLACK {
            self.grow(words);
        }
        let end = self.words.len();
        // SAFETY: there is room behind the end, for it and for the slack, as just checked. What is between the old length
        // and the new one was just written, and words may be uninitialised anyway.
        unsafe {
            record.write(self.words.as_mut_ptr().add(end));
            self.words.set_len(end + words);
        }
    }

    #[cold]
    fn grow(&mut self, words: usize) {
        let free = self.start;
        if free > 0 && free >= self.words.len() / 2 {
            // Taken from the front one by one, as with `drop_oldest`: what is left moves there.
            self.words.drain(..free);
            self.start = 0;
        }
        self.words.reserve(words.max(FIRST) + SLACK);
    }

    /// Takes the first.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        if self.words.is_empty() {
            return None;
        }
        // SAFETY: a record begins at `start`, since the queue is not empty; `start` moves on, so it is read once. Behind the
        // last record there is the slack.
        let (record, words) = unsafe { T::read(self.words.as_ptr().add(self.start)) };
        self.start += words;
        if self.start == self.words.len() {
            self.start = 0;
            self.words.clear();
        }
        Some(record)
    }

    /// Takes the first without moving it: `look` says what it is, and how many words it has.
    ///
    /// What lies there is then the caller's, who moves it out before the queue is used again: nothing is written there
    /// until then.
    #[inline]
    pub fn pop_in_place<R>(&mut self, look: impl FnOnce(*mut Word) -> (R, usize)) -> Option<R> {
        if self.words.is_empty() {
            return None;
        }
        // SAFETY: a record begins at `start`, since the queue is not empty.
        let (taken, words) = look(unsafe { self.words.as_mut_ptr().add(self.start) });
        self.start += words;
        if self.start == self.words.len() {
            self.start = 0;
            self.words.clear();
        }
        Some(taken)
    }

    /// Puts one before the first: for the rare case that it comes back, since the others move.
    pub fn push_front(&mut self, record: T) {
        let mut all = Records::new();
        all.push(record);
        all.append(self);
        *self = all;
    }

    /// Moves all of another behind these.
    pub fn append(&mut self, other: &mut Records<T>) {
        while let Some(record) = other.pop() {
            self.push(record);
        }
    }

    /// Takes all of them.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| self.pop())
    }
}

impl<T: Record> Default for Records<T> {
    fn default() -> Records<T> {
        Records::new()
    }
}

impl<T: Record> Drop for Records<T> {
    fn drop(&mut self) {
        self.drain().for_each(drop);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use super::*;

    // SAFETY: one word each.
    unsafe impl Record for u32 {
        fn words(&self) -> usize {
            1
        }
        unsafe fn write(self, to: *mut Word) {
            // SAFETY: as promised.
            unsafe { to.cast::<u32>().write(self) }
        }
        unsafe fn read(from: *const Word) -> (u32, usize) {
            // SAFETY: as promised.
            (unsafe { from.cast::<u32>().read() }, 1)
        }
    }

    /// Of one to three words, by its number, and counted.
    struct Sized3(u64, Arc<()>);

    // SAFETY: the number, the pointer, and words that are not looked at, as many as the number says.
    unsafe impl Record for Sized3 {
        fn words(&self) -> usize {
            2 + (self.0 % 3) as usize
        }
        unsafe fn write(self, to: *mut Word) {
            // SAFETY: two words at least, as promised.
            unsafe {
                to.cast::<u64>().write(self.0);
                to.add(1).cast::<Arc<()>>().write(self.1);
            }
        }
        unsafe fn read(from: *const Word) -> (Sized3, usize) {
            // SAFETY: as written above.
            let one = unsafe { Sized3(from.cast::<u64>().read(), from.add(1).cast::<Arc<()>>().read()) };
            let words = Record::words(&one);
            (one, words)
        }
    }

    #[test]
    fn it_is_a_queue_whatever_is_done_to_it() {
        let count = Arc::new(());
        let mut rng = fastrand::Rng::with_seed(7);
        let (mut queue, mut model, mut next) = (Records::new(), VecDeque::new(), 0);
        for _ in 0..if cfg!(miri) { 400 } else { 20_000 } {
            match rng.u32(..9) {
                0..=3 => {
                    queue.push(Sized3(next, count.clone()));
                    model.push_back(next);
                    next += 1;
                }
                4..=6 => assert_eq!(queue.pop().map(|one| one.0), model.pop_front()),
                7 => {
                    queue.push_front(Sized3(next, count.clone()));
                    model.push_front(next);
                    next += 1;
                }
                _ => {
                    let mut batch = std::mem::take(&mut queue);
                    queue.append(&mut batch);
                    assert!(batch.is_empty());
                }
            }
            assert_eq!(queue.is_empty(), model.is_empty());
            assert_eq!(Arc::strong_count(&count), model.len() + 1, "each is there once");
        }
        drop(queue);
        assert_eq!(Arc::strong_count(&count), 1, "what is left is dropped");
    }

    #[test]
    fn a_queue_that_is_emptied_from_the_front_does_not_grow() {
        let mut queue = Records::new();
        (0..10).for_each(|n| queue.push(n));
        for n in 10..if cfg!(miri) { 400 } else { 10_000_u32 } {
            queue.push(n);
            assert_eq!(queue.pop(), Some(n - 10));
        }
        assert!(queue.words.capacity() < 256, "{}", queue.words.capacity());
    }
}
