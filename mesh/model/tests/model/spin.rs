//! The lock.

use std::sync::Arc;

use loom::thread;
use mesh_model::alone::Alone;
use mesh_model::spin::Spin;

/// What one holder wrote is seen by the next, and there is one at a time: the cell complains of two that touch it with
/// no order between them.
///
/// Fails with: `Acquire` of the first swap, or of the one in `wait`, made `Relaxed`; `Release` of the unlocking made
/// `Relaxed`; `swap` made a load and a store; a `wait` that returns without the lock.
#[test]
fn one_at_a_time_is_in_and_sees_what_was_done_before() {
    super::check(4, || {
        let spin = Arc::new(Spin::new((Alone::default(), 0)));
        let add = |spin: &Spin<(Alone, u32)>| {
            let mut value = spin.lock();
            let (alone, value) = &mut *value;
            alone.during(|| *value += 1);
        };
        let others: Vec<_> = (0..1)
            .map(|_| {
                let spin = spin.clone();
                thread::spawn(move || add(&spin))
            })
            .collect();
        add(&spin);
        others.into_iter().for_each(|other| other.join().expect("it does not panic"));
        assert_eq!(spin.lock().1, 2);
    });
}
