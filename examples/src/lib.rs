//! Helpers shared by the examples: none yet. The programs are the `*.rs` files beside `src/`.
