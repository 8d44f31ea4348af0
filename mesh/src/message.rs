//! What a message is: its reply, its name, how it is encoded, and the table that describes its handler.
//!
//! `#[actor]` implements these traits; they are written by hand only in message style. This module does not know
//! actors, mailboxes or routes.

mod codegen;
mod descriptor;
mod merge;
mod name;

pub use codegen::{
    BehaviorMessage, ErrorText, HashedKey, Lasting, LocalArgument, LocalReply, NoCodec, RealCodec,
    RemoteArgument, ReplyValue, SortedKey, StreamItem, VerdictDebug, VerdictDisplay, VerdictFatal,
    VerdictOpaque, Wire, text,
};
pub use descriptor::{ArgDescriptor, HandlerDescriptor, HandlerSchema};
pub(crate) use merge::merge_id;
pub use merge::{CallerMerges, MergeEntry, MergeReplies, Mergeable};
pub use name::Named;

use std::cell::Cell;

use mesh_macros::quiet;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ident::name_hash;
use crate::supervision::Fatal;
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder, Payload};

/// Something that can be sent to an actor, and what comes back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "not a message",
    note = "write `#[derive(serde::Serialize, serde::Deserialize, mesh::Message)] #[message(reply = T)]` on its type"
)]
#[quiet]
pub trait Message: Send + 'static {
    /// What the handler returns.
    type Reply: Send + 'static;
    /// The wire name: the handler's name, unless `#[handler(name = "…")]` says otherwise.
    const NAME: &'static str;
    /// The stable identity of the handler within its actor's protocol.
    const ID: u64 = name_hash(Self::NAME);
    /// Whether the reply is given later than the handler's return: the handler takes it with
    /// `Context::deferred_reply`, and what it returns is discarded.
    const DEFERRED: bool = false;
    /// What is known of the handler without running it.
    const DESCRIPTOR: HandlerDescriptor = HandlerDescriptor::new(Self::NAME);
}

/// A message that can cross processes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross processes",
    label = "a message of `#[handler(local)]` goes through an `ActorHandle` only",
    note = "call a local handler through an `ActorHandle`, or make its argument and reply types serializable and remove `local`",
    note = "for a message of your own write `#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]`"
)]
#[quiet]
pub trait RemoteMessage: Message + Sized {
    /// Appends the arguments.
    ///
    /// # Errors
    /// [`EncodeError`], when an argument cannot be serialised or the message is too large.
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError>;

    /// Reads the arguments back.
    ///
    /// # Errors
    /// [`DecodeError`], when the bytes are not this message.
    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// Appends a reply.
    ///
    /// # Errors
    /// [`EncodeError`], when the reply cannot be serialised or is too large.
    fn encode_reply(reply: &Self::Reply, out: &mut Encoder) -> Result<(), EncodeError>;

    /// Reads a reply back.
    ///
    /// # Errors
    /// [`DecodeError`], when the bytes are not this message's reply.
    fn decode_reply(input: &mut Decoder<'_>) -> Result<Self::Reply, DecodeError>;

    /// The shape of arguments and reply, for the protocol fingerprint.
    fn schema() -> HandlerSchema;
}

/// The largest buffer, in bytes, that a thread keeps for what it encodes.
const SCRATCH_LEN_MAX: usize = 256 << 10;

thread_local! {
    static SCRATCH: Cell<Option<Encoder>> = const { Cell::new(None) };
}

/// Encodes a whole message into memory that is used again, for as long as `then` looks at it.
///
/// # Errors
/// [`EncodeError`], as with [`RemoteMessage::encode`].
pub(crate) fn with_encoded<M: RemoteMessage, R>(
    message: &M,
    then: impl FnOnce(&mut Encoder) -> R,
) -> Result<R, EncodeError> {
    with_scratch(|encoder| {
        message.encode(encoder)?;
        Ok(then(encoder))
    })
}

/// Lends memory that is used again.
pub(crate) fn with_scratch<R>(encode: impl FnOnce(&mut Encoder) -> R) -> R {
    // Taken out: the `Serialize` of a user's type may send another.
    let mut encoder = SCRATCH.take().unwrap_or_default();
    let result = encode(&mut encoder);
    encoder.clear();
    if encoder.capacity() <= SCRATCH_LEN_MAX {
        SCRATCH.set(Some(encoder));
    }
    result
}

/// Encodes a whole message.
pub(crate) fn encode_message<M: RemoteMessage>(message: &M) -> Result<Payload, EncodeError> {
    let mut encoder = Encoder::default();
    message.encode(&mut encoder)?;
    encoder.finish()
}

/// Decodes a whole message; nothing may be left over.
pub(crate) fn decode_message<M: RemoteMessage>(mut input: Decoder<'_>) -> Result<M, DecodeError> {
    let message = M::decode(&mut input)?;
    input.finish()?;
    Ok(message)
}

/// Decodes a whole reply; nothing may be left over.
pub(crate) fn decode_reply<M: RemoteMessage>(payload: &Payload) -> Result<M::Reply, DecodeError> {
    decode_reply_of::<M>(Decoder::new(payload))
}

/// As [`decode_reply`], from where it lies.
pub(crate) fn decode_reply_of<M: RemoteMessage>(mut input: Decoder<'_>) -> Result<M::Reply, DecodeError> {
    let reply = M::decode_reply(&mut input)?;
    input.finish()?;
    Ok(reply)
}

/// What can be an argument of a remote handler. Implemented for everything that fits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a remote handler",
    label = "not `Serialize + Deserialize + Send + 'static`",
    note = "every type in it needs `#[derive(serde::Serialize, serde::Deserialize)]`; for a type of another crate enable that crate's `serde` feature, or convert it to a type of your own",
    note = "or mark the handler `#[handler(local)]` if it is only ever called through an `ActorHandle`"
)]
pub trait RemoteArg: Serialize + DeserializeOwned + Send + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> RemoteArg for T {}

/// What can be the reply of a remote handler. Implemented for everything that fits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a remote handler",
    label = "not `Serialize + Deserialize + Send + 'static`",
    note = "every type in it needs `#[derive(serde::Serialize, serde::Deserialize)]`; for a type of another crate enable that crate's `serde` feature, or convert it to a type of your own",
    note = "or mark the handler `#[handler(local)]` if it is only ever called through an `ActorHandle`"
)]
pub trait RemoteReply: Serialize + DeserializeOwned + Send + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> RemoteReply for T {}

/// What a handler's reply means for its actor (`CALL-2`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An ordinary answer.
    Answer,
    /// The handler's own error: it answers the caller, and the actor lives on.
    Refused(String),
    /// The actor gives up.
    Fatal(Fatal),
}

#[cfg(test)]
mod tests;
