//! A sequence that decodes only up to a bound, so that a length from outside allocates and costs no more.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// The most elements that are allocated on the word of a peer; beyond it the vector grows as they arrive.
const TRUSTED_LEN_MAX: usize = 1024;

/// A vector of at most `MAX` elements, for decoding.
pub(crate) struct BoundedVec<T, const MAX: usize>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for BoundedVec<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Bounded::<T, MAX>(PhantomData)).map(BoundedVec)
    }
}

struct Bounded<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Bounded<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let promised = elements.size_hint().unwrap_or(0);
        if promised > MAX {
            return Err(A::Error::invalid_length(promised, &self));
        }
        let mut values = Vec::with_capacity(promised.min(TRUSTED_LEN_MAX));
        while let Some(value) = elements.next_element()? {
            if values.len() == MAX {
                return Err(A::Error::invalid_length(MAX.saturating_add(1), &self));
            }
            values.push(value);
        }
        Ok(values)
    }
}
