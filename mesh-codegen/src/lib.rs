//! Everything mesh's procedural macros do, as a plain library: `TokenStream` in, `TokenStream` out.
//!
//! `proc_macro` is not named here, so that every step is reachable from an ordinary `#[test]`. An `#[actor]` block
//! goes through four steps, each of which knows only the one before it:
//!
//! ```text
//! tokens ─► parse    syntax only; bodies of functions stay unread token groups
//!        ─► model    what was written, in the words of the field: handlers, hooks, constructors
//!        ─► check    the rules; every mistake is reported at once, at the user's own tokens
//!        ─► emit     what passed becomes code that names only `::mesh::__private`
//! ```
//!
//! Invariants:
//!
//! - GEN-1: whatever is wrong with the annotations, the user's own items are emitted, so that one mistake gives one error.
//! - GEN-2: the body of a function is never parsed: a syntax error in it is rustc's to report, once.
//! - GEN-3: a generated method of the Api carries the user's own identifier token, so that editors follow it to the handler.
//! - GEN-4: generated locals begin with `__`; no argument of a user's can collide with them.
//! - GEN-5: `#[cfg]` of a handler stands on everything that is generated from it.
//!
//! What it does **not** know: the runtime. The names of `__private` are a contract between the two crates.

mod check;
mod derive;
mod derive_actor;
mod derive_message;
mod derive_named;
mod emit;
mod entry;
mod errors;
mod misplaced;
mod model;
mod parse;
mod quiet;
mod tokens;

pub use check::{HANDLE_METHODS, TRAIT_METHODS};
pub use derive_actor::{derive_actor, derive_remote_spawn};
pub use derive_message::derive_message;
pub use derive_named::derive_named;
pub use entry::{main, test};
pub use misplaced::misplaced;
pub use quiet::{begin_elsewhere, quiet};

use errors::Errors;
use proc_macro2::TokenStream;

/// Expands `#[actor(options)]` on an `impl` block.
pub fn actor(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = parse::ActorOptions::read(options, &mut errors);
    let mut block = match syn::parse2::<parse::Block>(item.clone()) {
        Ok(block) => block,
        Err(error) => return parse::fallback(item, error, errors),
    };
    let mut actor = match model::read(&mut block, options, &mut errors) {
        Some(actor) => actor,
        None => return emit::only_the_block(&block, errors),
    };
    if !check::parameters(&actor, &mut errors) {
        return emit::only_the_block(&block, errors);
    }
    check::check(&mut actor, &mut errors);
    emit::emit(&actor, &block, errors)
}
