//! `impl Named`: the stable name and id of the actor's type, the parameters of a generic one included.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{GenericParam, Generics, LitStr, Type, TypeParamBound, parse_quote};

use super::scope::Paths;
use crate::model::{Actor, unraw};

/// That of a generic actor, which depends on its parameters; that of another follows from `impl Actor`.
pub(super) fn implementation(actor: &Actor, paths: &Paths) -> Option<TokenStream> {
    let name = actor.options.name.as_ref();
    (!actor.generics.params.is_empty()).then(|| named(&actor.ident, &actor.ty, &actor.generics, name, paths))
}

/// What `impl Actor` says of the name.
pub(super) fn of_actor(actor: &Actor, paths: &Paths) -> TokenStream {
    let (p, base) = (&paths.private, base(&actor.ident, actor.options.name.as_ref()));
    let made_of = if actor.generics.params.is_empty() { quote!(OwnName) } else { quote!(NameByParameters) };
    quote! {
        type Name = #p::#made_of;
        const NAME: &'static str = #base;
    }
}

/// The name without parameters.
fn base(ident: &Ident, name: Option<&LitStr>) -> TokenStream {
    match name {
        Some(name) => quote!(#name),
        None => {
            let name = unraw(ident);
            quote!(::core::concat!(::core::module_path!(), "::", #name))
        }
    }
}

/// The same for any type; without a name of its own it has its path.
pub(crate) fn named(
    ident: &Ident,
    ty: &Type,
    own: &Generics,
    name: Option<&LitStr>,
    paths: &Paths,
) -> TokenStream {
    let p = &paths.private;
    let base = base(ident, name);
    let generics = named_parameters(own, paths);
    let (parameters, _, clause) = generics.split_for_impl();
    let id = mixed_id(quote!(#p::name_hash(#base)), own, paths);
    let arguments = argument_names(own, paths);
    let name = match arguments.is_empty() {
        true => quote!(#p::text(#base)),
        false => quote!(::std::format!("{}<{}>", #base, [#(#arguments),*].join(", "))),
    };
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Named for #ty #clause {
            const TYPE_ID: u64 = #id;

            fn type_name() -> #p::String { #name }
        }
    }
}

/// `generics`, with every type parameter `'static`: that it is so is asserted once, in `actor`.
pub(crate) fn lasting_parameters(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    let lasting = |bound: &TypeParamBound| matches!(bound, TypeParamBound::Lifetime(_));
    for parameter in generics.type_params_mut() {
        if !parameter.bounds.iter().any(lasting) {
            parameter.bounds.push(parse_quote!('static));
        }
    }
    generics
}

/// `generics`, with `Named` required of every type parameter.
pub(crate) fn named_parameters(generics: &Generics, paths: &Paths) -> Generics {
    let p = &paths.private;
    let mut generics = lasting_parameters(generics);
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#p::Named));
    }
    generics
}

/// A constant id that differs for each choice of the parameters.
pub(crate) fn mixed_id(base: TokenStream, generics: &Generics, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    generics.params.iter().fold(base, |id, parameter| match parameter {
        GenericParam::Type(ty) => {
            let ident = &ty.ident;
            quote!(#p::name_mix(#id, <#ident as #p::Named>::TYPE_ID))
        }
        GenericParam::Const(constant) => {
            let ident = &constant.ident;
            quote!(#p::name_mix(#id, #ident as u64))
        }
        GenericParam::Lifetime(_) => id,
    })
}

fn argument_names(generics: &Generics, paths: &Paths) -> Vec<TokenStream> {
    let p = &paths.private;
    let name = |parameter: &GenericParam| match parameter {
        GenericParam::Type(ty) => {
            let ident = &ty.ident;
            Some(quote!(<#ident as #p::Named>::type_name()))
        }
        GenericParam::Const(constant) => {
            let ident = &constant.ident;
            Some(quote!(::std::format!("{}", #ident)))
        }
        GenericParam::Lifetime(_) => None,
    };
    generics.params.iter().filter_map(name).collect()
}
