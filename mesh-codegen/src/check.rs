//! The rules. Each mistake is reported at the user's token: what is wrong, then the shape that works.
//!
//! What breaks a rule so badly that no code could be made of it leaves the model; the rest is emitted all the same, so that
//! its callers still resolve.

mod actor;
mod constructor;
mod handler;
mod hook;
mod names;
mod part;
mod signature;
mod types;

pub(crate) use actor::{is_unbounded, parameters};
pub use names::{HANDLE_METHODS, TRAIT_METHODS};

use crate::errors::Errors;
use crate::model::Actor;

/// The most arguments of a handler or a constructor.
const ARGUMENTS_MAX: usize = 16;

/// Reports every broken rule, and leaves in `actor` what can be emitted.
pub(crate) fn check(actor: &mut Actor, errors: &mut Errors) {
    actor::check(actor, errors);
    part::check(actor, errors);
    names::check(actor, errors);
    let ident = actor.ident.clone();
    keep_sound(&mut actor.handlers, errors, |handler, errors| handler::check(handler, &ident, errors));
    keep_sound(&mut actor.constructors, errors, |constructor, errors| {
        constructor::check(constructor, &ident, errors);
    });
    keep_sound(&mut actor.hooks, errors, hook::check);
    names::keep_first(actor, errors);
}

/// Drops the entries about which `rules` report something.
fn keep_sound<T>(entries: &mut Vec<T>, errors: &mut Errors, rules: impl Fn(&T, &mut Errors)) {
    entries.retain(|entry| {
        let before = errors.len();
        rules(entry, errors);
        errors.len() == before
    });
}
