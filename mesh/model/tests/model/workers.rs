//! The workers: what is pushed is run (`WORK-1`, `WORK-2`, `WORK-4`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use mesh_model::runtime::Handle;
use mesh_model::worker::{Run, Workers};

/// What was run, and is to be. It is looked at when the last who could run anything has dropped it.
struct Tally {
    ran: AtomicUsize,
    expected: usize,
    /// How many tallies there are: one that stays is that of a task that nobody runs.
    open: Arc<AtomicUsize>,
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        if !std::thread::panicking() {
            assert_eq!(self.ran.load(Ordering::Relaxed), self.expected);
        }
    }
}

/// What is pushed: it keeps the workers, as an actor does, until it was run. One that is not run keeps them for ever, and
/// a worker that sleeps for ever is a deadlock here.
struct Task {
    workers: Arc<Workers>,
    tally: Arc<Tally>,
    /// How many it pushes when it is run.
    pushes: usize,
}

impl Run for Task {
    fn run(self: Arc<Self>, _: u32) -> u32 {
        for _ in 0..self.pushes {
            self.workers.push(task(&self.workers, &self.tally, 0));
        }
        self.tally.ran.fetch_add(1, Ordering::Relaxed);
        1
    }
}

fn task(workers: &Arc<Workers>, tally: &Arc<Tally>, pushes: usize) -> Arc<Task> {
    Arc::new(Task { workers: workers.clone(), tally: tally.clone(), pushes })
}

/// Checks a model in which so many tasks are to be run, none of them twice.
fn check(
    preemptions: usize,
    (threads, expected): (usize, usize),
    model: impl Fn(&Handle, Arc<Workers>, Arc<Tally>) + Sync + Send + 'static,
) {
    let open = Arc::new(AtomicUsize::new(0));
    let last = open.clone();
    super::check(preemptions, move || {
        assert_eq!(open.fetch_add(1, Ordering::Relaxed), 0, "a task was left in the order before this one");
        let tally = Arc::new(Tally { ran: AtomicUsize::new(0), expected, open: open.clone() });
        let runtime = Handle::new(threads);
        model(&runtime, Workers::new(runtime.clone(), Box::new(|| {})), tally);
    });
    assert_eq!(last.load(Ordering::Relaxed), 0, "a task was left");
}

/// One worker, pushes from two threads: whoever comes as it lies down wakes it.
///
/// Fails with: `sleep` that does not look at the shared queue, or looks before it locks it to lie down; `sleep` that does
/// not count as resting; `push` that wakes nobody; a `refill` that moves nothing.
#[test]
fn what_comes_from_outside_wakes_a_worker() {
    check(3, (1, 3), |_, workers, tally| {
        let (pushes, also) = (workers.clone(), tally.clone());
        let other = thread::spawn(move || pushes.push(task(&pushes, &also, 0)));
        workers.push(task(&workers, &tally, 0));
        workers.push(task(&workers, &tally, 0));
        drop(workers);
        other.join().expect("it does not panic");
    });
}

/// Two workers: what a turn pushes is run, by its worker or by one that steals it.
///
/// Fails with: `steal` that drops what it does not run at once; `refill` that drains more than it moves.
#[test]
fn what_a_turn_pushes_is_run_by_its_worker_or_another() {
    check(2, (2, 6), |_, workers, tally| {
        workers.push(task(&workers, &tally, 4));
        workers.push(task(&workers, &tally, 0));
    });
}

/// The runtime ends while something is pushed: it is run nevertheless, here or there.
///
/// Fails with: `push` that does not look whether the runtime has ended; `close` that runs nothing; `close` that says that it
/// is closed after it has run what there was; a worker that is dropped and closes nothing.
#[test]
fn what_comes_as_the_runtime_ends_is_run() {
    check(2, (1, 2), |runtime, workers, tally| {
        let ends = runtime.clone();
        let end = thread::spawn(move || ends.end());
        workers.push(task(&workers, &tally, 0));
        workers.push(task(&workers, &tally, 0));
        drop(workers);
        end.join().expect("it does not panic");
    });
}
