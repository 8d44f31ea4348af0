//! Bounds and structs of the library's own of which rustc shows no source beside an error of a user's.
//!
//! "Required by a bound in `Request::call`", with the lines of the library, stands beneath every error about a bound that a
//! user's code does not meet; the text of the trait has said all of it before. Rustc leaves the note out where the bound has
//! no place, and a place that begins in one file and ends in another is written to metadata as none. So each bound here
//! begins with a `for<>` whose `for` stands elsewhere: in the file of the macro that this goes through. All else keeps its
//! place, names above all, so that documentation and editors notice nothing.
//!
//! "Similarly named struct `Sum` defined here" shows a declaration, from its `pub` to its name, beneath a misspelt name. So
//! the `pub` of each struct here stands elsewhere too.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{AssocType, Block, BoundLifetimes, Item, ItemStruct, TraitBound, Visibility};

/// Expands `#[quiet]`: passes the item through the macro that lends its place.
pub fn quiet(item: TokenStream) -> TokenStream {
    quote!(crate::quiet::elsewhere! { #item })
}

/// Rewrites an item, `here { item }`: its bounds, and the item if it is a struct, begin at `here`.
pub fn begin_elsewhere(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let (Some(elsewhere), Some(TokenTree::Group(item))) = (tokens.next(), tokens.next()) else {
        return syn::Error::new(Span::call_site(), "write `here { item }`").into_compile_error();
    };
    match syn::parse2::<Item>(item.stream()) {
        Ok(mut item) => {
            BeginElsewhere(elsewhere.span()).visit_item_mut(&mut item);
            item.into_token_stream()
        }
        Err(error) => error.into_compile_error(),
    }
}

struct BeginElsewhere(Span);

impl BeginElsewhere {
    /// This place, for a token that is resolved as before.
    fn instead_of(&self, span: Span) -> Span {
        self.0.resolved_at(span)
    }
}

impl VisitMut for BeginElsewhere {
    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        if let Visibility::Public(token) = &mut item.vis {
            token.span = self.instead_of(token.span);
        }
        visit_mut::visit_item_struct_mut(self, item);
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        // `?Sized` takes no `for`.
        if bound.maybe.is_none() {
            let own = bound.path.segments.first().map_or_else(Span::call_site, |first| first.ident.span());
            let lifetimes = bound.lifetimes.get_or_insert_with(BoundLifetimes::default);
            lifetimes.for_token.span = self.instead_of(own);
        }
        visit_mut::visit_trait_bound_mut(self, bound);
    }

    /// `Output = T` in a bound is one of its own.
    fn visit_assoc_type_mut(&mut self, ty: &mut AssocType) {
        let span = self.instead_of(ty.ident.span());
        ty.ident.set_span(span);
        visit_mut::visit_assoc_type_mut(self, ty);
    }

    /// Bodies are the library's own affair.
    fn visit_block_mut(&mut self, _: &mut Block) {}
}
