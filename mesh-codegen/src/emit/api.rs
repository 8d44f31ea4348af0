//! The typed requests: one generic `CounterApi<T>` for every kind of target, reached from handles, references and meshes.
//!
//! The struct stands in a module of the block's own, and a glob brings its name to where the block is: two globs that bring one
//! name have no quarrel, so that an actor of two blocks is two impls of `Actor`, and nothing else is there twice. It has no
//! parameters of the actor's: they follow from the target.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{GenericParam, Generics, Type, parse_quote};

use super::message;
use super::named::lasting_parameters;
use super::scope::{Paths, lints, visible_lints};
use crate::model::{Actor, Function, Handler, Role, unraw};
use crate::tokens::ungroup;

/// The name of the struct.
pub(super) fn name(actor: &Actor) -> Ident {
    format_ident!("{}Api", unraw(&actor.ident), span = actor.ident.span())
}

/// The module of the struct. It is named by a function of the block's, which no other block can have.
fn module(actor: &Actor) -> Ident {
    let first = actor.functions.first().map_or_else(String::new, |first| format!("_{}", unraw(first)));
    format_ident!("__requests_of_{}{first}", unraw(&actor.ident))
}

/// The struct, where two blocks bring it.
pub(super) fn own_path(actor: &Actor) -> TokenStream {
    let (module, api) = (module(actor), name(actor));
    quote!(#module::#api)
}

/// The struct, and a method for each handler.
pub(super) fn structure(actor: &Actor, paths: &Paths) -> TokenStream {
    let (lints, module, api) = (lints(), module(actor), name(actor));
    let doc = format!(
        " Requests to [`{0}`](super::{0}): reached from every `ActorHandle<{0}>`, `ActorRef<{0}>` and `ActorMesh<{0}>`.",
        actor.ident
    );
    let methods = methods(actor, &own_path(actor), paths);
    quote! {
        #lints
        #[allow(missing_docs, unreachable_pub, non_camel_case_types, non_snake_case)]
        mod #module {
            #[doc = #doc]
            pub struct #api<__T>(pub(super) __T);
        }
        #lints
        #[allow(unreachable_pub, ambiguous_glob_reexports)]
        pub use #module::*;

        #methods
    }
}

/// `impl Api` for the struct.
pub(super) fn implementation(actor: &Actor, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let api = own_path(actor);
    quote! {
        #[automatically_derived]
        impl<__T> #p::Api<__T> for #api<__T> {
            #[inline]
            fn new(__target: __T) -> Self {
                #api(__target)
            }

            #[inline]
            fn target(&self) -> &__T {
                &self.0
            }
        }
    }
}

/// The methods of a further block: the struct is found beside the actor.
pub(super) fn further_methods(actor: &Actor, paths: &Paths) -> TokenStream {
    methods(actor, &path(actor), paths)
}

fn methods(actor: &Actor, api: &TokenStream, paths: &Paths) -> TokenStream {
    let (p, lints, ty) = (&paths.private, visible_lints(), &actor.ty);
    let mut generics = lasting_parameters(&actor.generics);
    generics.params.push(parse_quote!(__T: #p::Target<Actor = #ty>));
    let (own, _, clause) = generics.split_for_impl();
    let methods = actor.handlers.iter().map(|handler| method(actor, handler, paths));
    quote! {
        #lints
        impl #own #api<__T> #clause { #(#methods)* }
    }
}

/// `super::CounterApi` for an actor that is written `super::Counter`.
fn path(actor: &Actor) -> TokenStream {
    let name = name(actor);
    let Type::Path(ty) = ungroup(&actor.ty) else { return name.into_token_stream() };
    let (leading, mut segments) = (&ty.path.leading_colon, ty.path.segments.clone());
    segments.pop();
    if segments.is_empty() {
        return name.into_token_stream();
    }
    quote!(#leading #segments #name)
}

/// One method: builds the request, sends nothing. Its name is the user's own token (GEN-3).
fn method(actor: &Actor, handler: &Handler, paths: &Paths) -> TokenStream {
    let ident = handler.function.ident();
    let span = ident.span();
    let p = paths.private_at(span);
    let (cfgs, docs) = (handler.function.cfgs(), docs(actor, handler));
    let (vis, message) = (&handler.function.vis, &handler.message);
    let (_, message_arguments, _) = handler.generics.split_for_impl();
    let inputs = inputs(&handler.function);
    let fields = handler.fields().map(|field| {
        let name = &field.name;
        match field.role {
            Role::Stream { .. } => quote_spanned!(span=> #name: __port),
            _ => quote!(#name),
        }
    });
    let literal = message::literal(handler, fields, paths);
    let (output, request) = match handler.stream_item() {
        None => (
            quote_spanned!(span=> #p::Request<'_, __T, #message #message_arguments>),
            quote_spanned!(span=> #p::Request::new(#p::Api::target(self), #literal)),
        ),
        Some(item) => {
            let captured = arguments(&actor.generics);
            (
                quote_spanned! {span=>
                    #p::StreamRequest<
                        '_,
                        __T,
                        #item,
                        impl ::core::ops::FnOnce(#p::PortRef<#item>) -> #message #message_arguments + use<#(#captured,)* __T>,
                    >
                },
                quote_spanned! {span=>
                    #p::StreamRequest::new(#p::Api::target(self), move |__port: #p::PortRef<#item>| #literal)
                },
            )
        }
    };
    quote_spanned! {span=>
        #(#cfgs)*
        #docs
        #[inline]
        #vis fn #ident(&self, #inputs) -> #output { #request }
    }
}

/// The arguments of a generic actor: `T`, `N`.
fn arguments(generics: &Generics) -> Vec<&Ident> {
    let parameters = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(ty) => Some(&ty.ident),
        GenericParam::Const(constant) => Some(&constant.ident),
        GenericParam::Lifetime(_) => None,
    });
    parameters.collect()
}

/// `name: Type` for each value the caller gives.
pub(super) fn inputs(function: &Function) -> TokenStream {
    let (names, types): (Vec<_>, Vec<_>) = function.values().map(|value| (&value.name, &value.ty)).unzip();
    quote!(#(#names: #types),*)
}

/// The handler's own documentation, or a line that leads to it.
fn docs(actor: &Actor, handler: &Handler) -> TokenStream {
    let carried = handler.function.carried();
    if !handler.function.first_doc_line().is_empty() {
        return quote!(#(#carried)*);
    }
    let line = format!(" Builds a request to [`{}::{}`].", actor.ident, handler.function.ident());
    quote!(#(#carried)* #[doc = #line])
}
