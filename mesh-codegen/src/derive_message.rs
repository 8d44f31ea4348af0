//! `#[derive(Message)]`, for messages that many actors share: `#[message(reply = T, name = "…", crate = path)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Fields, GenericParam, LitStr, Path, Token, Type, parse_quote};

use crate::check;
use crate::derive;
use crate::emit::{Argument, Descriptor, Fits, Paths, assertion, codec, mixed_id, named_parameters};
use crate::errors::Errors;
use crate::model::{first_doc_line, unraw};
use crate::parse::{path, wire_name};
use crate::tokens::text;

const OPTIONS: &[&str] = &["reply", "name", "crate"];

/// What stands in `#[message(..)]`.
#[derive(Default)]
struct Options {
    reply: Option<Type>,
    name: Option<LitStr>,
    krate: Option<Path>,
}

/// Expands the derive.
pub fn derive_message(item: TokenStream) -> TokenStream {
    derive::expand(item, read, check, emit)
}

fn read(attrs: &[Attribute], errors: &mut Errors) -> Options {
    let mut options = Options::default();
    let write = "write `#[message(reply = Type)]`";
    derive::each_option_of(attrs, ("message", OPTIONS, write), errors, |key, input| {
        match key {
            "reply" => {
                input.parse::<Token![=]>()?;
                options.reply = Some(input.parse()?);
            }
            "name" => options.name = Some(wire_name(input)?),
            _ => options.krate = Some(path(input)?),
        }
        Ok(())
    });
    options
}

fn check(input: &DeriveInput, errors: &mut Errors) {
    if let Data::Union(union) = &input.data {
        errors.at(union.union_token, "a message is a struct or an enum: a union cannot be encoded");
    }
    for parameter in &input.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => {
                errors.at(lifetime, "a message cannot borrow: it outlives its sender\n= help: own the data");
            }
            GenericParam::Type(ty) if check::is_unbounded(ty, &input.generics) => errors.at(
                ty,
                format!(
                    "a parameter of a message travels with it\n= help: write `{0}: mesh::RemoteArg`",
                    ty.ident
                ),
            ),
            _ => {}
        }
    }
}

fn emit(input: &DeriveInput, options: &Options) -> TokenStream {
    Paths::new(options.krate.as_ref()).block(&[], |paths| {
        let (message, remote) = (message(input, options, paths), remote_message(input, options, paths));
        quote!(#message #remote)
    })
}

fn reply(options: &Options) -> Type {
    options.reply.clone().unwrap_or_else(|| parse_quote!(()))
}

fn message(input: &DeriveInput, options: &Options, paths: &Paths) -> TokenStream {
    let (p, ident, reply) = (&paths.private, &input.ident, reply(options));
    let generics = named_parameters(&input.generics, paths);
    let (parameters, arguments, clause) = generics.split_for_impl();
    let name = options.name.as_ref().map_or_else(|| unraw(ident), |name| name.value());
    let descriptor = Descriptor {
        name: name.clone(),
        doc: first_doc_line(&input.attrs),
        args: fields(&input.data),
        reply: text(&reply),
        local: false,
        stream: false,
        timeout: None,
        reduce: None,
    }
    .emit(paths);
    // The default id is that of the name alone, which the instances of a generic message share.
    let id = (!input.generics.params.is_empty()).then(|| {
        let id = mixed_id(quote!(#p::name_hash(Self::NAME)), &input.generics, paths);
        quote!(const ID: u64 = #id;)
    });
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Message for #ident #arguments #clause {
            type Reply = #reply;
            const NAME: &'static str = #name;
            #id
            #descriptor
        }
    }
}

/// The value travels by its own serde implementation.
fn remote_message(input: &DeriveInput, options: &Options, paths: &Paths) -> TokenStream {
    let (p, ident, reply) = (&paths.private, &input.ident, reply(options));
    let generics = named_parameters(&input.generics, paths);
    let (parameters, arguments, clause) = generics.split_for_impl();
    let this: Type = parse_quote!(#ident #arguments);
    let generic = !input.generics.params.is_empty();
    let this_check = assertion(paths, Fits::RemoteArg, &this, generic);
    let reply_check = assertion(paths, Fits::RemoteReply, &reply, generic);
    let (own, replied) = (codec(&this, paths), codec(&reply, paths));
    quote! {
        use #p::{NoCodec as _, RealCodec as _};

        fn check #parameters () #clause { #this_check #reply_check }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::RemoteMessage for #this #clause {
            fn encode(&self, __out: &mut #p::Encoder) -> #p::Result<(), #p::EncodeError> {
                #own.put(self, __out)
            }

            fn decode(__input: &mut #p::Decoder<'_>) -> #p::Result<Self, #p::DecodeError> {
                #own.get(__input)
            }

            fn encode_reply(
                __reply: &Self::Reply,
                __out: &mut #p::Encoder,
            ) -> #p::Result<(), #p::EncodeError> {
                #replied.put(__reply, __out)
            }

            fn decode_reply(__input: &mut #p::Decoder<'_>) -> #p::Result<Self::Reply, #p::DecodeError> {
                #replied.get(__input)
            }

            fn schema() -> #p::HandlerSchema {
                #p::HandlerSchema { args: #p::Vec::from([("message", #own.schema())]), reply: #replied.schema() }
            }
        }
    }
}

/// The fields of a struct, as arguments; an enum is described by its schema alone.
fn fields(data: &Data) -> Vec<Argument> {
    let Data::Struct(data) = data else { return Vec::new() };
    let fields = match &data.fields {
        Fields::Named(fields) => &fields.named,
        Fields::Unnamed(fields) => &fields.unnamed,
        Fields::Unit => return Vec::new(),
    };
    let name = |at: usize, field: &syn::Field| field.ident.as_ref().map_or_else(|| at.to_string(), unraw);
    let fields = fields.iter().enumerate();
    fields.map(|(at, field)| Argument { name: name(at, field), ty: text(&field.ty) }).collect()
}
