//! The word of an owner that what has failed is to be made anew (`Directive::Restart`), to the agent that manages it.

use std::sync::Arc;
use std::time::Duration;

use crate::addr::ActorAddr;
use crate::ident::{ActorId, Uid};
use crate::message::{HandlerDescriptor, HandlerSchema, Message, RemoteMessage, encode_message};
use crate::outbox::Outbox;
use crate::schema::schema_of;
use crate::supervision::{Cause, Failure, Subject};
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder};
use crate::wire::envelope::{Body, Destination, Envelope, Lane};

/// Makes anew what an agent manages and what has failed. What has not failed, or is not known any more, stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remake {
    /// Which: the mesh, or the actor itself outside of one.
    pub uid: Uid,
    /// The rank in the mesh; 0 outside of one.
    pub rank: u32,
    /// After which pause.
    pub after: Duration,
}

impl Message for Remake {
    type Reply = ();
    const NAME: &'static str = "remake";
    const DESCRIPTOR: HandlerDescriptor = HandlerDescriptor {
        schema: Some(<Remake as RemoteMessage>::schema),
        ..HandlerDescriptor::new("remake")
    };
}

#[diagnostic::do_not_recommend]
impl RemoteMessage for Remake {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.put(&self.uid)?;
        out.put(&self.rank)?;
        out.put(&self.after)
    }
    fn decode(input: &mut Decoder<'_>) -> Result<Remake, DecodeError> {
        Ok(Remake { uid: input.get()?, rank: input.get()?, after: input.get()? })
    }
    fn encode_reply((): &(), out: &mut Encoder) -> Result<(), EncodeError> {
        out.put(&())
    }
    fn decode_reply(input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        input.get()
    }
    fn schema() -> HandlerSchema {
        let args = vec![
            ("uid", schema_of::<Uid>()),
            ("rank", schema_of::<u32>()),
            ("after", schema_of::<Duration>()),
        ];
        HandlerSchema { args, reply: schema_of::<()>() }
    }
}

impl Remake {
    /// What makes anew that which a failure is about; `None` for what nobody manages.
    pub fn of(failure: &Failure, after: Duration) -> Option<Remake> {
        let rank = failure.ranks.first().copied();
        match (&failure.subject, &failure.mesh) {
            (Subject::Actor(id), mesh) => {
                let uid = mesh.as_ref().map_or(id.uid, |mesh| mesh.uid);
                Some(Remake { uid, rank: rank.unwrap_or(0), after })
            }
            // Only of a mesh whose ranks come back: what lived in others is not known any more.
            (Subject::Proc(_), Some(mesh)) if matches!(failure.cause, Cause::GaveUp { .. }) => {
                Some(Remake { uid: mesh.uid, rank: rank?, after })
            }
            (Subject::Proc(_), _) => None,
        }
    }
}

/// Asks who has told of a failure to make anew what has failed; false when nobody can be asked.
pub fn ask(outbox: &Arc<Outbox>, sender: &ActorId, agent: &ActorAddr, failure: &Failure) -> bool {
    let Some(remake) = Remake::of(failure, Duration::ZERO) else { return false };
    let Ok(payload) = encode_message(&remake) else { return false };
    let headers = outbox.headers(sender, Lane::Data);
    let to = Destination::handler(agent, Remake::ID);
    outbox.gateway().post(Envelope { to, headers, body: Body::Message(payload) }).is_ok()
}
