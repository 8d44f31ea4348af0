//! Code from a checked model. Each file writes one of the generated items.
//!
//! Whatever is named stands under `#krate::__private`, but for the `::core` and `::std` paths of Rust itself.

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
pub(crate) use spawn::register;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::errors::Errors;
use crate::model::{Actor, Handler, unraw};
use crate::parse::Block;

/// The user's block, what is generated from it, and the errors.
pub(crate) fn emit(actor: &Actor, block: &Block, errors: Errors) -> TokenStream {
    let block_name = actor.options.part.as_ref().map_or(String::new(), |part| format!("_{}", unraw(part)));
    let name = format!("{}{block_name}", unraw(&actor.ident));
    let paths = Paths::of_items(actor.options.krate.as_ref(), &name);
    let mut out = block.to_token_stream();
    out.extend(paths.import().clone());
    for handler in &actor.handlers {
        out.extend(message::structure(actor, handler, &paths));
        out.extend(paths.block(&handler.function.cfgs(), |paths| impls_of_handler(actor, handler, paths)));
    }
    match &actor.options.part {
        Some(name) => out.extend(part::further(actor, name, &paths)),
        None => out.extend(whole(actor, &paths)),
    }
    for constructor in &actor.constructors {
        out.extend(spawn::constructor(actor, constructor, &paths));
    }
    out.extend(errors.into_tokens());
    out
}

/// What an actor has once, however many blocks it has.
pub(crate) fn whole(actor: &Actor, paths: &Paths) -> TokenStream {
    let structure = api::structure(actor, paths);
    let impls = paths.block(&[], |paths| {
        let (implementation, named) =
            (actor::implementation(actor, paths), named::implementation(actor, paths));
        let parts = part::listed(actor, paths);
        quote!(#implementation #named #parts)
    });
    quote!(#structure #impls)
}

fn impls_of_handler(actor: &Actor, handler: &Handler, paths: &Paths) -> TokenStream {
    let mut out = message::implementation(handler, paths);
    out.extend(shim::of_handler(handler, paths));
    out.extend(shim::merge_of_handler(handler, paths));
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
