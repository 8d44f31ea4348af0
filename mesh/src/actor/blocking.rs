//! Work that blocks, beside the threads that run actors.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::panic::panic_text;

/// Work that blocks did not give its result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum BlockingError {
    /// It panicked.
    #[error("the blocking work panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// The runtime ended before it was started.
    #[error("the process ends, and the blocking work was not started")]
    Cancelled,
}

/// Work on a thread of its own, on its way: a future of its result.
///
/// Dropping it, as the end of its actor does, does not end the work, which nothing can: it runs on to its end, and its
/// result is discarded.
#[must_use = "the work goes on whether this is awaited or not; its result is lost if it is not"]
pub struct Blocking<T>(tokio::task::JoinHandle<T>);

impl<T> Blocking<T> {
    pub(super) fn new(task: tokio::task::JoinHandle<T>) -> Blocking<T> {
        Blocking(task)
    }
}

impl<T> Future for Blocking<T> {
    type Output = Result<T, BlockingError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(|error| match error.try_into_panic() {
            Ok(panic) => BlockingError::Panicked { message: panic_text(&*panic) },
            Err(_) => BlockingError::Cancelled,
        })
    }
}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}
