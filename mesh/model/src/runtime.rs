//! What `tokio::runtime` is: a thread of the model for each worker.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::{Mutex, Notify};
use loom::thread;

/// Wakes a thread of the model.
struct Wakes(Notify);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Runs a future on the thread that calls.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let wakes = Arc::new(Wakes(Notify::new()));
    let waker = Waker::from(wakes.clone());
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => wakes.0.wait(),
        }
    }
}

#[derive(Default)]
struct State {
    ended: bool,
    tasks: Vec<Arc<Wakes>>,
}

/// A runtime.
#[derive(Clone)]
pub struct Handle {
    workers: usize,
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("workers", &self.workers).finish_non_exhaustive()
    }
}

/// What is known of a runtime.
#[derive(Clone, Copy, Debug)]
pub struct Metrics(usize);

impl Metrics {
    /// How many threads it has.
    pub fn num_workers(&self) -> usize {
        self.0
    }
}

/// What could be joined.
#[derive(Debug)]
pub struct JoinHandle;

impl Drop for JoinHandle {
    /// The task goes on.
    fn drop(&mut self) {}
}

/// There is no runtime here.
#[derive(Clone, Copy, Debug)]
pub struct NoRuntime;

impl Handle {
    /// A runtime of so many threads.
    pub fn new(workers: usize) -> Handle {
        Handle { workers, state: Arc::default() }
    }

    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut crate::sync::lock(&self.state))
    }

    /// How many threads it has.
    pub fn metrics(&self) -> Metrics {
        Metrics(self.workers)
    }

    /// Which one it is.
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.state).addr()
    }

    /// Threads of the model are in none.
    ///
    /// # Errors
    /// Always.
    pub fn try_current() -> Result<Handle, NoRuntime> {
        Err(NoRuntime)
    }

    /// Starts a task: a worker has a thread of its own. Anything else, which waits for the time or does nothing, has its
    /// first poll.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(&self, future: F) -> JoinHandle {
        if !std::any::type_name::<F>().ends_with("::Worker") {
            let mut future = pin!(future);
            let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            return JoinHandle;
        }
        let wakes = Arc::new(Wakes(Notify::new()));
        let ended = self.with(|state| {
            state.tasks.push(wakes.clone());
            state.ended
        });
        if ended {
            return JoinHandle;
        }
        let handle = self.clone();
        thread::spawn(move || {
            let waker = Waker::from(wakes.clone());
            let mut future = Box::pin(future);
            while !handle.with(|state| state.ended) {
                if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    return;
                }
                wakes.0.wait();
            }
        });
        JoinHandle
    }

    /// Ends it: tasks are dropped, each by its thread, where it awaits.
    pub fn end(&self) {
        let tasks = self.with(|state| {
            state.ended = true;
            std::mem::take(&mut state.tasks)
        });
        for task in tasks {
            task.0.notify();
        }
    }
}
