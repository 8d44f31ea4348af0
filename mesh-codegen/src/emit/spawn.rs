//! What `#[new]` generates: `impl RemoteSpawn`, the function `spec`, and the entry in the link-time registry.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::codec::codec;
use super::scope::{Paths, visible_lints};
use super::{api, named};
use crate::model::{Actor, Constructor, Role, unraw};

/// `impl RemoteSpawn`.
pub(super) fn implementation(actor: &Actor, constructor: &Constructor, paths: &Paths) -> TokenStream {
    let (cfgs, p, ty) = (constructor.function.cfgs(), &paths.private, &actor.ty);
    let generics = named::named_parameters(&actor.generics, paths);
    let (parameters, _, clause) = generics.split_for_impl();
    let (params, create) = (params(constructor, paths), create(constructor, paths));
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::RemoteSpawn for #ty #clause { #params #create }
    }
}

/// The parameters are one tuple, which travels element by element, so that a type without serde is reported by the assertion alone.
fn params(constructor: &Constructor, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let types: Vec<_> = constructor.function.values().map(|value| &value.ty).collect();
    let codecs: Vec<_> = types.iter().map(|ty| codec(ty, paths)).collect();
    let positions = (0..types.len()).map(syn::Index::from);
    let names = constructor.function.values().map(|value| unraw(&value.name));
    quote! {
        type Params = (#(#types,)*);

        fn encode_params(
            __params: &Self::Params,
            __out: &mut #p::Encoder,
        ) -> #p::Result<(), #p::EncodeError> {
            #(#codecs.put(&__params.#positions, __out)?;)*
            #p::Result::Ok(())
        }

        fn decode_params(__input: &mut #p::Decoder<'_>) -> #p::Result<Self::Params, #p::DecodeError> {
            #p::Result::Ok((#(#codecs.get(__input)?,)*))
        }

        fn params_schema() -> #p::Vec<(&'static str, #p::String)> {
            #p::Vec::from([#((#names, #codecs.schema())),*])
        }
    }
}

/// The tuple is taken apart by position, since a name could be that of a constant of the user's.
fn create(constructor: &Constructor, paths: &Paths) -> TokenStream {
    let function = &constructor.function;
    let ident = function.ident();
    let span = ident.span();
    let p = paths.private_at(span);
    let mut position = 0;
    let values = function.parameters.iter().map(|parameter| match parameter.role {
        Role::Env => quote_spanned!(span=> __env),
        _ => {
            let index = syn::Index { index: position, span };
            position += 1;
            quote_spanned!(span=> __params.#index)
        }
    });
    let wait = function.is_async().then(|| quote_spanned!(span=> .await));
    let call = quote_spanned!(span=> Self::#ident(#(#values),*) #wait);
    quote_spanned! {span=>
        fn create(
            __params: Self::Params,
            __env: &#p::SpawnEnv,
        ) -> impl #p::Future<Output = #p::Result<Self, #p::String>> + #p::Send {
            async move { #p::IntoActor::into_actor(#call) }
        }
    }
}

/// `Counter::spec(args…)`, with the documentation of the constructor; and the registry entry.
pub(super) fn spec(actor: &Actor, constructor: &Constructor, paths: &Paths) -> TokenStream {
    let (p, krate, ty, function) = (&paths.private, &paths.krate, &actor.ty, &constructor.function);
    let (cfgs, lints) = (function.cfgs(), visible_lints());
    let generics = named::named_parameters(&actor.generics, paths);
    let (parameters, _, clause) = generics.split_for_impl();
    let register = actor.generics.params.is_empty().then(|| quote!(#(#cfgs)* #krate::register!(#ty);));
    let (carried, inputs) = (function.carried(), api::inputs(function));
    let names = function.values().map(|value| &value.name);
    let gap = (!function.first_doc_line().is_empty()).then(|| quote!(#[doc = ""]));
    let doc = format!(
        " What a spawn ships to construct a [`{0}`] anywhere: the arguments of `{0}::{1}`.",
        actor.ident,
        function.ident()
    );
    quote! {
        #(#cfgs)*
        #lints
        impl #parameters #ty #clause {
            #(#carried)*
            #gap
            #[doc = #doc]
            pub fn spec(#inputs) -> #p::Spec<Self> {
                #p::Spec::new((#(#names,)*))
            }
        }

        #register
    }
}
