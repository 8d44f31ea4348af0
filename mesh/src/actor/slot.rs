//! Memory for the future of the handler that runs, kept between messages: an async handler costs no allocation after
//! the first of its size. This file and `parcel` are the only ones of the hot path with `unsafe`.

#![expect(unsafe_code, reason = "a reused allocation instead of a box a message; see the proofs below")]

use std::future::Future;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The unit and the alignment of the memory.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
struct Block([u8; 16]);

/// The memory of the smallest futures: those that do nothing.
type Small = u64;

/// Memory for one future at a time.
pub(super) struct FutureSlot {
    memory: Box<[MaybeUninit<Block>]>,
    small: MaybeUninit<Small>,
    /// A future is in `memory`: set by `fill`, cleared when it has been dropped in place.
    occupied: bool,
}

impl Default for FutureSlot {
    fn default() -> FutureSlot {
        FutureSlot { memory: Box::default(), small: MaybeUninit::uninit(), occupied: false }
    }
}

// SAFETY: while `occupied`, the memory holds a future that was `Send`; otherwise it holds nothing.
unsafe impl Send for FutureSlot {}

impl FutureSlot {
    /// Puts a future in, to be driven through what is returned.
    pub(super) fn fill<'s, T, F>(&'s mut self, future: F) -> Filled<'s, T>
    where
        F: Future<Output = T> + Send + 's,
    {
        self.abandon_if_occupied();
        if align_of::<F>() > align_of::<Block>() {
            return Filled::Boxed(Box::pin(future));
        }
        // Without a destructor it has no claim on its memory if the guard is forgotten.
        if size_of::<F>() <= size_of::<Small>()
            && align_of::<F>() <= align_of::<Small>()
            && !std::mem::needs_drop::<F>()
        {
            let place: *mut F = self.small.as_mut_ptr().cast();
            // SAFETY: it fits, as just checked, and nothing is there: the slot is not occupied.
            unsafe { place.write(future) };
            self.occupied = true;
            let future = place as *mut (dyn Future<Output = T> + Send + 's);
            return Filled::InPlace(InPlace { future, slot: self });
        }
        let blocks = size_of::<F>().div_ceil(size_of::<Block>()).max(1);
        if self.memory.len() < blocks {
            self.memory = vec![MaybeUninit::uninit(); blocks].into_boxed_slice();
        }
        let place: *mut F = self.memory.as_mut_ptr().cast();
        // SAFETY: the memory is large enough and aligned as just checked, and unoccupied: nothing is overwritten.
        unsafe { place.write(future) };
        self.occupied = true;
        Filled::InPlace(InPlace { future: place as *mut (dyn Future<Output = T> + Send + 's), slot: self })
    }

    /// A guard that was forgotten left its future pinned here: its memory must never be used again.
    fn abandon_if_occupied(&mut self) {
        if self.occupied {
            std::mem::forget(std::mem::take(&mut self.memory));
            self.occupied = false;
        }
    }
}

impl Drop for FutureSlot {
    fn drop(&mut self) {
        self.abandon_if_occupied();
    }
}

/// The future in a slot; dropping it drops the future.
pub(super) enum Filled<'s, T> {
    InPlace(InPlace<'s, T>),
    /// Its alignment is larger than the slot's.
    Boxed(Pin<Box<dyn Future<Output = T> + Send + 's>>),
}

pub(super) struct InPlace<'s, T> {
    future: *mut (dyn Future<Output = T> + Send + 's),
    slot: &'s mut FutureSlot,
}

// SAFETY: it owns the future it points to, which is `Send`, and borrows the slot, which is.
unsafe impl<T> Send for InPlace<'_, T> {}

impl<T> Future for Filled<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut *self {
            // SAFETY: the future lives until this guard is dropped, and is never moved: the memory is not touched
            // otherwise while `slot` is borrowed, and not reused if the guard is forgotten.
            Filled::InPlace(place) => unsafe { Pin::new_unchecked(&mut *place.future) }.poll(cx),
            Filled::Boxed(future) => future.as_mut().poll(cx),
        }
    }
}

impl<T> Drop for InPlace<'_, T> {
    fn drop(&mut self) {
        // Stays set if the future panics while it is dropped: the memory is then abandoned.
        // SAFETY: the future was written by `fill` and is dropped only here, once.
        unsafe { std::ptr::drop_in_place(self.future) };
        self.slot.occupied = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn futures_of_any_size_run_and_are_dropped_once() {
        let mut slot = FutureSlot::default();
        let token = Arc::new(());
        for size in [1_usize, 64, 4096, 8] {
            let token = token.clone();
            let sum = slot.fill(async move {
                let bytes = vec![1_u8; size];
                tokio::task::yield_now().await;
                drop(token);
                bytes.len()
            });
            assert_eq!(sum.await, size);
        }
        let unpolled = token.clone();
        drop(slot.fill(async move { drop(unpolled) }));
        assert_eq!(Arc::strong_count(&token), 1);
    }

    #[tokio::test]
    async fn a_forgotten_guard_leaks_and_nothing_is_reused() {
        let mut slot = FutureSlot::default();
        std::mem::forget(slot.fill(async { 1 }));
        assert_eq!(slot.fill(async { 2 }).await, 2);
    }

    #[tokio::test]
    async fn an_overaligned_future_is_boxed() {
        #[repr(align(64))]
        struct Wide(u8);
        let mut slot = FutureSlot::default();
        let wide = Wide(7);
        let filled = slot.fill(async move {
            let whole = &wide;
            tokio::task::yield_now().await;
            whole.0
        });
        assert!(matches!(filled, Filled::Boxed(_)));
        assert_eq!(filled.await, 7);
    }
}
