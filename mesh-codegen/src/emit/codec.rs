//! `impl RemoteMessage`: field by field, without a serde derive, which would double the time to check an actor.
//!
//! The codec is chosen by autoref: `RealCodec` for a type that serde knows, else `NoCodec`, which cannot be built. So a type
//! without serde is reported once, by the assertion in `shim`, and not again by each of these methods.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::message;
use super::named::lasting_parameters;
use super::scope::Paths;
use crate::model::{Handler, unraw};

pub(super) fn remote_message(handler: &Handler, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let (message, reply) = (&handler.message, &handler.reply);
    let generics = lasting_parameters(&handler.generics);
    let (parameters, arguments, clause) = generics.split_for_impl();
    let encode = handler.fields().map(|field| {
        let name = &field.name;
        let put = put(&field.ty, quote!(&self.#name), paths);
        quote!(#put?;)
    });
    let fields = handler.fields().map(|field| {
        let (name, get) = (&field.name, get(&field.ty, paths));
        quote!(#name: #get?)
    });
    let decoded = message::literal(handler, fields, paths);
    let (put_reply, get_reply) = (put(reply, quote!(__reply), paths), get(reply, paths));
    let schema = schema(handler, paths);
    let clause = message::sendable(handler, clause, paths);
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::RemoteMessage for #message #arguments #clause {
            fn encode(&self, __out: &mut #p::Encoder) -> #p::Result<(), #p::EncodeError> {
                #(#encode)*
                #p::Result::Ok(())
            }

            fn decode(__input: &mut #p::Decoder<'_>) -> #p::Result<Self, #p::DecodeError> {
                #p::Result::Ok(#decoded)
            }

            fn encode_reply(
                __reply: &Self::Reply,
                __out: &mut #p::Encoder,
            ) -> #p::Result<(), #p::EncodeError> {
                #put_reply
            }

            fn decode_reply(__input: &mut #p::Decoder<'_>) -> #p::Result<Self::Reply, #p::DecodeError> {
                #get_reply
            }

            fn schema() -> #p::HandlerSchema {
                #schema
            }
        }
    }
}

/// Each argument by name; a stream shows its items as the reply.
fn schema(handler: &Handler, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let args = handler.function.values().map(|value| {
        let (name, schema) = (unraw(&value.name), schema_of(&value.ty, paths));
        quote!((#name, #schema))
    });
    let reply = match handler.stream_item() {
        Some(item) => {
            let schema = schema_of(item, paths);
            quote!(::std::format!("stream({})", #schema))
        }
        None => schema_of(&handler.reply, paths),
    };
    quote!(#p::HandlerSchema { args: #p::Vec::from([#(#args),*]), reply: #reply })
}

/// The traits that the codecs of a handler's types are chosen by, if one is.
pub(super) fn imports(handler: &Handler, paths: &Paths) -> Option<TokenStream> {
    let p = &paths.private;
    let types = handler.fields().map(|field| &field.ty).chain([&handler.reply]).chain(handler.stream_item());
    let chosen = !handler.is_local() && types.into_iter().any(|ty| !message::travels(ty));
    chosen.then(|| quote!(use #p::{NoCodec as _, RealCodec as _};))
}

/// Appends `value`, a reference. What is known to travel by its name needs no choice of a codec.
pub(super) fn put(ty: &Type, value: TokenStream, paths: &Paths) -> TokenStream {
    if message::travels(ty) {
        return quote!(__out.put(#value));
    }
    let codec = codec(ty, paths);
    quote!(#codec.put(#value, __out))
}

/// Reads a value.
pub(super) fn get(ty: &Type, paths: &Paths) -> TokenStream {
    if message::travels(ty) {
        return quote!(__input.get());
    }
    let codec = codec(ty, paths);
    quote!(#codec.get(__input))
}

/// The structure of a type.
pub(super) fn schema_of(ty: &Type, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    if message::travels(ty) {
        return quote!(#p::schema_of::<#ty>());
    }
    let codec = codec(ty, paths);
    quote!(#codec.schema())
}

/// The receiver that picks a codec for `ty`.
pub(crate) fn codec(ty: &Type, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    quote!((&#p::Wire::<#ty>(#p::PhantomData)))
}
