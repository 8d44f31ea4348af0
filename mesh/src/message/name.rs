//! Names of types that mean the same in every process.

use crate::ident::{name_hash, name_mix};

/// A type with a stable name. `#[actor]` gives every actor one: its module path, or `#[actor(name = "…")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no stable name",
    label = "needs a stable name to cross processes",
    note = "actors annotated with `#[actor]` get a name automatically; implement `mesh::Named` for a type parameter of your own"
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
