//! The hello: who speaks, and whether the two sides mean the same by their messages (`PEER-2`).
//!
//! ```text
//! ┌──────────────┬────────────────┬─────────────────────────────┐
//! │ magic u8 × 8 │ protocol u32   │ frame of kind Hello         │   the rest of the hello is the frame's body
//! └──────────────┴────────────────┴─────────────────────────────┘
//! ```
//!
//! Magic and protocol number stand before the first frame, in a form that never changes, so that a stranger and a peer
//! of another version are told apart before anything else of theirs is read. It does **not** know of connections or
//! timeouts: see `link`.
//!
//! Invariants
//! - `HELLO-1` [`check`] is symmetrical: if one side refuses, so does the other, with the same names.
//! - `HELLO-2` of an actor type that only one side has nothing is asked; of one that both have, every handler.

use std::collections::BTreeMap;
use std::fmt;

use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

use super::codec::{DecodeError, EncodeError, Payload};
use super::frame::{self, Frame, FrameError, FrameKind};
use crate::addr::Location;
use crate::ident::{GatewayId, ProcId};

/// The first bytes of every connection. Neither text nor any usual binary format begins so; the line ends show a
/// connection that converts them.
pub const MAGIC: [u8; 8] = *b"\x9dmesh\r\n\0";

/// The version of everything that is said on a link.
pub const PROTOCOL: u32 = 7;

/// The length of magic and protocol number, in bytes.
pub const PREFACE_LEN: usize = 12;

/// The longest hello, in bytes: what a stranger may make us keep.
pub const HELLO_LEN_MAX: usize = 4 << 20;

/// What the handlers of one actor type look like, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorFingerprint {
    /// The actor type's name.
    pub name: String,
    /// Its handlers, and its constructor.
    pub handlers: Vec<HandlerFingerprint>,
}

/// What one handler takes and returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlerFingerprint {
    /// Its name.
    pub name: String,
    /// Its arguments, in their order: the name, and a hash of the schema.
    pub args: Vec<(String, u64)>,
    /// A hash of the reply's schema.
    pub reply: u64,
}

impl HandlerFingerprint {
    /// The first thing in which it differs from the other side's.
    fn difference(&self, theirs: &HandlerFingerprint) -> Option<HandlerDifference> {
        let other = |args: &[(String, u64)], name: &str| {
            args.iter().find(|(other, _)| other == name).map(|(_, schema)| *schema)
        };
        for (name, schema) in &self.args {
            match other(&theirs.args, name) {
                None => return Some(HandlerDifference::ArgumentOnlyLocal { name: name.clone() }),
                Some(same) if same == *schema => {}
                Some(_) => return Some(HandlerDifference::Argument { name: name.clone() }),
            }
        }
        if let Some((name, _)) = theirs.args.iter().find(|(name, _)| other(&self.args, name).is_none()) {
            return Some(HandlerDifference::ArgumentOnlyRemote { name: name.clone() });
        }
        if self.args != theirs.args {
            return Some(HandlerDifference::ArgumentOrder);
        }
        (self.reply != theirs.reply).then_some(HandlerDifference::Reply)
    }
}

/// Which session a connection is for. Only the side that dials has one to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionHello {
    /// Which, among all that this gateway has dialled in this life.
    pub id: u64,
    /// The number up to which the dialling side has received everything; `None` until it has been welcomed once, which
    /// is before it has sent anything.
    pub resume: Option<u64>,
}

/// What either side says first.
#[derive(Clone, PartialEq, Eq)]
pub struct Hello {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// Who speaks, and in which life.
    pub gateway: GatewayId,
    /// Where it is reached.
    pub location: Location,
    /// What was built, for people; never compared.
    pub build: String,
    /// The procs that it runs.
    pub procs: Vec<ProcId>,
    /// What a child was given on its standard input, as the proof of who it is.
    pub token: Option<[u8; 16]>,
    /// The session that the dialling side wants to begin or to go on with.
    pub session: Option<SessionHello>,
    /// Its actor types.
    pub fingerprints: Vec<ActorFingerprint>,
}

/// All of a hello but its preface.
#[derive(Serialize, Deserialize)]
struct HelloBody {
    gateway: GatewayId,
    location: Location,
    build: String,
    procs: Vec<ProcId>,
    token: Option<[u8; 16]>,
    session: Option<SessionHello>,
    fingerprints: Vec<ActorFingerprint>,
}

impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token is a secret.
        f.debug_struct("Hello")
            .field("protocol", &self.protocol)
            .field("gateway", &self.gateway)
            .field("location", &self.location)
            .field("build", &self.build)
            .field("procs", &self.procs)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Why a hello was not accepted. It travels in a `Refused` frame, so that both sides can say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum HelloError {
    /// The other side does not speak this protocol at all.
    #[error("the other side is no mesh gateway: it began with {found:02x?}")]
    NotMesh {
        /// What it began with.
        found: [u8; 8],
    },
    /// The other side speaks another version.
    #[error("this side speaks version {local} of the protocol, the other side version {remote}")]
    Protocol {
        /// This side's.
        local: u32,
        /// The other side's.
        remote: u32,
    },
    /// A handler of an actor type that both sides have is not the same.
    #[error(
        "handler `{handler}` of actor `{actor}` {difference}: both sides must be built from the same source"
    )]
    Handler {
        /// The actor type.
        actor: String,
        /// The first handler, in the order of names, that differs.
        handler: String,
        /// In what.
        difference: HandlerDifference,
    },
    /// Who speaks was not accepted.
    #[error("{reason}")]
    Identity {
        /// Why, in words.
        reason: String,
    },
    /// The session that was to be gone on with has ended here.
    #[error("{gateway} has no session {session:016x} any more")]
    SessionEnded {
        /// Who says so.
        gateway: GatewayId,
        /// Which.
        session: u64,
    },
    /// Only one side asks for the shared secret.
    #[error(
        "{} asks for the shared secret, and {} has none: set `MESH_SECRET` on both sides",
        if *.local { "this side" } else { "the other side" },
        if *.local { "the other side" } else { "this side" }
    )]
    NoSecret {
        /// Whether it is this one.
        local: bool,
    },
    /// The secrets differ.
    #[error("the shared secrets of the two sides differ: `MESH_SECRET` must be the same on both")]
    OtherSecret,
}

/// In what a handler differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum HandlerDifference {
    /// An argument is of another type.
    Argument {
        /// The argument.
        name: String,
    },
    /// Only on this side it has this argument.
    ArgumentOnlyLocal {
        /// The argument.
        name: String,
    },
    /// Only on the other side it has this argument.
    ArgumentOnlyRemote {
        /// The argument.
        name: String,
    },
    /// Its arguments stand in another order.
    ArgumentOrder,
    /// It returns something else.
    Reply,
    /// Only this side has it.
    OnlyLocal,
    /// Only the other side has it.
    OnlyRemote,
}

impl fmt::Display for HandlerDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandlerDifference::Argument { name } => {
                write!(f, "has an argument `{name}` that is of another type on the other side")
            }
            HandlerDifference::ArgumentOnlyLocal { name } => {
                write!(f, "has an argument `{name}` that is missing on the other side")
            }
            HandlerDifference::ArgumentOnlyRemote { name } => {
                write!(f, "has an argument `{name}` on the other side that is missing on this side")
            }
            HandlerDifference::ArgumentOrder => {
                f.write_str("takes its arguments in another order on the other side")
            }
            HandlerDifference::Reply => f.write_str("returns something else on the other side"),
            HandlerDifference::OnlyLocal => f.write_str("is missing on the other side"),
            HandlerDifference::OnlyRemote => f.write_str("is missing on this side"),
        }
    }
}

impl HelloError {
    /// The same error, as the other side says it.
    #[must_use]
    pub fn mirrored(self) -> HelloError {
        match self {
            HelloError::Protocol { local, remote } => HelloError::Protocol { local: remote, remote: local },
            HelloError::Handler { actor, handler, difference } => {
                let difference = match difference {
                    HandlerDifference::ArgumentOnlyLocal { name } => {
                        HandlerDifference::ArgumentOnlyRemote { name }
                    }
                    HandlerDifference::ArgumentOnlyRemote { name } => {
                        HandlerDifference::ArgumentOnlyLocal { name }
                    }
                    HandlerDifference::OnlyLocal => HandlerDifference::OnlyRemote,
                    HandlerDifference::OnlyRemote => HandlerDifference::OnlyLocal,
                    same => same,
                };
                HelloError::Handler { actor, handler, difference }
            }
            HelloError::NoSecret { local } => HelloError::NoSecret { local: !local },
            same @ (HelloError::NotMesh { .. }
            | HelloError::OtherSecret
            | HelloError::Identity { .. }
            | HelloError::SessionEnded { .. }) => same,
        }
    }

    /// The frame that tells the other side.
    ///
    /// # Errors
    /// [`EncodeError`], when a name in it is absurdly long.
    pub fn to_frame(&self) -> Result<Frame, EncodeError> {
        Ok(Frame { body: Payload::of(self)?.body, ..Frame::new(FrameKind::Refused) })
    }

    /// Reads the frame that the other side has sent; the error is then seen from this side.
    ///
    /// # Errors
    /// [`DecodeError`], when the frame is not one that [`HelloError::to_frame`] has made.
    pub fn of_frame(frame: Frame) -> Result<HelloError, DecodeError> {
        let error: HelloError = Payload { body: frame.body, parts: Vec::new() }.get()?;
        Ok(error.mirrored())
    }
}

/// Why a hello could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HelloEncodeError {
    /// A value in it does not encode.
    #[error("the hello does not encode")]
    Encode(#[from] EncodeError),
    /// It is too large for a frame.
    #[error("the hello does not fit in a frame")]
    Frame(#[from] FrameError),
    /// It is longer than [`HELLO_LEN_MAX`].
    #[error("the hello has {len} bytes, more than the {HELLO_LEN_MAX} allowed: too many actor types")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
    },
}

impl Hello {
    /// Appends the preface and the frame to `out`.
    ///
    /// # Errors
    /// [`HelloEncodeError`], when it is too large.
    pub fn encode_into(&self, out: &mut BytesMut) -> Result<(), HelloEncodeError> {
        self.preface().encode_into(out);
        self.encode_frame_into(out)
    }

    /// Appends the frame alone to `out`, for where the preface has gone before.
    ///
    /// # Errors
    /// [`HelloEncodeError`], when it is too large.
    pub fn encode_frame_into(&self, out: &mut BytesMut) -> Result<(), HelloEncodeError> {
        let body = HelloBody {
            gateway: self.gateway,
            location: self.location.clone(),
            build: self.build.clone(),
            procs: self.procs.clone(),
            token: self.token,
            session: self.session,
            fingerprints: self.fingerprints.clone(),
        };
        let body = Payload::of(&body)?.body;
        if body.len() > HELLO_LEN_MAX {
            return Err(HelloEncodeError::TooLarge { len: body.len() });
        }
        frame::encode_into(&Frame { body, ..Frame::new(FrameKind::Hello) }, out)?;
        Ok(())
    }

    /// Puts the hello together from its preface and its frame.
    ///
    /// # Errors
    /// [`DecodeError`], when the frame's body is not a hello.
    pub fn decode(preface: Preface, frame: Frame) -> Result<Hello, DecodeError> {
        let body: HelloBody = Payload { body: frame.body, parts: frame.parts }.get()?;
        let HelloBody { gateway, location, build, procs, token, session, fingerprints } = body;
        let Preface { magic, protocol } = preface;
        Ok(Hello { magic, protocol, gateway, location, build, procs, token, session, fingerprints })
    }

    /// The part of it that is read and checked first.
    pub fn preface(&self) -> Preface {
        Preface { magic: self.magic, protocol: self.protocol }
    }
}

/// Magic and protocol number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preface {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`PROTOCOL`].
    pub protocol: u32,
}

impl Preface {
    /// Reads the first bytes of a connection.
    pub fn of_bytes(bytes: [u8; PREFACE_LEN]) -> Preface {
        let [a, b, c, d, e, f, g, h, p0, p1, p2, p3] = bytes;
        Preface { magic: [a, b, c, d, e, f, g, h], protocol: u32::from_le_bytes([p0, p1, p2, p3]) }
    }

    /// Appends it to `out`.
    pub fn encode_into(self, out: &mut BytesMut) {
        out.put_slice(&self.magic);
        out.put_u32_le(self.protocol);
    }

    /// Compares it with the other side's.
    ///
    /// # Errors
    /// [`HelloError::NotMesh`] or [`HelloError::Protocol`].
    pub fn check(self, remote: Preface) -> Result<(), HelloError> {
        if self.magic != remote.magic {
            return Err(HelloError::NotMesh { found: remote.magic });
        }
        if self.protocol != remote.protocol {
            return Err(HelloError::Protocol { local: self.protocol, remote: remote.protocol });
        }
        Ok(())
    }
}

/// Tells whether `local` and `remote` may talk.
///
/// # Errors
/// [`HelloError`], which names what differs: first the magic, then the protocol, then, in the order of names, the first
/// handler.
pub fn check(local: &Hello, remote: &Hello) -> Result<(), HelloError> {
    local.preface().check(remote.preface())?;
    let theirs: BTreeMap<_, _> = remote.fingerprints.iter().map(|actor| (&actor.name, actor)).collect();
    let ours: BTreeMap<_, _> = local.fingerprints.iter().map(|actor| (&actor.name, actor)).collect();
    ours.iter()
        .filter_map(|(name, actor)| Some((*actor, *theirs.get(name)?)))
        .try_for_each(|(ours, theirs)| check_actor(ours, theirs))
}

/// Compares the handlers of one actor type.
fn check_actor(ours: &ActorFingerprint, theirs: &ActorFingerprint) -> Result<(), HelloError> {
    type Sides<'a> = (Option<&'a HandlerFingerprint>, Option<&'a HandlerFingerprint>);
    let mut handlers: BTreeMap<&str, Sides<'_>> = BTreeMap::new();
    for handler in &ours.handlers {
        handlers.entry(&handler.name).or_default().0 = Some(handler);
    }
    for handler in &theirs.handlers {
        handlers.entry(&handler.name).or_default().1 = Some(handler);
    }
    for (handler, sides) in handlers {
        let difference = match sides {
            (Some(ours), Some(theirs)) => match ours.difference(theirs) {
                None => continue,
                Some(difference) => difference,
            },
            (Some(_), None) => HandlerDifference::OnlyLocal,
            (None, _) => HandlerDifference::OnlyRemote,
        };
        return Err(HelloError::Handler {
            actor: ours.name.clone(),
            handler: handler.to_owned(),
            difference,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
