//! What generated code calls: assertion shims and method-resolution switches, so that one missing bound is one error.
//!
//! The switches are the autoref specialisation of dtolnay (case studies, "autoref-based stable specialization", 2019):
//! the method is found on the more specific receiver first, and on the fallback otherwise. The assertion shim beside
//! each use reports the missing bound, so a fallback never runs.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{RemoteMessage, Verdict};
use crate::schema::schema_of;
use crate::supervision::Fatal;
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder};

// The assertions. A path through a trait without supertraits gives one error, which shows the user's type and nothing
// of ours; the bound of a function would show that function too, and a supertrait would be an error of its own.

/// Asserts that a type can be an argument of a remote handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a remote handler",
    label = "not `Serialize + Deserialize + Send + 'static`",
    note = "every type in it needs `#[derive(serde::Serialize, serde::Deserialize)]`; for a type of another crate enable that crate's `serde` feature, or convert it to a type of your own",
    note = "or mark the handler `#[handler(local)]` if it is only ever called through an `ActorHandle`"
)]
pub trait RemoteArgument {
    /// Exists where the type fits.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> RemoteArgument for T {}

/// Asserts that a type can be the reply of a remote handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a remote handler",
    label = "not `Serialize + Deserialize + Send + 'static`",
    note = "every type in it needs `#[derive(serde::Serialize, serde::Deserialize)]`; for a type of another crate enable that crate's `serde` feature, or convert it to a type of your own",
    note = "or mark the handler `#[handler(local)]` if it is only ever called through an `ActorHandle`"
)]
pub trait ReplyValue {
    /// Exists where the type fits.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> ReplyValue for T {}

/// Asserts that a type can be the item of a `#[stream]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the item of a stream",
    label = "not `Serialize + Deserialize + Send + 'static`",
    note = "every type in it needs `#[derive(serde::Serialize, serde::Deserialize)]`; for a type of another crate enable that crate's `serde` feature, or convert it to a type of your own"
)]
pub trait StreamItem {
    /// Exists where the type fits.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> StreamItem for T {}

/// Asserts that a type can be the reply of a local handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a handler",
    label = "not `Send + 'static`",
    note = "actors run on a multi-threaded executor; use `Arc` instead of `Rc`, `Mutex` or atomics instead of `RefCell` or `Cell`"
)]
pub trait LocalReply {
    /// Exists where the type fits.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<T: Send + 'static> LocalReply for T {}

/// Asserts that a type can be named by a behavior.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "not a message that can cross processes",
    note = "write `#[derive(serde::Serialize, serde::Deserialize, mesh::Message)] #[message(reply = T)]` on its type"
)]
pub trait BehaviorMessage {
    /// Exists where it is one.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<M: RemoteMessage> BehaviorMessage for M {}

/// Asserts that a parameter of a generic actor outlives everything.
pub trait Lasting {
    /// Exists where the type fits.
    const FITS: () = ();
}
impl<T: ?Sized + 'static> Lasting for T {}

/// Asserts that a type can be an argument of a local handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    label = "not `Send + 'static`",
    note = "actors run on a multi-threaded executor; use `Arc` instead of `Rc`, `Mutex` or atomics instead of `RefCell` or `Cell`"
)]
pub trait LocalArgument {
    /// Exists where the type fits.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<T: Send + 'static> LocalArgument for T {}

/// Asserts that a type can be the key of a map that hashes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a `HashMap` or `HashSet`",
    label = "not `Eq + Hash`",
    note = "derive both on it: `#[derive(PartialEq, Eq, Hash)]`; floating-point numbers are neither, so use their bits, `to_bits()`, or an integer unit"
)]
pub trait HashedKey {
    /// Exists where the type fits.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<T: Eq + Hash> HashedKey for T {}

/// Asserts that a type can be the key of a map that sorts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a `BTreeMap` or `BTreeSet`",
    label = "not `Ord`",
    note = "derive it: `#[derive(PartialEq, Eq, PartialOrd, Ord)]`; floating-point numbers have no total order, so use their bits, `to_bits()`, or an integer unit"
)]
pub trait SortedKey {
    /// Exists where the type fits.
    const FITS: () = ();
}
#[diagnostic::do_not_recommend]
impl<T: Ord> SortedKey for T {}

/// A name as a string. A function of one type: `String::from` would be a choice among many.
pub fn text(name: &str) -> String {
    name.to_owned()
}

/// The codec of `T`, real or missing.
#[derive(Debug)]
pub struct Wire<T>(pub PhantomData<fn() -> T>);

/// The codec of a type that has one.
pub trait RealCodec<T> {
    /// Appends a value.
    ///
    /// # Errors
    /// As [`Encoder::put`].
    fn put(&self, value: &T, out: &mut Encoder) -> Result<(), EncodeError>;
    /// Takes a value.
    ///
    /// # Errors
    /// As [`Decoder::get`].
    fn get(&self, input: &mut Decoder<'_>) -> Result<T, DecodeError>;
    /// The type's structure.
    fn schema(&self) -> String;
}

impl<T: Serialize + DeserializeOwned + 'static> RealCodec<T> for Wire<T> {
    fn put(&self, value: &T, out: &mut Encoder) -> Result<(), EncodeError> {
        out.put(value)
    }
    fn get(&self, input: &mut Decoder<'_>) -> Result<T, DecodeError> {
        input.get()
    }
    fn schema(&self) -> String {
        schema_of::<T>()
    }
}

/// Stands in for the codec of a type that has none. What only names it passes the type check, so that the assertion
/// alone speaks; it cannot be built into a program:
///
/// ```
/// use mesh::__private::{Encoder, NoCodec as _, RealCodec as _, Wire};
/// fn never<T>(value: &T) {
///     let _ = (&Wire::<T>(std::marker::PhantomData)).put(value, &mut Encoder::default());
/// }
/// fn main() {}
/// ```
///
/// ```compile_fail
/// use mesh::__private::{Encoder, NoCodec as _, RealCodec as _, Wire};
/// struct Plain;
/// fn main() {
///     let _ = (&Wire::<Plain>(std::marker::PhantomData)).put(&Plain, &mut Encoder::default());
/// }
/// ```
pub trait NoCodec<T> {
    /// Cannot be built; the size keeps the constant from being evaluated earlier, which an optimized build tries.
    ///
    /// # Errors
    /// Never returns.
    fn put(&self, _: &T, _: &mut Encoder) -> Result<(), EncodeError> {
        const { assert!(size_of::<T>() == usize::MAX, "a type without a codec travels") };
        unreachable!("it is not built")
    }
    /// Cannot be built.
    ///
    /// # Errors
    /// Never returns.
    fn get(&self, _: &mut Decoder<'_>) -> Result<T, DecodeError> {
        const { assert!(size_of::<T>() == usize::MAX, "a type without a codec travels") };
        unreachable!("it is not built")
    }
    /// Cannot be built.
    fn schema(&self) -> String {
        const { assert!(size_of::<T>() == usize::MAX, "a type without a codec travels") };
        unreachable!("it is not built")
    }
}

impl<T> NoCodec<T> for &Wire<T> {}

/// A handler's error, to be judged: [`Fatal`], else in words by the best means its type has.
#[derive(Debug)]
pub struct ErrorText<'a, E>(pub &'a E);

/// Judges a [`Fatal`].
pub trait VerdictFatal {
    /// The verdict.
    fn verdict(&self) -> Verdict;
}
impl VerdictFatal for &&&ErrorText<'_, Fatal> {
    fn verdict(&self) -> Verdict {
        Verdict::Fatal(self.0.clone())
    }
}

/// Judges an error that can be displayed.
pub trait VerdictDisplay {
    /// The verdict.
    fn verdict(&self) -> Verdict;
}
impl<E: Display> VerdictDisplay for &&ErrorText<'_, E> {
    fn verdict(&self) -> Verdict {
        Verdict::Refused(self.0.to_string())
    }
}

/// Judges an error that can only be debugged.
pub trait VerdictDebug {
    /// The verdict.
    fn verdict(&self) -> Verdict;
}
impl<E: Debug> VerdictDebug for &ErrorText<'_, E> {
    fn verdict(&self) -> Verdict {
        Verdict::Refused(format!("{:?}", self.0))
    }
}

/// Judges an error that has no text.
pub trait VerdictOpaque {
    /// The verdict.
    fn verdict(&self) -> Verdict;
}
impl<E> VerdictOpaque for ErrorText<'_, E> {
    fn verdict(&self) -> Verdict {
        Verdict::Refused(std::any::type_name::<E>().to_owned())
    }
}
