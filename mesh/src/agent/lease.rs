//! Leases: what an agent manages ends when its owner is gone (`SUP-1`).
//!
//! An agent asks the owner's proc, once for each owner, to answer when the owner has ended. Nothing is polled: the answer
//! comes then, and when the owner's process or the link to it is lost, the gateway that knows answers in its place
//! (`CALL-1`). For how long a lost connection may come back before that is `MESH_LINK_GIVE_UP`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{PROC_AGENT, ProcAgent};
use crate::actor::{ActorRef, Caller, Scope};
use crate::addr::ActorAddr;
use crate::call::CallErrorKind;
use crate::ident::{ActorId, Uid};
use crate::message::{HandlerDescriptor, HandlerSchema, Message, RemoteMessage};
use crate::outbox::Outbox;
use crate::schema::schema_of;
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder};

/// Answers when an actor or client of the proc has ended.
#[derive(Clone, Debug)]
pub struct OwnerEnded {
    /// Which.
    pub owner: Uid,
    /// In which life: one that is made anew has let go what the life before has owned.
    pub incarnation: u32,
}

impl Message for OwnerEnded {
    type Reply = ();
    const NAME: &'static str = "owner_ended";
    const DEFERRED: bool = true;
    const DESCRIPTOR: HandlerDescriptor = HandlerDescriptor {
        schema: Some(<OwnerEnded as RemoteMessage>::schema),
        ..HandlerDescriptor::new("owner_ended")
    };
}

#[diagnostic::do_not_recommend]
impl RemoteMessage for OwnerEnded {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.put(&self.owner)?;
        out.put(&self.incarnation)
    }
    fn decode(input: &mut Decoder<'_>) -> Result<OwnerEnded, DecodeError> {
        Ok(OwnerEnded { owner: input.get()?, incarnation: input.get()? })
    }
    fn encode_reply((): &(), out: &mut Encoder) -> Result<(), EncodeError> {
        out.put(&())
    }
    fn decode_reply(input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        input.get()
    }
    fn schema() -> HandlerSchema {
        let args = vec![("owner", schema_of::<Uid>()), ("incarnation", schema_of::<u32>())];
        HandlerSchema { args, reply: schema_of::<()>() }
    }
}

/// How long one question may wait; then it is asked again. Longer than any owner lives.
const ASKED_FOR: Duration = Duration::from_secs(u32::MAX as u64);

/// How long to wait before a question is asked again that found a queue full.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The owners that an agent watches.
pub(super) struct Owners {
    /// Who owns the process that the agent is in, and with it all that the agent manages.
    of_process: Option<ActorId>,
    watched: BTreeSet<(Uid, Uid, u32)>,
}

/// An agent that asks outside of any message that it handles: it has no deadline, and is not in a chain of callers, since
/// it goes on meanwhile. It may ask itself.
pub(super) struct Asking {
    pub(super) outbox: Arc<Outbox>,
    pub(super) agent: ActorId,
}

impl Asking {
    /// The agent whose scope this is.
    pub(super) fn of(scope: Scope<'_>) -> Asking {
        Asking { outbox: scope.outbox.clone(), agent: scope.sender.clone() }
    }
}

impl Caller for Asking {
    fn scope(&self) -> Scope<'_> {
        Scope { outbox: &self.outbox, sender: &self.agent, deadline: None, chain: None, is_actor: false }
    }
}

impl Owners {
    /// Of an agent in a process that `of_process` owns.
    pub(super) fn new(of_process: Option<ActorId>) -> Owners {
        Owners { of_process, watched: BTreeSet::new() }
    }

    /// Watches an owner; `gone` is called when it is no more.
    pub(super) fn watch(
        &mut self,
        scope: Scope<'_>,
        owner: &ActorAddr,
        gone: impl FnOnce() + Send + 'static,
    ) {
        let key = |id: &ActorId| (id.proc.uid, id.uid, id.incarnation);
        // Who owns the process takes all with it.
        let covered = self.of_process.as_ref().is_some_and(|process| key(process) == key(&owner.id));
        if covered || !self.watched.insert(key(&owner.id)) {
            return;
        }
        let asking = Asking::of(scope);
        let agent: ActorRef<ProcAgent> = ActorRef::at(owner.proc().actor(PROC_AGENT, "proc_agent".into()));
        let question = OwnerEnded { owner: owner.id.uid, incarnation: owner.id.incarnation };
        let first = agent.message(question.clone()).timeout(ASKED_FOR).call(&asking);
        tokio::spawn(async move {
            let mut answer = first.await;
            loop {
                match answer.map_err(|error| error.kind) {
                    Err(CallErrorKind::Deadline { .. } | CallErrorKind::MailboxFull { .. }) => {
                        tokio::time::sleep(ASK_AGAIN).await;
                        answer = agent.message(question.clone()).timeout(ASKED_FOR).call(&asking).await;
                    }
                    Ok(()) | Err(_) => return gone(),
                }
            }
        });
    }

    /// An owner is gone: another of its identity would be watched anew.
    pub(super) fn forget(&mut self, owner: &ActorId) {
        self.watched.remove(&(owner.proc.uid, owner.uid, owner.incarnation));
    }
}
