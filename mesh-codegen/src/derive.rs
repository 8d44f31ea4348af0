//! What the derives with options of their own have in common.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::ParseStream;
use syn::{Attribute, DeriveInput, Meta};

use crate::errors::Errors;
use crate::parse::each_option;

/// Expands a derive: reads its options, checks the type, and writes the code. A wrong option is no reason to take the code
/// away: every use of it would be another error.
pub(crate) fn expand<O>(
    item: TokenStream,
    read: fn(&[Attribute], &mut Errors) -> O,
    check: fn(&DeriveInput, &mut Errors),
    emit: fn(&DeriveInput, &O) -> TokenStream,
) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    let options = read(&input.attrs, &mut errors);
    let before = errors.len();
    check(&input, &mut errors);
    let code = if errors.len() == before { emit(&input, &options) } else { TokenStream::new() };
    let errors = errors.into_tokens();
    quote!(#code #errors)
}

/// Reads the options in the lists of the attribute `name`; `write` says how it is written.
pub(crate) fn each_option_of(
    attrs: &[Attribute],
    (name, known, write): (&str, &[&str], &str),
    errors: &mut Errors,
    mut read: impl FnMut(&str, ParseStream<'_>) -> syn::Result<()>,
) {
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident(name)) {
        let Meta::List(list) = &attribute.meta else {
            errors.at(attribute, write);
            continue;
        };
        let written = format!("#[{name}(..)]");
        each_option(&written, known, list.tokens.clone(), errors, |key, input, _| read(key, input));
    }
}
