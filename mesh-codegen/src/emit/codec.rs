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
        let (name, codec) = (&field.name, codec(&field.ty, paths));
        quote!(#codec.put(&self.#name, __out)?;)
    });
    let fields = handler.fields().map(|field| {
        let (name, codec) = (&field.name, codec(&field.ty, paths));
        quote!(#name: #codec.get(__input)?)
    });
    let decoded = message::literal(handler, fields, paths);
    let reply_codec = codec(reply, paths);
    let schema = schema(handler, paths);
    let clause = message::sendable(handler, clause, paths);
    quote! {
        use #p::{NoCodec as _, RealCodec as _};

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
                #reply_codec.put(__reply, __out)
            }

            fn decode_reply(__input: &mut #p::Decoder<'_>) -> #p::Result<Self::Reply, #p::DecodeError> {
                #reply_codec.get(__input)
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
        let (name, codec) = (unraw(&value.name), codec(&value.ty, paths));
        quote!((#name, #codec.schema()))
    });
    let reply = match handler.stream_item() {
        Some(item) => {
            let codec = codec(item, paths);
            quote!(::std::format!("stream({})", #codec.schema()))
        }
        None => {
            let codec = codec(&handler.reply, paths);
            quote!(#codec.schema())
        }
    };
    quote!(#p::HandlerSchema { args: #p::Vec::from([#(#args),*]), reply: #reply })
}

/// The receiver that picks a codec for `ty`.
pub(crate) fn codec(ty: &Type, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    quote!((&#p::Wire::<#ty>(#p::PhantomData)))
}
