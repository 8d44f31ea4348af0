//! Byte strings that travel beside the body, uncopied.
//!
//! ```text
//! encode:  Part ─► body: Beside(index)   parts: [… the bytes themselves …]
//!          Part ─► body: Inline(bytes)   short, or where nothing can travel beside
//! ```
//!
//! The encoding itself only sees bytes, so the parts of the value that is encoded or decoded just now lie in a
//! thread-local place for that time.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::PARTS_MAX;

/// A shorter byte string, in bytes, is cheaper within the body than beside it.
pub const BESIDE_LEN_MIN: usize = 1 << 10;

/// A byte string within a message or a reply that is never copied on its way: large ones travel beside the message.
///
/// A [`Bytes`] that is itself an argument, a reply or an item of a stream does so without it. In other formats, as JSON, it is
/// the bytes.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Tensor {
///     shape: Vec<u32>,
///     values: mesh::Part,
/// }
/// let tensor = Tensor { shape: vec![2, 2], values: vec![0; 16].into() };
/// assert_eq!(tensor.values.len(), 16);
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(pub Bytes);

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} bytes)", self.0.len())
    }
}

impl Deref for Part {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.0
    }
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Part {
    fn from(bytes: Bytes) -> Part {
        Part(bytes)
    }
}

impl From<Vec<u8>> for Part {
    fn from(bytes: Vec<u8>) -> Part {
        Part(bytes.into())
    }
}

impl From<Part> for Bytes {
    fn from(part: Part) -> Bytes {
        part.0
    }
}

/// How a part stands in the body.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Part")]
enum Place<B> {
    Inline(B),
    /// Which of the parts.
    Beside(u32),
}

thread_local! {
    /// Where the parts of the value that is being encoded go; `None` where there is no room beside it.
    static SINK: RefCell<Option<Vec<Bytes>>> = const { RefCell::new(None) };
    /// The parts of the value that is being decoded, less those that are taken.
    static SOURCE: RefCell<Vec<Option<Bytes>>> = const { RefCell::new(Vec::new()) };
}

/// Encodes with `parts` as the place for parts, or none. What a value's own `Serialize` encodes meanwhile is apart from it.
pub(super) fn with_sink<R>(parts: &mut Option<Vec<Bytes>>, encode: impl FnOnce() -> R) -> R {
    struct Restore<'a>(Option<Vec<Bytes>>, &'a mut Option<Vec<Bytes>>);
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            *self.1 = SINK.replace(self.0.take());
        }
    }
    let outer = SINK.replace(parts.take());
    let _restore = Restore(outer, parts);
    encode()
}

/// As [`with_sink`], for decoding: what is taken is missing in `parts` afterwards.
pub(super) fn with_source<R>(parts: &mut Vec<Option<Bytes>>, decode: impl FnOnce() -> R) -> R {
    struct Restore<'a>(Vec<Option<Bytes>>, &'a mut Vec<Option<Bytes>>);
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            *self.1 = SOURCE.replace(std::mem::take(&mut self.0));
        }
    }
    let outer = SOURCE.replace(std::mem::take(parts));
    let _restore = Restore(outer, parts);
    decode()
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        let index = SINK.with_borrow_mut(|sink| {
            let sink =
                sink.as_mut().filter(|sink| self.0.len() >= BESIDE_LEN_MIN && sink.len() < PARTS_MAX)?;
            sink.push(self.0.clone());
            u32::try_from(sink.len() - 1).ok()
        });
        match index {
            Some(index) => Place::<&Bytes>::Beside(index).serialize(serializer),
            None => Place::Inline(&self.0).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Part, D::Error> {
        if deserializer.is_human_readable() {
            return Bytes::deserialize(deserializer).map(Part);
        }
        match Place::<Bytes>::deserialize(deserializer)? {
            Place::Inline(bytes) => Ok(Part(bytes)),
            Place::Beside(index) => {
                let part = SOURCE.with_borrow_mut(|source| source.get_mut(index as usize)?.take());
                part.map(Part).ok_or_else(|| D::Error::custom(format_args!("there is no part {index}")))
            }
        }
    }
}
