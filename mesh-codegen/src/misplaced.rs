//! Helper attributes where they do not belong.
//!
//! `#[handler]` and its like are real macros, so that they can be imported and hovered, and so that a misplaced one gives
//! one error that says where it belongs, instead of "cannot find attribute" and what follows from it.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;

use crate::model::ROLES;

/// Expands `#[handler]`, `#[new]` … outside an `#[actor]` block: the method stays, with an error in its body.
pub fn misplaced(name: &str, item: TokenStream) -> TokenStream {
    let error = syn::Error::new(
        name_of_function(&item),
        format!(
            "`#[{name}]` only works inside an impl block annotated with `#[mesh::actor]`\n\
             = help: add `#[mesh::actor]` above the surrounding `impl`"
        ),
    )
    .into_compile_error();
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    match tokens.pop() {
        Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
            let statements = body.stream();
            quote!(#(#tokens)* { #error #statements })
        }
        Some(last) => quote!(#(#tokens)* #last #error),
        None => error,
    }
}

fn name_of_function(item: &TokenStream) -> Span {
    let mut tokens =
        item.clone().into_iter().skip_while(|token| !matches!(token, TokenTree::Ident(i) if i == "fn"));
    tokens.nth(1).map_or_else(Span::call_site, |token| token.span())
}

/// Removes helper attributes from tokens that could not be parsed, so that they do not report themselves as misplaced.
pub(crate) fn strip_helpers(tokens: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(hash) if hash.as_char() == '#' => match tokens.peek() {
                Some(TokenTree::Group(attribute)) if is_helper(attribute) => drop(tokens.next()),
                _ => out.push(hash.into()),
            },
            TokenTree::Group(group) => {
                let mut stripped = Group::new(group.delimiter(), strip_helpers(group.stream()));
                stripped.set_span(group.span());
                out.push(stripped.into());
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

/// Whether `[path(options)]` is one of ours, by the last word of its path.
fn is_helper(attribute: &Group) -> bool {
    let path = attribute.stream().into_iter().take_while(|token| !matches!(token, TokenTree::Group(_)));
    let words = path.filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    attribute.delimiter() == Delimiter::Bracket
        && words.last().is_some_and(|word| word == "stream" || ROLES.contains(&word.as_str()))
}
