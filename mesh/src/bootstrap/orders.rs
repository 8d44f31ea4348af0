//! What a child is told, and its frame on the pipe.
//!
//! ```text
//! group: u32 LE │ len: u32 LE, ≤ 1 MiB │ version │ parent_pid │ Orders        (`len` bytes, one codec body)
//! ```
//! `group` is the process group that the launcher made for the child, known only once it is started; the rest is encoded
//! before that, so that what cannot be sent starts nothing.

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::addr::{ChannelAddr, Location, PortAddr};
use crate::ident::{ActorId, ProcId, Uid};
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder};

/// The longest orders, in bytes.
pub const ORDERS_LEN_MAX: usize = 1 << 20;

/// Raised whenever [`Orders`] changes: the child may be another build of the program.
const ORDERS_VERSION: u32 = 4;

/// What a child is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ChildKind {
    /// A proc of a mesh.
    Proc,
    /// A host, which starts procs of its own.
    Host,
}

/// What a child is told before it does anything.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// What it is to be.
    pub kind: ChildKind,
    /// Which proc it is.
    pub proc: ProcId,
    /// Where to dial the one who started it.
    pub parent: ChannelAddr,
    /// The front door that lies behind.
    pub parent_location: Location,
    /// The secret with which it proves to be the one who was started.
    pub token: [u8; 16],
    /// Which life of it this is.
    pub incarnation: u64,
    /// The seed of its randomness, when the run is to be repeatable.
    pub seed: Option<u64>,
    /// Configuration that it inherits, as names and values.
    pub config: Vec<(String, String)>,
    /// The name of the mesh it belongs to, for people.
    pub mesh_label: String,
    /// Who owns it, and so all that is in it.
    pub owner: Option<ActorId>,
    /// The processors that its threads may run on; `None` for those it has.
    pub cpus: Option<Vec<u32>>,
    /// The cgroup that was made for it.
    pub cgroup: Option<PathBuf>,
    /// The mesh that it is a rank of: it tells its host what is to be seen to when it is dead.
    pub mesh: Option<Uid>,
    /// Whether its host brings it back after a death.
    pub returns: bool,
    /// Who is to know beside its host what comes back with it: the host may be lost too.
    pub guardian: Option<PortAddr>,
    /// How many lives its place has seen before.
    pub life: u32,
    /// What the layer above adds; opaque here.
    pub payload: Vec<u8>,
}

impl Orders {
    /// Reads what a launcher has written to a child's stdin, and nothing beyond it.
    ///
    /// # Errors
    /// What the system says, or that these are not orders.
    pub fn read(from: impl Read) -> io::Result<Orders> {
        match read_frame(from) {
            Ok(frame) => Ok(frame.orders),
            Err(ReadError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the token, nor the values of settings, one of which is a secret, nor what the layer above adds belongs in a log.
        f.debug_struct("Orders")
            .field("kind", &self.kind)
            .field("proc", &self.proc)
            .field("parent", &self.parent)
            .field("incarnation", &self.incarnation)
            .field("seed", &self.seed)
            .field("config", &self.config.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("cpus", &self.cpus)
            .field("cgroup", &self.cgroup)
            .field("payload_len_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// Why orders could not be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrdersError {
    /// They are longer than [`ORDERS_LEN_MAX`].
    #[error("the orders are {len_bytes} bytes, more than {ORDERS_LEN_MAX}")]
    TooLong {
        /// Their length.
        len_bytes: usize,
    },
    /// They could not be encoded.
    #[error("the orders cannot be encoded")]
    Encode(#[from] EncodeError),
}

/// Why a frame of orders could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("the pipe failed")]
    Io(#[from] io::Error),
    #[error("their length is said to be {len_bytes} bytes, more than {ORDERS_LEN_MAX}")]
    TooLong { len_bytes: u64 },
    #[error("they are of version {theirs}, this program reads version {ORDERS_VERSION}")]
    Version { theirs: u32 },
    #[error("they do not decode")]
    Decode(#[from] DecodeError),
}

/// What a child reads.
#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    /// The process group that was made for it.
    pub(super) group: u32,
    /// The process that started it.
    pub(super) parent_pid: u32,
    pub(super) orders: Orders,
}

/// The body of a frame, with its length checked.
#[derive(Debug)]
pub(super) struct Body(Bytes);

impl Body {
    pub(super) fn new(parent_pid: u32, orders: &Orders) -> Result<Body, OrdersError> {
        let mut encoder = Encoder::default();
        encoder.put(&ORDERS_VERSION)?;
        encoder.put(&parent_pid)?;
        encoder.put(orders)?;
        let body = encoder.finish()?.body;
        let len_bytes = body.len();
        if len_bytes > ORDERS_LEN_MAX { Err(OrdersError::TooLong { len_bytes }) } else { Ok(Body(body)) }
    }

    /// The whole frame.
    pub(super) fn frame(&self, group: u32) -> Bytes {
        let len = u32::try_from(self.0.len()).expect("it is at most ORDERS_LEN_MAX");
        [&group.to_le_bytes()[..], &len.to_le_bytes(), &self.0].concat().into()
    }
}

/// Reads one frame and nothing beyond it.
pub(super) fn read_frame(mut from: impl Read) -> Result<Frame, ReadError> {
    let group = read_u32(&mut from)?;
    let len = read_u32(&mut from)?;
    let len_bytes = usize::try_from(len)
        .ok()
        .filter(|len| *len <= ORDERS_LEN_MAX)
        .ok_or(ReadError::TooLong { len_bytes: len.into() })?;
    let mut body = Vec::new();
    // What is announced is allocated as it comes.
    if from.take(len.into()).read_to_end(&mut body)? < len_bytes {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    let mut decoder = Decoder::of_bytes(&body);
    let theirs = decoder.get()?;
    if theirs != ORDERS_VERSION {
        return Err(ReadError::Version { theirs });
    }
    let parent_pid = decoder.get()?;
    let orders = decoder.get()?;
    decoder.finish()?;
    Ok(Frame { group, parent_pid, orders })
}

fn read_u32(mut from: impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}
