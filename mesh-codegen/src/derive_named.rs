//! `#[derive(Named)]`, for types that stand for the parameters of generic actors: `#[named(name = "…", crate = path)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, DeriveInput, GenericParam, Meta, parse_quote};

use crate::derive_actor::without_defaults;
use crate::emit::{Paths, named};
use crate::errors::Errors;
use crate::parse::{ActorOptions, each_option, path, wire_name};

const OPTIONS: &[&str] = &["name", "crate"];

/// Expands the derive.
pub fn derive_named(item: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    let options = read(&input.attrs, &mut errors);
    let before = errors.len();
    for parameter in &input.generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            errors.at(lifetime, "a named type cannot borrow: its name stands for all of its values, in every process\n= help: own the data");
        }
    }
    // A wrong option is no reason to take away the name: every use of it would be another error.
    let code = if errors.len() == before { emit(&input, &options) } else { TokenStream::new() };
    let errors = errors.into_tokens();
    quote!(#code #errors)
}

fn read(attrs: &[Attribute], errors: &mut Errors) -> ActorOptions {
    let mut options = ActorOptions::default();
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("named")) {
        let Meta::List(list) = &attribute.meta else {
            errors.at(attribute, "write `#[named(name = \"a.stable.name\")]`");
            continue;
        };
        each_option("#[named(..)]", OPTIONS, list.tokens.clone(), errors, |key, input, _| {
            match key {
                "name" => options.name = Some(wire_name(input)?),
                _ => options.krate = Some(path(input)?),
            }
            Ok(())
        });
    }
    options
}

fn emit(input: &DeriveInput, options: &ActorOptions) -> TokenStream {
    let (ident, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
    let (ty, generics) = (parse_quote!(#ident #arguments), without_defaults(input));
    let name = options.name.as_ref();
    Paths::new(options.krate.as_ref()).block(&[], |paths| named(ident, &ty, &generics, name, paths))
}
