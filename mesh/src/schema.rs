//! The structure of any deserialisable type, as text: what two builds compare before they talk.
//!
//! A type's own `Deserialize` is driven with made-up values, and what it asks for is written down: nothing is derived
//! and nothing is asked of the user (the idea is that of `serde-reflection`, Diem 2020). Field and variant names, their
//! order and types are in the text; the names of the Rust fields behind a `#[serde(rename)]`, and modules, are not. This
//! module does not know who compares, nor how values are encoded.
//!
//! ```
//! # use mesh::schema::schema_of;
//! #[derive(serde::Deserialize)]
//! enum Shape {
//!     Empty,
//!     Circle(f64),
//!     Poly { points: Vec<(i32, i32)>, inside: Option<Box<Shape>> },
//! }
//! assert_eq!(
//!     schema_of::<Shape>(),
//!     "Shape;Shape=Empty|Circle(f64)|Poly{points:[(i32,i32)],inside:Option<Shape>}",
//! );
//! ```
//!
//! Grammar: `u8`, `str`, `bytes` … · `()` · `Option<T>` · `[T]` a sequence · `{K:V}` a map · `(A,B)` a tuple, `u8*32`
//! for a run in one · a name, defined once after a `;` · `^` the enclosing container again · `?` not known from here, and
//! in `<>` the path of the type that took none of our values · in `""` what [`identity!`](crate::identity) says of the type
//! before it.
//!
//! How: the type is driven again and again. Each time, every enum on the way tries a variant that has not been seen,
//! or one that leads to such an enum. A type met inside itself is only *finished*: options are empty, sequences have
//! no element, enums take a variant that is known to end. A value that the type rejects is tried again with other
//! values; if it likes none, the schema says `?` there.
//!
//! Invariants
//! - `SCHEMA-1` equal structure gives equal text, in every process of every build.
//! - `SCHEMA-2` it ends, within the bounds of `trace`, on every type, and passes on no panic.
//! - `SCHEMA-3` a schema that is not whole has a `?`; one that begins with it is of a type that took none of our values.
//! - `SCHEMA-4` two types that take none of our values differ in the text unless they have one path, or one identity.

mod identity;
mod probe;
mod trace;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;

pub use self::identity::Identity;
use self::probe::Probe;
use self::trace::Trace;

/// Writes the structure of `T`.
pub fn schema_of<T: DeserializeOwned>() -> String {
    let root = std::any::type_name::<T>();
    let mut trace = Trace::of(root);
    trace.run(|trace, out| {
        // A `Deserialize` that panics on our values says as little about its structure as one that refuses them.
        let built = catch_unwind(AssertUnwindSafe(|| T::deserialize(Probe::new(trace, out)).is_ok())).ok();
        identity::write(root, out);
        built
    })
}

#[cfg(test)]
mod tests;
