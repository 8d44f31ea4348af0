//! `#[derive(Actor)]` and `#[derive(RemoteSpawn)]`, for actors whose handlers are written by hand: both read `#[actor(..)]` on the type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Meta, parse_quote};

use crate::check;
use crate::emit::{Fits, Paths, alone, assertion, codec, named_parameters, register};
use crate::errors::Errors;
use crate::model::{Actor, unraw};
use crate::parse::ActorOptions;

/// Expands `#[derive(Actor)]`: what `#[actor]` makes of a block without methods.
pub fn derive_actor(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut actor = match read(item, &mut errors) {
        Ok((actor, _)) => actor,
        Err(error) => return error.into_compile_error(),
    };
    if let Some(part) = &actor.options.part {
        errors.at(part, "a part is another `impl` block: `#[actor(part = …)] impl …`");
    }
    if !check::parameters(&actor, &mut errors) {
        return errors.into_tokens();
    }
    check::check(&mut actor, &mut errors);
    let paths = Paths::of_items(actor.options.krate.as_ref(), &unraw(&actor.ident));
    let (import, code, errors) = (paths.import(), alone(&actor, &paths), errors.into_tokens());
    quote!(#import #code #errors)
}

/// Expands `#[derive(RemoteSpawn)]`: the actor's own value is what a spawn ships.
pub fn derive_remote_spawn(item: TokenStream) -> TokenStream {
    // What is wrong with the options is reported by the other derive, or by `#[actor]`.
    let mut errors = Errors::default();
    let (actor, input) = match read(item, &mut errors) {
        Ok(read) => read,
        Err(error) => return error.into_compile_error(),
    };
    let paths = Paths::new(actor.options.krate.as_ref());
    let mut errors = Errors::default();
    if let Data::Union(union) = &input.data {
        errors
            .at(union.union_token, "an actor that travels is a struct or an enum: a union cannot be encoded");
        return errors.into_tokens();
    }
    if !check::parameters(&actor, &mut errors) {
        return errors.into_tokens();
    }
    paths.block(&[], |paths| implementation(&actor, paths))
}

/// The type as an actor without methods.
fn read(item: TokenStream, errors: &mut Errors) -> syn::Result<(Actor, DeriveInput)> {
    let input: DeriveInput = syn::parse2(item)?;
    let options = options(&input.attrs, errors);
    let (ident, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
    let actor = Actor {
        ident: ident.clone(),
        ty: parse_quote!(#ident #arguments),
        generics: without_defaults(&input),
        options,
        handlers: Vec::new(),
        constructors: Vec::new(),
        hooks: Vec::new(),
        functions: Vec::new(),
    };
    Ok((actor, input))
}

fn options(attrs: &[Attribute], errors: &mut Errors) -> ActorOptions {
    let ours = attrs.iter().find(|attribute| attribute.path().is_ident("actor"));
    match ours.map(|attribute| &attribute.meta) {
        Some(Meta::List(list)) => ActorOptions::read(list.tokens.clone(), errors),
        Some(other) => {
            errors.at(other, "write `#[actor(handles(Message, ..))]`");
            ActorOptions::default()
        }
        None => ActorOptions::default(),
    }
}

/// A default of a parameter has no place in an `impl`.
pub(crate) fn without_defaults(input: &DeriveInput) -> syn::Generics {
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.default = None;
    }
    generics
}

fn implementation(actor: &Actor, paths: &Paths) -> TokenStream {
    let (p, ty) = (&paths.private, &actor.ty);
    let generics = named_parameters(&actor.generics, paths);
    let (parameters, _, clause) = generics.split_for_impl();
    let generic = !actor.generics.params.is_empty();
    let is_actor = assertion(paths, Fits::Actor, ty, generic);
    let travels = assertion(paths, Fits::RemoteArg, ty, generic);
    // That it is an actor is asserted above, and not reported again by what follows.
    let own = actor.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let own = quote!(#(#own,)*);
    let register = (!generic).then(|| register(ty, paths));
    let codec = codec(ty, paths);
    quote! {
        use #p::{NoCodec as _, RealCodec as _};

        fn check #parameters () #clause { #is_actor #travels }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::RemoteSpawn for #ty
        where
            for<'__a> #ty: #p::Actor,
            for<'__a> #ty: #p::Named,
            #own
        {
            type Params = Self;

            fn encode_params(
                __params: &Self::Params,
                __out: &mut #p::Encoder,
            ) -> #p::Result<(), #p::EncodeError> {
                #codec.put(__params, __out)
            }

            fn decode_params(__input: &mut #p::Decoder<'_>) -> #p::Result<Self::Params, #p::DecodeError> {
                #codec.get(__input)
            }

            fn params_schema() -> #p::Vec<(&'static str, #p::String)> {
                #p::Vec::from([("self", #codec.schema())])
            }

            async fn create(__params: Self::Params, _: &#p::SpawnEnv) -> #p::Result<Self, #p::String> {
                #p::Result::Ok(__params)
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::IntoSpec for #ty
        where
            for<'__a> #ty: #p::RemoteSpawn<Params = #ty>,
            #own
        {
            type Actor = Self;

            fn into_spec(self) -> #p::Spec<Self> {
                #p::Spec::new(self)
            }
        }

        #register
    }
}
