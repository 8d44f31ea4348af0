//! Frames: how the bytes of a link are cut into pieces.
//!
//! ```text
//!  0      1         2       4       8       12      20      28
//! ┌──────┬─────────┬───────┬───────┬───────┬───────┬───────┬─────────────────┬──────┬──────┬────────┬───
//! │ kind │ 0       │ parts │ head  │ body  │ seq   │ ack   │ length of part  │ head │ body │ part 0 │ …
//! │ u8   │ u8      │ u16   │ u32   │ u32   │ u64   │ u64   │ u32 × parts     │      │      │        │
//! └──────┴─────────┴───────┴───────┴───────┴───────┴───────┴─────────────────┴──────┴──────┴────────┴───
//!        lengths are in bytes, all integers are little-endian
//! ```
//!
//! It does **not** know what a head means, what the numbers are for, or where the bytes come from.
//!
//! Invariants
//! - `FRAME-1` every length is checked against its bound when its four bytes are there, before what it announces is
//!   waited for (`WIRE-1`). The decoder itself allocates nothing but the list of parts.
//! - `FRAME-2` a decoder that has failed keeps failing with the same error: there is no way to find the next frame.
//! - `FRAME-3` what [`encode_into`] accepts, a decoder accepts.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::codec::{BODY_LEN_MAX, PARTS_MAX};

/// The longest head, in bytes.
pub const HEAD_LEN_MAX: usize = 64 << 10;

/// The most that the parts of one frame may have together, in bytes.
pub const PARTS_LEN_MAX: usize = 1 << 30;

/// How far a reader may reserve ahead of the bytes that have arrived.
pub const RESERVE_MAX: usize = 64 << 10;

/// The fixed part of a frame, in bytes.
const HEADER_LEN: usize = 28;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// The first frame of either side: who speaks.
    Hello = 1,
    /// The hello was not accepted; the body says why.
    Refused = 2,
    /// An envelope: the head is its head, body and parts are its payload.
    Data = 3,
    /// Nothing but the cumulative acknowledgement. A `seq` other than 0 asks the other side to acknowledge at once.
    Ack = 4,
    /// No more data will come from this side; the body says why.
    Bye = 5,
    /// The answer to a hello with a session: it has begun, or goes on; the acknowledgement says from where.
    Welcome = 6,
    /// A piece of the body or of a part of a large envelope: the head says which, the body is the piece.
    Chunk = 7,
    /// An envelope whose body and parts came in chunks: the head is its head, the body says which chunks.
    Beside = 8,
    /// Before the hello, where a shared secret is asked for: the body is a nonce.
    Challenge = 16,
    /// The answer to the challenge: the body is the proof.
    Proof = 17,
}

impl FrameKind {
    fn of(byte: u8) -> Option<FrameKind> {
        Some(match byte {
            1 => FrameKind::Hello,
            2 => FrameKind::Refused,
            3 => FrameKind::Data,
            4 => FrameKind::Ack,
            5 => FrameKind::Bye,
            6 => FrameKind::Welcome,
            7 => FrameKind::Chunk,
            8 => FrameKind::Beside,
            16 => FrameKind::Challenge,
            17 => FrameKind::Proof,
            _ => return None,
        })
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// The session's number of a [`FrameKind::Data`] frame, from 1.
    pub seq: u64,
    /// The number up to which the sender of this frame has received everything.
    pub ack: u64,
    /// A small, structured part.
    pub head: Bytes,
    /// The encoded value.
    pub body: Bytes,
    /// Large byte strings beside it.
    pub parts: Vec<Bytes>,
}

impl Frame {
    /// A frame without content.
    pub fn new(kind: FrameKind) -> Frame {
        Frame { kind, seq: 0, ack: 0, head: Bytes::new(), body: Bytes::new(), parts: Vec::new() }
    }
}

/// The beginning of a [`FrameKind::Chunk`].
///
/// ```text
/// head: │ stream u32 │ section u16 │ length of the section u32 │     section 0 is the body, 1 … the parts
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkFrame {
    /// The session's number.
    pub seq: u64,
    /// The number up to which the sender of this frame has received everything.
    pub ack: u64,
    /// Of which large envelope.
    pub stream: u32,
    /// Of which of its byte strings: 0 is the body.
    pub section: u16,
    /// How long that is, in bytes.
    pub total: u32,
    /// How many bytes follow.
    pub len: usize,
}

/// The head of a chunk, in bytes.
const CHUNK_HEAD_LEN: usize = 10;

impl ChunkFrame {
    /// What the beginning of a chunk takes, in bytes.
    pub const BEGIN_LEN: usize = HEADER_LEN + CHUNK_HEAD_LEN;

    /// Appends the beginning; the bytes are to follow.
    ///
    /// # Errors
    /// As [`encode_into`].
    pub fn encode_into(&self, out: &mut BytesMut) -> Result<(), FrameError> {
        let mut head = [0; CHUNK_HEAD_LEN];
        head[..4].copy_from_slice(&self.stream.to_le_bytes());
        head[4..6].copy_from_slice(&self.section.to_le_bytes());
        head[6..].copy_from_slice(&self.total.to_le_bytes());
        encode_head_into((FrameKind::Chunk, self.seq, self.ack), &head, self.len, &[], out)
    }

    /// Whether a chunk begins at the front of `bytes`, as far as can be seen.
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.first() == Some(&(FrameKind::Chunk as u8))
    }

    /// Takes the beginning of a chunk off the front of `bytes`; `None` when it is not all there.
    ///
    /// # Errors
    /// [`FrameError`], when it is malformed.
    pub fn take(bytes: &mut BytesMut) -> Result<Option<ChunkFrame>, FrameError> {
        if bytes.len() < ChunkFrame::BEGIN_LEN {
            return check_kind(bytes).map(|_| None);
        }
        let (frame, lengths) = decode_header(bytes, BODY_LEN_MAX)?;
        if lengths.head != CHUNK_HEAD_LEN || lengths.part_count != 0 {
            return Err(FrameError::HeadTooLarge { len: lengths.head as u64 });
        }
        let (stream, section, total) = (bytes.get_u32_le(), bytes.get_u16_le(), bytes.get_u32_le());
        Ok(Some(ChunkFrame { seq: frame.seq, ack: frame.ack, stream, section, total, len: lengths.body }))
    }
}

/// Why bytes are not a frame, or a frame cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The first byte is no [`FrameKind`], or the second is not 0.
    #[error("there is no frame of kind {kind:#06x}")]
    UnknownKind {
        /// The first two bytes, the second one above.
        kind: u16,
    },
    /// The head is longer than [`HEAD_LEN_MAX`].
    #[error("a frame head of {len} bytes is more than the {HEAD_LEN_MAX} allowed")]
    HeadTooLarge {
        /// Its length in bytes.
        len: u64,
    },
    /// The body is longer than allowed.
    #[error("a frame body of {len} bytes is more than the {max} allowed")]
    BodyTooLarge {
        /// Its length in bytes.
        len: u64,
        /// What is allowed, in bytes.
        max: u64,
    },
    /// There are more than [`PARTS_MAX`] parts.
    #[error("{count} parts are more than the {PARTS_MAX} allowed")]
    TooManyParts {
        /// How many.
        count: u64,
    },
    /// The parts together are longer than [`PARTS_LEN_MAX`].
    #[error("parts of {len} bytes are more than the {PARTS_LEN_MAX} allowed")]
    PartsTooLarge {
        /// Their length in bytes, as far as it was added up.
        len: u64,
    },
    /// The bytes ended within a frame.
    #[error("the connection ended within a frame, after {len} bytes of it")]
    Truncated {
        /// How many bytes of the frame there were, as far as they are known.
        len: u64,
    },
}

/// Appends `frame` to `out`.
///
/// # Errors
/// [`FrameError`], when a length is over its bound; `out` is then as before.
pub fn encode_into(frame: &Frame, out: &mut BytesMut) -> Result<(), FrameError> {
    let numbers = (frame.kind, frame.seq, frame.ack);
    encode_head_into(numbers, &frame.head, frame.body.len(), &frame.parts, out)?;
    out.extend_from_slice(&frame.body);
    frame.parts.iter().for_each(|part| out.extend_from_slice(part));
    Ok(())
}

/// Appends the beginning of a frame in pieces to `out`: kind, sequence number, acknowledgement; head; the lengths of body
/// and parts, which themselves are to follow.
///
/// # Errors
/// As [`encode_into`].
pub fn encode_head_into(
    (kind, seq, ack): (FrameKind, u64, u64),
    head: &[u8],
    body_len: usize,
    parts: &[Bytes],
    out: &mut BytesMut,
) -> Result<(), FrameError> {
    check_lengths(head.len(), body_len, parts)?;
    out.reserve(encoded_len(head.len(), parts.len()));
    out.put_u8(kind as u8);
    out.put_u8(0);
    out.put_u16_le(u16::try_from(parts.len()).expect("PARTS_MAX fits"));
    out.put_u32_le(u32::try_from(head.len()).expect("HEAD_LEN_MAX fits"));
    out.put_u32_le(u32::try_from(body_len).expect("BODY_LEN_MAX fits"));
    out.put_u64_le(seq);
    out.put_u64_le(ack);
    for part in parts {
        out.put_u32_le(u32::try_from(part.len()).expect("PARTS_LEN_MAX fits"));
    }
    out.extend_from_slice(head);
    Ok(())
}

/// What [`encode_head_into`] appends, in bytes.
pub fn encoded_len(head_len: usize, part_count: usize) -> usize {
    HEADER_LEN + 4 * part_count + head_len
}

/// What the body of a [`FrameKind::Beside`] says: which stream, and how many sections it has.
pub fn encode_beside(stream: u32, sections: usize) -> Bytes {
    let mut body = BytesMut::with_capacity(6);
    body.put_u32_le(stream);
    body.put_u16_le(u16::try_from(sections).expect("PARTS_MAX fits"));
    body.freeze()
}

/// As [`encode_beside`]; `None` when it is malformed.
pub fn decode_beside(mut body: Bytes) -> Option<(u32, usize)> {
    (body.len() == 6).then(|| (body.get_u32_le(), usize::from(body.get_u16_le())))
}

/// Checks the lengths of what is to be sent; gives that of all parts together, in bytes.
///
/// # Errors
/// As [`encode_into`].
pub fn check_lengths(head: usize, body: usize, parts: &[Bytes]) -> Result<usize, FrameError> {
    check_head(head)?;
    check_body(body, BODY_LEN_MAX)?;
    check_parts(parts.len())?;
    parts.iter().try_fold(0, |sum, part| add_part(sum, part.len()))
}

fn check_head(len: usize) -> Result<(), FrameError> {
    if len > HEAD_LEN_MAX { Err(FrameError::HeadTooLarge { len: len as u64 }) } else { Ok(()) }
}

fn check_body(len: usize, max: usize) -> Result<(), FrameError> {
    if len > max { Err(FrameError::BodyTooLarge { len: len as u64, max: max as u64 }) } else { Ok(()) }
}

fn check_parts(count: usize) -> Result<(), FrameError> {
    if count > PARTS_MAX { Err(FrameError::TooManyParts { count: count as u64 }) } else { Ok(()) }
}

/// Adds the length of one more part to `sum`.
fn add_part(sum: usize, len: usize) -> Result<usize, FrameError> {
    let sum = sum.saturating_add(len);
    if sum > PARTS_LEN_MAX { Err(FrameError::PartsTooLarge { len: sum as u64 }) } else { Ok(sum) }
}

/// A data frame without parts, where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataFrame<'a> {
    /// The session's number.
    pub seq: u64,
    /// The number up to which the sender of this frame has received everything.
    pub ack: u64,
    /// The small, structured part.
    pub head: &'a [u8],
    /// The encoded value.
    pub body: &'a [u8],
    /// What it takes of the bytes, in all.
    pub len: usize,
}

/// The data frame without parts that lies whole at the front of `bytes`, and is within the bounds; `None` when there is
/// none, whatever there is instead: the decoder will say.
#[inline]
pub fn peek_data(bytes: &[u8]) -> Option<DataFrame<'_>> {
    let header: &[u8; HEADER_LEN] = bytes.first_chunk()?;
    let u32_at =
        |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize;
    let u64_at = |at: usize| u32_at(at) as u64 | (u32_at(at + 4) as u64) << 32;
    if header[..4] != [FrameKind::Data as u8, 0, 0, 0] {
        return None;
    }
    let (head, body) = (u32_at(4), u32_at(8));
    if head > HEAD_LEN_MAX || body > BODY_LEN_MAX {
        return None;
    }
    let len = HEADER_LEN + head + body;
    let content = bytes.get(HEADER_LEN..len)?;
    let (head, body) = content.split_at(head);
    Some(DataFrame { seq: u64_at(12), ack: u64_at(20), head, body, len })
}

/// Cuts bytes into frames, however the bytes are split on their way.
///
/// ```text
/// Header ──28 bytes──► PartLengths ──4 × parts──► Head ──► Body ──► Part 0 … ──► frame, Header again
/// ```
#[derive(Debug)]
pub struct FrameDecoder {
    body_len_max: usize,
    state: DecodeState,
    /// The bytes taken off the buffer for the frame in `state`.
    taken: u64,
}

#[derive(Debug)]
enum DecodeState {
    Header,
    PartLengths { frame: Frame, lengths: Lengths },
    Content { frame: Frame, lengths: Lengths, section: Section },
    Failed(FrameError),
}

/// What is next to be taken out of the content.
#[derive(Clone, Copy, Debug)]
enum Section {
    Head,
    Body,
    Part(usize),
}

/// What the header, and then the lengths of the parts, announce.
#[derive(Debug)]
struct Lengths {
    head: usize,
    body: usize,
    part_count: usize,
    parts: Vec<u32>,
}

impl Default for FrameDecoder {
    fn default() -> FrameDecoder {
        FrameDecoder::new(BODY_LEN_MAX)
    }
}

impl FrameDecoder {
    /// A decoder that allows bodies of up to `body_len_max` bytes, and never more than [`BODY_LEN_MAX`].
    pub fn new(body_len_max: usize) -> FrameDecoder {
        FrameDecoder { body_len_max: body_len_max.min(BODY_LEN_MAX), state: DecodeState::Header, taken: 0 }
    }

    /// Takes the next frame off the front of `bytes`; `None` when there is not a whole one yet. The content is not
    /// copied: it shares the memory of `bytes`.
    ///
    /// # Errors
    /// [`FrameError`], when the bytes are not a frame. It is final (`FRAME-2`).
    pub fn feed(&mut self, bytes: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        loop {
            let before = bytes.len();
            let step = std::mem::replace(&mut self.state, DecodeState::Header).step(bytes, self.body_len_max);
            self.taken += (before - bytes.len()) as u64;
            match step {
                Ok(Step::More(state)) => self.state = state,
                Ok(Step::Wait(state)) => {
                    self.state = state;
                    return Ok(None);
                }
                Ok(Step::Done(frame)) => {
                    self.taken = 0;
                    return Ok(Some(frame));
                }
                Err(error) => {
                    self.state = DecodeState::Failed(error.clone());
                    return Err(error);
                }
            }
        }
    }

    /// Whether the next byte begins a frame.
    pub fn is_between_frames(&self) -> bool {
        matches!(self.state, DecodeState::Header)
    }

    /// How many more bytes than the `have` in the buffer are needed before [`feed`](FrameDecoder::feed) can go on, at
    /// most [`RESERVE_MAX`]: what a reader may reserve.
    pub fn wanted(&self, have: usize) -> usize {
        let needed = match &self.state {
            DecodeState::Header | DecodeState::Failed(_) => HEADER_LEN,
            DecodeState::PartLengths { lengths, .. } => 4 * lengths.part_count,
            DecodeState::Content { lengths, section, .. } => lengths.of(*section).unwrap_or_default(),
        };
        needed.saturating_sub(have).min(RESERVE_MAX)
    }

    /// Tells whether the bytes may end here, with `rest` of them not taken.
    ///
    /// # Errors
    /// [`FrameError::Truncated`] within a frame, and the error that [`feed`](FrameDecoder::feed) has given.
    pub fn end(&self, rest: &[u8]) -> Result<(), FrameError> {
        match &self.state {
            DecodeState::Failed(error) => Err(error.clone()),
            DecodeState::Header if rest.is_empty() => Ok(()),
            _ => Err(FrameError::Truncated { len: self.taken + rest.len() as u64 }),
        }
    }
}

/// What one step of the decoder comes to.
enum Step {
    More(DecodeState),
    Wait(DecodeState),
    Done(Frame),
}

impl DecodeState {
    fn step(self, bytes: &mut BytesMut, body_len_max: usize) -> Result<Step, FrameError> {
        match self {
            DecodeState::Header if bytes.len() < HEADER_LEN => {
                check_kind(bytes)?;
                Ok(Step::Wait(DecodeState::Header))
            }
            DecodeState::Header => {
                let (frame, lengths) = decode_header(bytes, body_len_max)?;
                Ok(Step::More(DecodeState::PartLengths { frame, lengths }))
            }
            DecodeState::PartLengths { frame, lengths } if bytes.len() < 4 * lengths.part_count => {
                Ok(Step::Wait(DecodeState::PartLengths { frame, lengths }))
            }
            DecodeState::PartLengths { frame, mut lengths } => {
                lengths.parts = (0..lengths.part_count).map(|_| bytes.get_u32_le()).collect();
                lengths.parts.iter().try_fold(0, |sum, len| add_part(sum, *len as usize))?;
                Ok(Step::More(DecodeState::Content { frame, lengths, section: Section::Head }))
            }
            DecodeState::Content { mut frame, lengths, section } => {
                let Some(len) = lengths.of(section) else { return Ok(Step::Done(frame)) };
                if bytes.len() < len {
                    return Ok(Step::Wait(DecodeState::Content { frame, lengths, section }));
                }
                let content = bytes.split_to(len).freeze();
                let section = match section {
                    Section::Head => {
                        frame.head = content;
                        Section::Body
                    }
                    Section::Body => {
                        frame.body = content;
                        Section::Part(0)
                    }
                    Section::Part(index) => {
                        frame.parts.push(content);
                        Section::Part(index + 1)
                    }
                };
                Ok(Step::More(DecodeState::Content { frame, lengths, section }))
            }
            DecodeState::Failed(error) => Err(error),
        }
    }
}

impl Lengths {
    /// How long a section is; `None` after the last one.
    fn of(&self, section: Section) -> Option<usize> {
        match section {
            Section::Head => Some(self.head),
            Section::Body => Some(self.body),
            Section::Part(index) => self.parts.get(index).map(|len| *len as usize),
        }
    }
}

/// Looks at the kind as soon as it is there, so that a stranger is not waited for.
fn check_kind(bytes: &[u8]) -> Result<Option<FrameKind>, FrameError> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let second = bytes.get(1).copied().unwrap_or_default();
    match FrameKind::of(first) {
        Some(kind) if second == 0 => Ok(Some(kind)),
        _ => Err(FrameError::UnknownKind { kind: u16::from_le_bytes([first, second]) }),
    }
}

fn decode_header(bytes: &mut BytesMut, body_len_max: usize) -> Result<(Frame, Lengths), FrameError> {
    let kind = check_kind(bytes)?.expect("a whole header is there");
    bytes.advance(2);
    let part_count = usize::from(bytes.get_u16_le());
    let (head, body) = (bytes.get_u32_le() as usize, bytes.get_u32_le() as usize);
    let (seq, ack) = (bytes.get_u64_le(), bytes.get_u64_le());
    check_head(head)?;
    check_body(body, body_len_max)?;
    check_parts(part_count)?;
    Ok((Frame { seq, ack, ..Frame::new(kind) }, Lengths { head, body, part_count, parts: Vec::new() }))
}

#[cfg(test)]
mod tests;
