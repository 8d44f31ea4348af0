//! Code from a checked model. Each file writes one of the generated items.
//!
//! Whatever is named stands under `#krate::__private`, but for `#krate::register!` and the `::core` and `::std` paths of Rust itself.

mod actor;
mod api;
mod codec;
mod descriptor;
mod handler;
mod hooks;
mod message;
mod named;
mod part;
mod scope;
mod shim;
mod spawn;

pub(crate) use codec::codec;
pub(crate) use descriptor::{Argument, Descriptor};
pub(crate) use named::{mixed_id, named_parameters};
pub(crate) use scope::Paths;
pub(crate) use shim::{Fits, assertion};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::errors::Errors;
use crate::model::{Actor, Handler};
use crate::parse::Block;

/// The user's block, what is generated from it, and the errors.
pub(crate) fn emit(actor: &Actor, block: &Block, errors: Errors) -> TokenStream {
    let paths = Paths::new(actor.options.krate.as_ref());
    let mut out = block.to_token_stream();
    for handler in &actor.handlers {
        out.extend(message::structure(actor, handler, &paths));
    }
    out.extend(items(actor, &paths));
    out.extend(errors.into_tokens());
    out
}

/// What is generated for an actor but for its messages: first what others name, then one block of impls.
///
/// One block for all of them, since each costs the compiler a constant to evaluate.
pub(crate) fn items(actor: &Actor, paths: &Paths) -> TokenStream {
    let structure = actor.options.part.is_none().then(|| api::structure(actor, paths));
    let methods = api::methods(actor, paths);
    let specs = actor.constructors.iter().map(|constructor| spawn::spec(actor, constructor, paths));
    let impls = paths.block(|paths| impls(actor, paths));
    quote!(#structure #methods #(#specs)* #impls)
}

fn impls(actor: &Actor, paths: &Paths) -> TokenStream {
    let check = shim::of_actor(actor, paths);
    let travels = !actor.constructors.is_empty() || actor.handlers.iter().any(|handler| !handler.is_local());
    let codecs = travels.then(|| codec::traits(paths));
    let actor_wide = match &actor.options.part {
        Some(name) => part::further(actor, name, paths),
        None => whole(actor, paths),
    };
    let constructors = actor.constructors.iter().map(|new| spawn::implementation(actor, new, paths));
    let handlers = actor.handlers.iter().map(|handler| impls_of_handler(actor, handler, paths));
    quote!(#codecs #check #(#handlers)* #actor_wide #(#constructors)*)
}

/// What an actor has once, however many blocks it has.
fn whole(actor: &Actor, paths: &Paths) -> TokenStream {
    let api = api::implementation(actor, paths);
    let (implementation, named) = (actor::implementation(actor, paths), named::implementation(actor, paths));
    let parts = part::listed(actor, paths);
    quote!(#implementation #named #parts #api)
}

fn impls_of_handler(actor: &Actor, handler: &Handler, paths: &Paths) -> TokenStream {
    let mut out = message::implementation(handler, paths);
    if !handler.is_local() {
        out.extend(codec::remote_message(handler, paths));
    }
    out.extend(handler::implementation(actor, handler, paths));
    out
}

/// The user's block and the errors: there is no actor to generate anything for.
pub(crate) fn only_the_block(block: &Block, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#block #errors)
}
