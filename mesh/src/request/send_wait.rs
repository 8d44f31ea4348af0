//! A send that waits for room.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Sleep, sleep_until};

use super::builder::Limit;
use super::pending::Whom;
use crate::call::{CallErrorKind, SendError};

type Wait<M> = Pin<Box<dyn Future<Output = Result<(), (CallErrorKind, Option<M>)>> + Send>>;

/// What an error says.
struct About {
    whom: Whom,
    handler: &'static str,
    limit: Limit,
}

enum State<M> {
    Accepted,
    Failed(About, CallErrorKind, M),
    Waiting(About, Wait<M>, Pin<Box<Sleep>>),
    Done,
}

/// The acceptance of a message, on its way: a future of `Result<(), SendWaitError>`.
#[must_use = "await this to wait for room; dropping it withdraws the message"]
pub struct SendWait<M>(State<M>);

impl<M> SendWait<M> {
    pub(super) fn accepted() -> SendWait<M> {
        SendWait(State::Accepted)
    }

    pub(super) fn failed(
        whom: Whom,
        handler: &'static str,
        limit: Limit,
        kind: CallErrorKind,
        message: M,
    ) -> SendWait<M> {
        SendWait(State::Failed(About { whom, handler, limit }, kind, message))
    }

    pub(super) fn waiting(whom: Whom, handler: &'static str, limit: Limit, wait: Wait<M>) -> SendWait<M> {
        SendWait(State::Waiting(About { whom, handler, limit }, wait, Box::pin(sleep_until(limit.at))))
    }
}

impl<M> Unpin for SendWait<M> {}

impl<M> Future for SendWait<M> {
    type Output = Result<(), SendError<Option<M>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (about, kind, message) = match std::mem::replace(&mut self.0, State::Done) {
            State::Accepted => return Poll::Ready(Ok(())),
            State::Failed(about, kind, message) => (about, kind, Some(message)),
            State::Waiting(about, mut wait, mut sleep) => match wait.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err((kind, message))) => (about, kind, message),
                Poll::Pending if sleep.as_mut().poll(cx).is_ready() => {
                    let after = about.limit.after;
                    (about, CallErrorKind::Deadline { after }, None)
                }
                Poll::Pending => {
                    self.0 = State::Waiting(about, wait, sleep);
                    return Poll::Pending;
                }
            },
            State::Done => panic!("an acceptance was polled after it was given"),
        };
        Poll::Ready(Err(SendError { callee: Box::new(about.whom.callee(about.handler)), kind, message }))
    }
}
