//! Thread locals: the threads of a model are coroutines of one thread, so that those of the standard library were shared.

use std::cell::Cell;
use std::fmt;

/// What `std::thread::LocalKey` can do, as far as it is used.
pub struct Local<T: 'static>(pub &'static loom::thread::LocalKey<Cell<T>>);

impl<T: 'static> Local<T> {
    /// Puts a value in; the one before.
    pub fn replace(&'static self, value: T) -> T {
        self.0.with(|cell| cell.replace(value))
    }

    /// Puts a value in.
    pub fn set(&'static self, value: T) {
        self.0.with(|cell| cell.set(value));
    }
}

impl<T: Copy + 'static> Local<T> {
    /// The value.
    pub fn get(&'static self) -> T {
        self.0.with(Cell::get)
    }
}

impl<T> fmt::Debug for Local<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Local")
    }
}

macro_rules! thread_local {
    ($($(#[$doc:meta])* static $name:ident: $cell:ident<$of:ty> = const { $init:expr };)*) => {$(
        $(#[$doc])*
        static $name: $crate::local::Local<$of> = {
            ::loom::thread_local! { static KEY: $cell<$of> = $init; }
            $crate::local::Local(&KEY)
        };
    )*};
}
