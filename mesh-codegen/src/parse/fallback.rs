//! What happens when the item under `#[actor]` cannot be read as an `impl` block: it is given back with one good error (GEN-1).

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;

use crate::errors::Errors;
use crate::misplaced::strip_helpers;

/// The item as it was, without helper attributes, and the error that fits best.
pub(crate) fn fallback(item: TokenStream, error: syn::Error, mut errors: Errors) -> TokenStream {
    if has_default_argument(&item) {
        errors.left_to_rustc();
    } else {
        errors.push(wrong_item(&item).unwrap_or(error));
    }
    let (item, errors) = (strip_helpers(item), errors.into_tokens());
    quote!(#item #errors)
}

/// Whether a function in the block has an argument with a default, `by: i64 = 1`: rustc says that Rust has none.
fn has_default_argument(item: &TokenStream) -> bool {
    let Some(TokenTree::Group(block)) = item.clone().into_iter().last() else { return false };
    let tokens: Vec<TokenTree> = block.stream().into_iter().collect();
    let is_fn = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "fn");
    let mut functions = tokens.iter().enumerate().filter(|(_, token)| is_fn(token));
    functions.any(|(at, _)| {
        let mut rest = tokens[at..].iter().filter_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
            _ => None,
        });
        rest.next().is_some_and(has_default)
    })
}

/// Whether an `=` stands in a list of arguments, but for one between `<` and `>`.
fn has_default(arguments: TokenStream) -> bool {
    let mut depth = 0_i32;
    for token in arguments {
        let TokenTree::Punct(punct) = token else { continue };
        match punct.as_char() {
            '<' => depth += 1,
            '>' => depth -= 1,
            '=' if depth == 0 => return true,
            _ => {}
        }
    }
    false
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
