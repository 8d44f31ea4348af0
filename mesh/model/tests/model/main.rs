//! The models: what may not happen, in any order of the steps.
//!
//! A test that was made must be seen to fail: each says which changes of the code it was tried with, one at a time, and
//! every one of them made it fail.

mod mailbox;
mod reply;
mod spin;
mod waiting;
mod workers;

/// Checks a model in all its orders with at most `preemptions` switches away from a thread that could go on.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 100_000;
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = runs.clone();
    builder.check(move || {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        model();
    });
    assert!(runs.load(std::sync::atomic::Ordering::Relaxed) > 1, "one order alone shows nothing");
}
