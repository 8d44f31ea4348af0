//! The one place that knows the encoding: bincode 2, variable-length integers, always limited.
//!
//! A value becomes a [`Payload`]: a body, and *parts*, large byte strings that travel beside it uncopied.
//!
//! Invariants
//! - `CODEC-1` what decoding may allocate is bounded by [`BODY_LEN_MAX`], and how deep a value may nest by
//!   [`DEPTH_MAX`]: bytes from outside exhaust neither memory nor stack (`PEER-1`).
//! - `CODEC-2` a part is decoded at most once, and every part exactly once: what is left over is an error.

use std::any::Any;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::CallErrorKind;

mod depth;
mod part;

use depth::Bounded;
pub use depth::DEPTH_MAX;
pub use part::{BESIDE_LEN_MIN, Part};

/// The largest body, in bytes, and the most that decoding one may allocate.
pub const BODY_LEN_MAX: usize = 64 << 20;

/// The most parts beside a body.
pub const PARTS_MAX: usize = 1024;

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<BODY_LEN_MAX>()
}

/// Why a value could not be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Its encoding is larger than [`BODY_LEN_MAX`].
    #[error("{len_bytes} bytes are more than the {BODY_LEN_MAX} allowed")]
    TooLarge {
        /// Its length in bytes.
        len_bytes: usize,
    },
    /// There are more than [`PARTS_MAX`] parts.
    #[error("{count} parts are more than the {PARTS_MAX} allowed")]
    TooManyParts {
        /// How many.
        count: usize,
    },
    /// Its `Serialize` failed, or asked for something this format has not.
    #[error("{reason}")]
    Value {
        /// What it said.
        reason: String,
    },
}

impl EncodeError {
    /// The same, as the caller is told of it.
    pub fn call_error(&self) -> CallErrorKind {
        match self {
            EncodeError::TooLarge { len_bytes } => {
                CallErrorKind::TooLarge { len_bytes: *len_bytes as u64, max_bytes: BODY_LEN_MAX as u64 }
            }
            error => CallErrorKind::decode(error),
        }
    }
}

/// Why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not the value's encoding.
    #[error("{reason}")]
    Value {
        /// What the decoder said.
        reason: String,
    },
    /// There was more than the value.
    #[error("{count} bytes were left over")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// There were parts that the value has no place for.
    #[error("{count} parts were left over")]
    TrailingParts {
        /// How many.
        count: usize,
    },
}

/// An encoded value. Cloning shares the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// The encoding.
    pub body: Bytes,
    /// Large byte strings beside it, in the order they were met.
    pub parts: Vec<Bytes>,
}

impl Payload {
    /// Encodes one value.
    ///
    /// # Errors
    /// [`EncodeError`], when the value is too large or cannot be serialised.
    pub fn of<T: Serialize + 'static>(value: &T) -> Result<Payload, EncodeError> {
        let mut encoder = Encoder::default();
        encoder.put(value)?;
        encoder.finish()
    }

    /// Decodes one value; everything must be used up.
    ///
    /// # Errors
    /// [`DecodeError`], when the bytes are not exactly one such value.
    pub fn get<T: DeserializeOwned + 'static>(&self) -> Result<T, DecodeError> {
        let mut decoder = Decoder::new(self);
        let value = decoder.get()?;
        decoder.finish()?;
        Ok(value)
    }

    /// Its size in bytes, parts included.
    pub fn len_bytes(&self) -> usize {
        self.body.len() + self.parts.iter().map(Bytes::len).sum::<usize>()
    }
}

/// Collects the encodings of several values, one after the other.
#[derive(Debug)]
pub struct Encoder {
    body: Vec<u8>,
    /// `None` where nothing can travel beside the body.
    parts: Option<Vec<Bytes>>,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder { body: Vec::new(), parts: Some(Vec::new()) }
    }
}

impl Encoder {
    /// An encoder for what travels as a body alone: parts are copied into it.
    pub fn without_parts() -> Encoder {
        Encoder { body: Vec::new(), parts: None }
    }

    /// Appends a value. A [`Bytes`], and a [`Part`] within a value, travels beside the body.
    ///
    /// # Errors
    /// [`EncodeError`]; what was appended before stays.
    pub fn put<T: Serialize + 'static>(&mut self, value: &T) -> Result<(), EncodeError> {
        let Encoder { body, parts } = self;
        let encoded = part::with_sink(parts, || match (value as &dyn Any).downcast_ref::<Bytes>() {
            Some(bytes) => encode(&Part(bytes.clone()), body),
            None => encode(value, body),
        });
        encoded.and_then(|()| self.check_len())
    }

    /// Appends a value of the runtime's own, without parts.
    pub(super) fn put_plain<T: Serialize>(&mut self, value: &T) -> Result<(), EncodeError> {
        encode(value, &mut self.body)?;
        self.check_len()
    }

    /// Appends bytes as they are.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        self.body.extend_from_slice(bytes);
    }

    /// Appends a number, as [`put_plain`](Self::put_plain) does.
    pub(super) fn put_varint(&mut self, number: u64) {
        // At most nine bytes, appended at once.
        let mut bytes = [0; 9];
        let len = match number {
            0..=250 => {
                bytes[0] = number.to_le_bytes()[0];
                1
            }
            _ if number <= u16::MAX.into() => {
                bytes[0] = 251;
                3
            }
            _ if number <= u32::MAX.into() => {
                bytes[0] = 252;
                5
            }
            _ => {
                bytes[0] = 253;
                9
            }
        };
        if len > 1 {
            bytes[1..].copy_from_slice(&number.to_le_bytes());
        }
        self.body.extend_from_slice(&bytes[..len]);
    }

    fn check_len(&self) -> Result<(), EncodeError> {
        let len_bytes = self.body.len();
        if len_bytes > BODY_LEN_MAX { Err(EncodeError::TooLarge { len_bytes }) } else { Ok(()) }
    }

    /// What has been encoded so far, without the parts.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The parts beside what has been encoded so far.
    pub fn parts(&self) -> &[Bytes] {
        self.parts.as_deref().unwrap_or_default()
    }

    /// How many bytes of memory it holds for the body.
    pub fn capacity(&self) -> usize {
        self.body.capacity()
    }

    /// Starts anew, keeping the memory.
    pub fn clear(&mut self) {
        self.body.clear();
        self.parts.as_mut().map(Vec::clear).unwrap_or_default();
    }

    /// The result.
    ///
    /// # Errors
    /// [`EncodeError::TooManyParts`], when there are more than [`PARTS_MAX`] parts.
    pub fn finish(self) -> Result<Payload, EncodeError> {
        if self.parts().len() > PARTS_MAX {
            return Err(EncodeError::TooManyParts { count: self.parts().len() });
        }
        Ok(Payload { body: self.body.into(), parts: self.parts.unwrap_or_default() })
    }
}

fn encode<T: Serialize>(value: &T, body: &mut Vec<u8>) -> Result<(), EncodeError> {
    bincode::serde::encode_into_std_write(value, body, config())
        .map(drop)
        .map_err(|error| EncodeError::Value { reason: error.to_string() })
}

/// Reads values off a payload, one after the other.
#[derive(Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    /// The parts that are not taken yet, at their places.
    parts: Vec<Option<Bytes>>,
}

impl<'a> Decoder<'a> {
    /// Starts at the beginning of `payload`.
    pub fn new(payload: &'a Payload) -> Decoder<'a> {
        Decoder { rest: &payload.body, parts: payload.parts.iter().cloned().map(Some).collect() }
    }

    /// Starts at the beginning of `bytes`, which have no parts.
    pub fn of_bytes(bytes: &'a [u8]) -> Decoder<'a> {
        Decoder { rest: bytes, parts: Vec::new() }
    }

    /// Takes the next value.
    ///
    /// # Errors
    /// [`DecodeError::Value`], when the next bytes are not such a value.
    pub fn get<T: DeserializeOwned + 'static>(&mut self) -> Result<T, DecodeError> {
        let Decoder { rest, parts } = self;
        let mut value = None;
        part::with_source(parts, || {
            if let Some(bytes) = (&mut value as &mut dyn Any).downcast_mut::<Option<Bytes>>() {
                *bytes = Some(decode::<Part>(rest)?.0);
            } else {
                value = Some(decode(rest)?);
            }
            Ok(())
        })?;
        Ok(value.expect("one of the two has set it"))
    }

    /// How many bytes are left.
    pub fn rest_len(&self) -> usize {
        self.rest.len()
    }

    /// Ends: nothing may be left.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`] and [`DecodeError::TrailingParts`], when something is left over (`WIRE-2`).
    pub fn finish(self) -> Result<(), DecodeError> {
        let parts = self.parts.iter().flatten().count();
        match (self.rest.len(), parts) {
            (0, 0) => Ok(()),
            (0, count) => Err(DecodeError::TrailingParts { count }),
            (count, _) => Err(DecodeError::Trailing { count }),
        }
    }
}

/// Takes a value off the front of `rest`.
fn decode<T: DeserializeOwned>(rest: &mut &[u8]) -> Result<T, DecodeError> {
    let seed = Bounded { inner: PhantomData::<T>, left: DEPTH_MAX };
    let (value, used) = bincode::serde::seed_decode_from_slice(seed, rest, config())
        .map_err(|error| DecodeError::Value { reason: error.to_string() })?;
    *rest = rest.get(used..).unwrap_or_default();
    Ok(value)
}

#[cfg(test)]
mod tests;
