//! Compile-fail tests of mesh; see `tests/ui.rs`.

use mesh::prelude::*;

/// An actor of this crate; `pass/two_crates.rs` has one of the same name.
pub struct Light {
    color: String,
}

#[actor]
impl Light {
    #[new]
    fn new(color: String) -> Self {
        Light { color }
    }

    /// Its color.
    #[handler]
    pub fn color(&self) -> String {
        self.color.clone()
    }
}
