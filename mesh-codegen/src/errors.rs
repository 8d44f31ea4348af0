//! Collects the mistakes of one annotation, so that all of them are reported at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors {
    list: Vec<syn::Error>,
    left_to_rustc: usize,
}

impl Errors {
    /// Adds an error that already knows its place.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.list.push(error);
    }

    /// Adds an error about the user's `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, text: impl Display) {
        self.push(syn::Error::new_spanned(tokens, text));
    }

    /// Adds an error at one place.
    pub(crate) fn at_span(&mut self, span: Span, text: impl Display) {
        self.push(syn::Error::new(span, text));
    }

    /// Counts a mistake that rustc reports in the user's own item: nothing is generated from it, and it is not said twice.
    pub(crate) fn left_to_rustc(&mut self) {
        self.left_to_rustc += 1;
    }

    /// How many there are. A rule that reported something is seen by comparing two readings.
    pub(crate) fn len(&self) -> usize {
        self.list.len() + self.left_to_rustc
    }

    /// The `compile_error!` items that report them.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.list.into_iter().map(syn::Error::into_compile_error).collect()
    }
}
