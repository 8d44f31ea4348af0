//! The message of a handler: a struct with the handler's arguments, and `impl Message`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, Generics, Type, WhereClause};

use super::descriptor::{Argument, Descriptor};
use super::named::lasting_parameters;
use super::scope::{Paths, visible_lints};
use crate::model::{Actor, Handler, unraw};
use crate::tokens::{text, ungroup};

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
    let generics = lasting_parameters(&handler.generics);
    let (parameters, arguments, clause) = generics.split_for_impl();
    let (reply, name) = (&handler.reply, &handler.wire_name);
    let descriptor = descriptor(handler).emit(paths);
    let clause = sendable(handler, clause, paths);
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Message for #message #arguments #clause {
            type Reply = #reply;
            const NAME: &'static str = #name;
            #descriptor
        }
    }
}

/// The `where` clause of an impl for the message: that its arguments and its reply are `Send`.
///
/// Were it left to the traits' own bounds, a type that is not `Send` would be reported by each impl in words of its own.
/// Under a `for`, rustc takes a clause as it stands, and only the assertion in `shim` speaks. What is known to be `Send`
/// by its name needs no clause.
pub(super) fn sendable(handler: &Handler, clause: Option<&WhereClause>, paths: &Paths) -> TokenStream {
    if !handler.generics.params.is_empty() {
        return quote!(#clause);
    }
    sendable_with(handler, None, paths)
}

/// The same of one more type.
pub(super) fn sendable_with(handler: &Handler, more: Option<&Type>, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let types: Vec<&Type> = doubtful(handler).into_iter().chain(more).collect();
    let clauses = types.iter().map(|ty| quote!(for<'__a> #ty: #p::Send));
    if types.is_empty() { TokenStream::new() } else { quote!(where #(#clauses),*) }
}

/// The types of a handler that might not be `Send`: those of its arguments and its reply that have no well-known name.
pub(super) fn doubtful(handler: &Handler) -> Vec<&Type> {
    let fields = handler.fields().map(|field| &field.ty);
    fields.chain([&handler.reply]).filter(|ty| !is_plain(ty)).collect()
}

/// Whether a type is `Send` by its name alone, in whatever containers.
pub(super) fn is_plain(ty: &Type) -> bool {
    super::shim::leaves(ty).into_iter().all(|leaf| match ungroup(leaf) {
        Type::Path(path) => path.path.get_ident().is_some_and(|ident| PLAIN.iter().any(|name| ident == name)),
        Type::Tuple(unit) => unit.elems.is_empty(),
        _ => false,
    })
}

/// Whether a type travels by its name alone: it is asserted nowhere, and its codec is called as it stands.
pub(super) fn travels(ty: &Type) -> bool {
    is_plain(ty) && super::shim::unknown_keys(ty).is_empty()
}

const PLAIN: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
    "u128", "usize", "String",
];

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
