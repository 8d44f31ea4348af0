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
pub(crate) use named::{mixed_id, named, named_parameters};
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
    let (apart, together): (Vec<_>, Vec<_>) =
        actor.handlers.iter().partition(|handler| stands_apart(actor, handler));
    out.extend(actor.handlers.iter().map(|handler| message::structure(actor, handler, &paths)));
    for handler in apart {
        out.extend(paths.block(&handler.function.cfgs(), |paths| {
            let check = shim::of_handler(handler, paths);
            let (imports, impls) = (codec::imports(handler, paths), impls_of_handler(actor, handler, paths));
            quote!(#imports #check #impls)
        }));
    }
    let (visible, hidden) = match &actor.options.part {
        Some(name) => (api::further_methods(actor, &paths), part::further(actor, name, &paths.inside())),
        None => (api::structure(actor, &paths), whole(actor, &paths.inside())),
    };
    out.extend(visible);
    out.extend(paths.block(&[], |paths| {
        let imports = together.iter().find_map(|handler| codec::imports(handler, paths));
        let check = shim::of_handlers(&together, paths);
        let impls = together.iter().map(|handler| impls_of_handler(actor, handler, paths));
        quote!(#imports #check #(#impls)* #hidden)
    }));
    for constructor in &actor.constructors {
        out.extend(spawn::constructor(actor, constructor, &paths));
    }
    out.extend(errors.into_tokens());
    out
}

/// All that an actor without handlers of its own has.
pub(crate) fn alone(actor: &Actor, paths: &Paths) -> TokenStream {
    let structure = api::structure(actor, paths);
    let impls = paths.block(&[], |paths| whole(actor, paths));
    quote!(#structure #impls)
}

/// What an actor has once, however many blocks it has, beside the struct of its requests.
fn whole(actor: &Actor, paths: &Paths) -> TokenStream {
    let (requests, implementation) = (api::implementation(actor, paths), actor::implementation(actor, paths));
    let (named, parts) = (named::implementation(actor, paths), part::listed(actor, paths));
    quote!(#requests #implementation #named #parts)
}

/// Whether a handler's impls have a block of their own: under a `cfg`, or where its assertions have parameters.
/// Each block costs the compiler a constant to evaluate, so the others share that of the actor.
fn stands_apart(actor: &Actor, handler: &Handler) -> bool {
    !actor.generics.params.is_empty() || !handler.function.cfgs().is_empty()
}

fn impls_of_handler(actor: &Actor, handler: &Handler, paths: &Paths) -> TokenStream {
    let mut out = message::implementation(handler, paths);
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
