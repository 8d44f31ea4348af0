//! Verbs on an actor of this process: the message is moved.

use std::time::Duration;

use super::builder::{Accepts, Limit, OneActor};
use super::pending::{Outcome, Pending, Whom};
use super::send_wait::SendWait;
use crate::activity::CallOf;
use crate::actor::{
    Deferred, Handler, Letter, Local, Parcel, ParcelHeaders, Plain, RareHeaders, ReplyTo, Scope,
};
use crate::call::{CallErrorKind, SendError};
use crate::clock;
use crate::message::Message;

/// Why a message cannot be taken back: it always can, its type is known.
const RECOVERED: &str = "a parcel gives back what was put into it";

#[diagnostic::do_not_recommend]
impl<A: Handler<M>, M: Message> Accepts<M> for Local<A> {
    type Pending = Pending<M::Reply>;

    fn call(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Pending<M::Reply> {
        let cell = self.cell();
        let limit = Limit::local::<M>(timeout, scope);
        let whom = Whom::Local(cell.clone());
        let chain = scope.call_chain();
        if let Some(cycle) = chain.as_ref().and_then(|chain| chain.cycle(cell.id())) {
            return Pending::new(
                Outcome::Failed(Box::new(CallErrorKind::Deadlock { cycle })),
                whom,
                M::NAME,
                limit,
            );
        }
        let (reply, receiver) =
            ReplyTo::here(CallOf { caller: scope.sender.uid.0, callee: cell.id().uid.0, handler: M::NAME });
        let mut headers = ParcelHeaders { deadline: Some(limit.at), chain, rare: traced(scope) };
        let reply = if M::DEFERRED {
            headers.rare.get_or_insert_default().deferred = Some(Deferred::here(reply));
            ReplyTo::none()
        } else {
            reply
        };
        let pending = |outcome| Pending::new(outcome, whom, M::NAME, limit);
        match cell.push_or_wait(Letter::new(message, reply, headers)) {
            Ok(None) => pending(Outcome::local(receiver)),
            Ok(Some(waiting)) => pending(Outcome::local(receiver)).holding(waiting),
            Err(refused) => pending(Outcome::Failed(Box::new(refused.0))),
        }
    }
}

/// Takes a message out of its parcel, and lets nobody wait for its reply.
fn take_back<A: Handler<M>, M: Message>(parcel: Parcel<A>) -> M {
    let (message, reply) = parcel.recover::<M>().expect(RECOVERED);
    reply.forget();
    message
}

fn headers(scope: Scope<'_>, timeout: Option<Duration>) -> ParcelHeaders {
    let deadline = timeout.and_then(|after| clock::now().checked_add(after));
    ParcelHeaders { deadline, chain: None, rare: traced(scope) }
}

/// The trace that it belongs to.
fn traced(scope: Scope<'_>) -> Option<Box<RareHeaders>> {
    scope.outbox.trace().map(|trace| Box::new(RareHeaders { trace: Some(trace), ..RareHeaders::default() }))
}

#[diagnostic::do_not_recommend]
impl<A: Handler<M>, M: Message> OneActor<M> for Local<A> {
    fn send(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), SendError<M>> {
        let cell = self.cell();
        if timeout.is_none() && scope.outbox.trace().is_none() {
            return cell.push(Plain::new(message)).map_err(|refused| {
                let (kind, plain) = *refused;
                SendError { callee: Box::new(cell.callee(M::NAME)), kind, message: plain.into_message() }
            });
        }
        cell.push(Letter::new(message, ReplyTo::none(), headers(scope, timeout))).map_err(|refused| {
            let (kind, letter) = *refused;
            SendError { callee: Box::new(cell.callee(M::NAME)), kind, message: letter.into_message() }
        })
    }

    fn send_wait(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> SendWait<M> {
        let cell = self.cell();
        let message = if timeout.is_none() && scope.outbox.trace().is_none() {
            match cell.push_now(Plain::new(message)) {
                Ok(()) => return SendWait::accepted(),
                Err(plain) => plain.into_message(),
            }
        } else {
            message
        };
        let waited = cell.push_or_wait(Letter::new(message, ReplyTo::none(), headers(scope, timeout)));
        if let Ok(None) = waited {
            return SendWait::accepted();
        }
        let limit = Limit::of::<M>(timeout, scope);
        let whom = Whom::Local(cell.clone());
        match waited {
            Ok(None) => SendWait::accepted(),
            Ok(Some(waiting)) => {
                let gone = cell.clone();
                // At once: it may be closed before this is polled for the first time.
                let mut waiting = waiting.returning();
                let wait = async move {
                    match (&mut waiting).await {
                        crate::mailbox::WaitOutcome::Accepted => Ok(()),
                        crate::mailbox::WaitOutcome::Closed(parcel) => {
                            Err((gone.gone(), parcel.map(take_back::<A, M>)))
                        }
                    }
                };
                SendWait::waiting(whom, M::NAME, limit, Box::pin(wait))
            }
            Err(refused) => {
                let (kind, letter) = *refused;
                SendWait::failed(whom, M::NAME, limit, kind, letter.into_message())
            }
        }
    }
}

/// Puts a message on the control lane of an actor of this process: for the runtime's own events.
pub(crate) fn post_control<A: Handler<M>, M: Message>(actor: &crate::actor::ActorHandle<A>, message: M) {
    let parcel = Parcel::new(message, ReplyTo::none(), ParcelHeaders::default());
    actor.target().cell().push_control_message(parcel);
}
