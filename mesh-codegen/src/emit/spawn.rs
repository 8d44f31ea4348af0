//! What `#[new]` generates: `impl RemoteSpawn`, the function `spec`, and the entry in the link-time registry.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;

use super::scope::{Paths, visible_lints};
use super::shim::Fits;
use super::{api, codec, message, named, shim};
use crate::model::{Actor, Constructor, Role, unraw};

pub(super) fn constructor(actor: &Actor, constructor: &Constructor, paths: &Paths) -> TokenStream {
    let cfgs = constructor.function.cfgs();
    let (lints, ty) = (visible_lints(), &actor.ty);
    let impls = paths.block(&cfgs, |paths| impls(actor, constructor, paths));
    let generics = named::named_parameters(&actor.generics, paths);
    let (parameters, _, clause) = generics.split_for_impl();
    let spec = spec(actor, constructor, paths);
    quote! {
        #impls

        #(#cfgs)*
        #lints
        impl #parameters #ty #clause { #spec }
    }
}

fn impls(actor: &Actor, constructor: &Constructor, paths: &Paths) -> TokenStream {
    let (p, ty) = (&paths.private, &actor.ty);
    let generics = named::named_parameters(&actor.generics, paths);
    let (parameters, _, clause) = generics.split_for_impl();
    let generic = !actor.generics.params.is_empty();
    let wanted = constructor.function.values().flat_map(|value| shim::wanted(Fits::RemoteArg, &value.ty));
    let assertions: Vec<_> = wanted.map(|(fits, ty)| shim::assertion(paths, fits, ty, generic)).collect();
    let check = (!assertions.is_empty()).then(|| {
        quote! {
            use #p::{NoCodec as _, RealCodec as _};

            fn check #parameters () #clause { #(#assertions)* }
        }
    });
    let (params, create) = (params(constructor, paths), create(constructor, paths));
    // What is not `Send` is reported by the assertions, and not again by this impl and by the registration.
    let doubtful = doubtful(actor, constructor);
    let holds = (!doubtful.is_empty()).then(|| quote!(where #(for<'__a> #doubtful: #p::Send),*));
    let register = (!generic).then(|| register(ty, paths));
    quote! {
        #check

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::RemoteSpawn for #ty #holds #clause { #params #create }

        #register
    }
}

/// The types of the arguments that might not be `Send`.
fn doubtful<'a>(actor: &Actor, constructor: &'a Constructor) -> Vec<&'a Type> {
    let generic = !actor.generics.params.is_empty();
    let values = constructor.function.values().map(|value| &value.ty);
    values.filter(|ty| !generic && !message::is_plain(ty)).collect()
}

/// The entry in the link-time registry.
pub(crate) fn register(ty: &Type, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    quote! {
        #p::inventory::submit! {
            #p::Registration::of(|| {
                use #p::{EntryOfActor as _, EntryOfNothing as _};
                (&#p::Constructed::<#ty>::OF).entry::<()>(::core::concat!(::core::file!(), ":", ::core::line!()))
            })
        }
    }
}

/// The parameters are one tuple, which travels element by element, so that a type without serde is reported by the assertion alone.
fn params(constructor: &Constructor, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let types: Vec<_> = constructor.function.values().map(|value| &value.ty).collect();
    let puts = types.iter().enumerate().map(|(at, ty)| {
        let position = syn::Index::from(at);
        codec::put(ty, quote!(&__params.#position), paths)
    });
    let gets = types.iter().map(|ty| codec::get(ty, paths));
    let schemas = types.iter().map(|ty| codec::schema_of(ty, paths));
    let names = constructor.function.values().map(|value| unraw(&value.name));
    quote! {
        type Params = (#(#types,)*);

        fn encode_params(
            __params: &(#(#types,)*),
            __out: &mut #p::Encoder,
        ) -> #p::Result<(), #p::EncodeError> {
            #(#puts?;)*
            #p::Result::Ok(())
        }

        fn decode_params(__input: &mut #p::Decoder<'_>) -> #p::Result<(#(#types,)*), #p::DecodeError> {
            #p::Result::Ok((#(#gets?,)*))
        }

        fn params_schema() -> #p::Vec<(&'static str, #p::String)> {
            #p::Vec::from([#((#names, #schemas)),*])
        }
    }
}

/// The tuple is taken apart by position, since a name could be that of a constant of the user's.
fn create(constructor: &Constructor, paths: &Paths) -> TokenStream {
    let function = &constructor.function;
    let ident = function.ident();
    let span = ident.span();
    let p = paths.private_at(span);
    let types = function.values().map(|value| &value.ty);
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
            __params: (#(#types,)*),
            __env: &#p::SpawnEnv,
        ) -> impl #p::Future<Output = #p::Result<Self, #p::String>> + #p::Send {
            async move { #p::IntoActor::into_actor(#call) }
        }
    }
}

/// `Counter::spec(args…)`, with the documentation of the constructor.
fn spec(actor: &Actor, constructor: &Constructor, paths: &Paths) -> TokenStream {
    let (p, function) = (&paths.private, &constructor.function);
    let (carried, inputs) = (function.carried(), api::inputs(function));
    let names = function.values().map(|value| &value.name);
    let types = function.values().map(|value| &value.ty);
    let spawns = (!doubtful(actor, constructor).is_empty())
        .then(|| quote!(where for<'__a> Self: #p::RemoteSpawn<Params = (#(#types,)*)>));
    let gap = (!function.first_doc_line().is_empty()).then(|| quote!(#[doc = ""]));
    let doc = format!(
        " What a spawn ships to construct a [`{0}`] anywhere: the arguments of `{0}::{1}`.",
        actor.ident,
        function.ident()
    );
    quote! {
        #(#carried)*
        #gap
        #[doc = #doc]
        pub fn spec(#inputs) -> #p::Spec<Self> #spawns {
            #p::Spec::new((#(#names,)*))
        }
    }
}
