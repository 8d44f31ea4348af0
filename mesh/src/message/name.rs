//! Names of types that mean the same in every process.

use crate::ident::{name_hash, name_mix};

/// A type with a stable name. `#[actor]` gives every actor one: its module path, or `#[actor(name = "…")]`.
///
/// A module path begins with the name of its crate, so actors of two crates may share an identifier. It has no version: two
/// versions of one crate in a binary are a duplicate, which is an error at the start that shows both places.
///
/// Only what is *named* across processes needs this trait: actors, messages of `#[derive(Message)]`, and the types that
/// stand for their parameters, `u64` in `Store<u64>`. A type of your own derives it. A type of another crate cannot have it
/// (the orphan rule); give the actor a type of your own around it.
///
/// ```
/// # use mesh::Named;
/// #[derive(mesh::Named)] // named by its path, as an actor is
/// pub struct Kelvin(f64);
///
/// #[derive(mesh::Named)]
/// #[named(name = "acme.Celsius")] // a name that stays when the type moves
/// pub struct Celsius(f64);
///
/// assert_eq!(Celsius::type_name(), "acme.Celsius");
/// assert!(Kelvin::type_name().ends_with("::Kelvin"));
/// ```
///
/// Types of arguments and replies need no name, whoever wrote them: two builds compare their structure, which is read from
/// `Deserialize` (see [`schema`](crate::schema)). Two versions of a crate whose type has the same serde form talk to one
/// another. A type that refuses every made-up value shows no structure, and is compared by its path, or by what
/// [`identity!`](crate::identity) says of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no stable name",
    label = "needs a stable name to cross processes",
    note = "actors annotated with `#[actor]` get a name automatically; a type of your own that stands for a parameter derives one: `#[derive(mesh::Named)]`"
)]
pub trait Named: 'static {
    /// The identity that follows from the name.
    const TYPE_ID: u64;
    /// The name.
    fn type_name() -> String;
}

macro_rules! named {
    ($($type:ty),* $(,)?) => {
        $(impl Named for $type {
            const TYPE_ID: u64 = name_hash(stringify!($type));
            fn type_name() -> String {
                stringify!($type).into()
            }
        })*
    };
}

named!((), bool, char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, String);

impl<T: Named> Named for Vec<T> {
    const TYPE_ID: u64 = name_mix(name_hash("Vec"), T::TYPE_ID);
    fn type_name() -> String {
        format!("Vec<{}>", T::type_name())
    }
}

impl<T: Named> Named for Option<T> {
    const TYPE_ID: u64 = name_mix(name_hash("Option"), T::TYPE_ID);
    fn type_name() -> String {
        format!("Option<{}>", T::type_name())
    }
}
