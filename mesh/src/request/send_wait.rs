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

/// Most are accepted at once, and are moved a few times: what the others have to say is in a box.
enum State<M> {
    Accepted,
    Failed(Box<(About, CallErrorKind, M)>),
    Waiting(Box<(About, Wait<M>, Pin<Box<Sleep>>)>),
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
        SendWait(State::Failed(Box::new((About { whom, handler, limit }, kind, message))))
    }

    pub(super) fn waiting(whom: Whom, handler: &'static str, limit: Limit, wait: Wait<M>) -> SendWait<M> {
        let about = About { whom, handler, limit };
        SendWait(State::Waiting(Box::new((about, wait, Box::pin(sleep_until(limit.at))))))
    }
}

impl<M> Unpin for SendWait<M> {}

impl<M> Future for SendWait<M> {
    type Output = Result<(), SendError<Option<M>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (about, kind, message) = match std::mem::replace(&mut self.0, State::Done) {
            State::Accepted => return Poll::Ready(Ok(())),
            State::Failed(failed) => {
                let (about, kind, message) = *failed;
                (about, kind, Some(message))
            }
            State::Waiting(mut waiting) => match waiting.1.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err((kind, message))) => (waiting.0, kind, message),
                Poll::Pending if waiting.2.as_mut().poll(cx).is_ready() => {
                    let after = waiting.0.limit.after;
                    (waiting.0, CallErrorKind::Deadline { after }, None)
                }
                Poll::Pending => {
                    self.0 = State::Waiting(waiting);
                    return Poll::Pending;
                }
            },
            State::Done => panic!("an acceptance was polled after it was given"),
        };
        Poll::Ready(Err(SendError { callee: Box::new(about.whom.callee(about.handler)), kind, message }))
    }
}
