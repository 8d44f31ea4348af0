//! Compile-fail tests of mesh; see `tests/ui.rs`.
