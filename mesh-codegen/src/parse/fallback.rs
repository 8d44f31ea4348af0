//! What happens when the item under `#[actor]` cannot be read as an `impl` block: it is given back with one good error (GEN-1).

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::errors::Errors;
use crate::misplaced::strip_helpers;

/// The item as it was, without helper attributes, and the error that fits best.
pub(crate) fn fallback(item: TokenStream, error: syn::Error, mut errors: Errors) -> TokenStream {
    errors.push(wrong_item(&item).unwrap_or(error));
    let (item, errors) = (strip_helpers(item), errors.into_tokens());
    quote!(#item #errors)
}

/// Explains `#[actor]` on something that is not an `impl` block.
fn wrong_item(item: &TokenStream) -> Option<syn::Error> {
    let mut tokens = item.clone().into_iter();
    while let Some(token) = tokens.next() {
        let TokenTree::Ident(word) = &token else { continue };
        match word.to_string().as_str() {
            "impl" => return None,
            "struct" | "enum" | "union" => {
                let name = tokens.next().map_or(String::new(), |name| name.to_string());
                return Some(syn::Error::new(
                    word.span(),
                    format!(
                        "`#[actor]` goes on the `impl` block that holds the handlers, not on the type\n\
                         = help: write `#[mesh::actor] impl {name} {{ #[handler] async fn .. }}`"
                    ),
                ));
            }
            other @ ("fn" | "mod" | "trait") => {
                let text = format!("`#[actor]` goes on an `impl` block, not on a `{other}`");
                return Some(syn::Error::new(word.span(), text));
            }
            _ => {}
        }
    }
    None
}
