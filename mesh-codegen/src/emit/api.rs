//! The typed requests: one generic `CounterApi<T>` for every kind of target, reached from handles, references and meshes.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{GenericParam, Generics, Type, parse_quote};

use super::message;
use super::named::lasting_parameters;
use super::scope::{Paths, visible_lints};
use crate::model::{Actor, Function, Handler, Role, unraw};
use crate::tokens::ungroup;

/// The name of the struct.
pub(super) fn name(actor: &Actor) -> Ident {
    format_ident!("{}Api", unraw(&actor.ident), span = actor.ident.span())
}

/// The arguments of a generic actor, each with a comma: `T, N,`.
pub(super) fn leading_arguments(actor: &Actor) -> TokenStream {
    arguments(&actor.generics).into_iter().map(|argument| quote!(#argument,)).collect()
}

fn arguments(generics: &Generics) -> Vec<TokenStream> {
    let argument = |parameter: &GenericParam| match parameter {
        GenericParam::Type(ty) => ty.ident.to_token_stream(),
        GenericParam::Const(constant) => constant.ident.to_token_stream(),
        GenericParam::Lifetime(lifetime) => lifetime.lifetime.to_token_stream(),
    };
    generics.params.iter().map(argument).collect()
}

/// The struct, and a method for each handler.
pub(super) fn structure(actor: &Actor, paths: &Paths) -> TokenStream {
    let (lints, api) = (visible_lints(), name(actor));
    let clause = &actor.generics.where_clause;
    let any = with_target(actor, parse_quote!(__T));
    let (any, _, _) = any.split_for_impl();
    let phantom = is_generic(actor).then(|| {
        let phantom = message::phantom(&actor.generics, paths);
        quote!(, #phantom)
    });
    let doc = format!(
        " Requests to [`{0}`]: reached from every `ActorHandle<{0}>`, `ActorRef<{0}>` and `ActorMesh<{0}>`.",
        actor.ident
    );
    let methods = methods(actor, paths);
    quote! {
        #[doc = #doc]
        #lints
        pub struct #api #any (__T #phantom) #clause;

        #methods
    }
}

/// `impl Api` for the struct.
pub(super) fn implementation(actor: &Actor, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let (api, leading) = (name(actor), leading_arguments(actor));
    let generics = with_target(actor, parse_quote!(__T));
    let (parameters, _, clause) = generics.split_for_impl();
    let phantom = is_generic(actor).then(|| quote!(, #p::PhantomData));
    quote! {
        #[automatically_derived]
        impl #parameters #p::Api<__T> for #api<#leading __T> #clause {
            #[inline]
            fn new(__target: __T) -> Self {
                #api(__target #phantom)
            }

            #[inline]
            fn target(&self) -> &__T {
                &self.0
            }
        }
    }
}

/// The parameters of the actor, and that of the target.
fn with_target(actor: &Actor, target: GenericParam) -> Generics {
    let mut generics = actor.generics.clone();
    generics.params.push(target);
    generics
}

fn is_generic(actor: &Actor) -> bool {
    !actor.generics.params.is_empty()
}

/// The methods of one block. The type is found beside the actor's own.
pub(super) fn methods(actor: &Actor, paths: &Paths) -> TokenStream {
    let (p, lints, ty) = (&paths.private, visible_lints(), &actor.ty);
    let mut generics = lasting_parameters(&actor.generics);
    generics.params.push(parse_quote!(__T: #p::Target<Actor = #ty>));
    let (own, _, clause) = generics.split_for_impl();
    let (api, leading) = (path(actor), leading_arguments(actor));
    let methods = actor.handlers.iter().map(|handler| method(actor, handler, paths));
    quote! {
        #lints
        impl #own #api<#leading __T> #clause { #(#methods)* }
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
            let captured = leading_arguments(actor);
            (
                quote_spanned! {span=>
                    #p::StreamRequest<
                        '_,
                        __T,
                        #item,
                        impl ::core::ops::FnOnce(#p::PortRef<#item>) -> #message #message_arguments + use<#captured __T>,
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
