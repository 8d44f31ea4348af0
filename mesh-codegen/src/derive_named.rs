//! `#[derive(Named)]`, for types that stand for the parameters of generic actors: `#[named(name = "…", crate = path)]`.

use proc_macro2::TokenStream;
use syn::{Attribute, DeriveInput, GenericParam, parse_quote};

use crate::derive;
use crate::derive_actor::without_defaults;
use crate::emit::{Paths, named};
use crate::errors::Errors;
use crate::parse::{ActorOptions, path, wire_name};

const OPTIONS: &[&str] = &["name", "crate"];

/// Expands the derive.
pub fn derive_named(item: TokenStream) -> TokenStream {
    derive::expand(item, read, check, emit)
}

fn check(input: &DeriveInput, errors: &mut Errors) {
    for parameter in &input.generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            errors.at(lifetime, "a named type cannot borrow: its name stands for all of its values, in every process\n= help: own the data");
        }
    }
}

fn read(attrs: &[Attribute], errors: &mut Errors) -> ActorOptions {
    let mut options = ActorOptions::default();
    let write = "write `#[named(name = \"a.stable.name\")]`";
    derive::each_option_of(attrs, ("named", OPTIONS, write), errors, |key, input| {
        match key {
            "name" => options.name = Some(wire_name(input)?),
            _ => options.krate = Some(path(input)?),
        }
        Ok(())
    });
    options
}

fn emit(input: &DeriveInput, options: &ActorOptions) -> TokenStream {
    let (ident, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
    let (ty, generics) = (parse_quote!(#ident #arguments), without_defaults(input));
    let name = options.name.as_ref();
    Paths::new(options.krate.as_ref()).block(&[], |paths| named(ident, &ty, &generics, name, paths))
}
