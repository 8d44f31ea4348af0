//! The message of a handler: a struct with the handler's arguments, and `impl Message`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{GenericParam, Generics, WhereClause};

use super::descriptor::{Argument, Descriptor};
use super::scope::{Paths, visible_lints};
use crate::model::{Actor, Handler, unraw};
use crate::tokens::{respan, text};

/// The struct.
pub(super) fn structure(actor: &Actor, handler: &Handler, paths: &Paths) -> TokenStream {
    let (cfgs, vis, message) = (handler.function.cfgs(), &handler.function.vis, &handler.message);
    let (parameters, _, clause) = handler.generics.split_for_impl();
    let fields = handler.fields().map(|field| {
        let (docs, name, ty) = (&field.docs, &field.name, &field.ty);
        quote!(#(#docs)* #vis #name: #ty)
    });
    let marker = marker_type(&handler.generics, paths).map(|ty| quote!(#[doc(hidden)] #vis __marker: #ty));
    let fields = fields.chain(marker);
    let doc = format!(" Message of [`{}::{}`].", actor.ident, handler.function.ident());
    let lints = visible_lints();
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #lints
        #vis struct #message #parameters #clause { #(#fields,)* }
    }
}

/// `impl Message`.
pub(super) fn implementation(handler: &Handler, paths: &Paths) -> TokenStream {
    let (p, message) = (&paths.private, &handler.message);
    let (parameters, arguments, clause) = handler.generics.split_for_impl();
    let (reply, name) = (&handler.reply, &handler.wire_name);
    let descriptor = descriptor(handler).emit(paths);
    let (cfgs, clause) = (handler.function.cfgs(), sendable(handler, clause, paths));
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Message for #message #arguments #clause {
            type Reply = #reply;
            const NAME: &'static str = #name;
            #descriptor
        }
    }
}

/// The `where` clause of an impl for the message, with `Message: Send` at the handler's name.
///
/// Were it left to the traits' own bounds, an argument that is not `Send` would be reported by each impl in words of its
/// own; as the clause of each it is the same error, at one place, which rustc shows once.
pub(super) fn sendable(handler: &Handler, clause: Option<&WhereClause>, paths: &Paths) -> TokenStream {
    if !handler.generics.params.is_empty() {
        return quote!(#clause);
    }
    let (span, message) = (handler.function.ident().span(), &handler.message);
    let p = paths.private_at(span);
    let message = respan(quote!(#message), span);
    quote_spanned!(span=> where #message: #p::Send)
}

/// A literal of the message; `fields` are written `name` or `name: value`.
pub(super) fn literal(
    handler: &Handler,
    fields: impl Iterator<Item = TokenStream>,
    paths: &Paths,
) -> TokenStream {
    let (p, message) = (&paths.private, &handler.message);
    let marker = has_marker(&handler.generics).then(|| quote!(__marker: #p::PhantomData,));
    quote!(#message { #(#fields,)* #marker })
}

/// A message may take a parameter that only its reply or a bound mentions.
pub(super) fn has_marker(generics: &Generics) -> bool {
    generics.type_params().next().is_some()
}

fn marker_type(generics: &Generics, paths: &Paths) -> Option<TokenStream> {
    has_marker(generics).then(|| phantom(generics, paths))
}

/// `PhantomData<fn() -> (T, U,)>`: mentions the type parameters and owns nothing.
pub(super) fn phantom(generics: &Generics, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let types = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(ty) => Some(&ty.ident),
        _ => None,
    });
    quote!(#p::PhantomData<fn() -> (#(#types,)*)>)
}

fn descriptor(handler: &Handler) -> Descriptor {
    let values = handler.function.values();
    Descriptor {
        name: handler.wire_name.clone(),
        doc: handler.function.first_doc_line(),
        args: values.map(|value| Argument { name: unraw(&value.name), ty: text(&value.ty) }).collect(),
        reply: text(handler.stream_item().unwrap_or(&handler.reply)),
        local: handler.is_local(),
        stream: handler.stream_item().is_some(),
        timeout: handler.options.timeout,
        reduce: handler.options.reduce.as_ref().map(text),
    }
}
