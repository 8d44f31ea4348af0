//! What every generated item needs: where the runtime lives, and which lints do not concern generated code.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;

use crate::tokens::respan;

/// The paths to the runtime.
pub(crate) struct Paths {
    /// `::mesh`, or what `crate = …` says.
    pub(crate) krate: TokenStream,
    /// Its `__private`, the names for generated code; `__p` inside a [`Paths::block`].
    pub(crate) private: TokenStream,
}

impl Paths {
    pub(crate) fn new(krate: Option<&Path>) -> Paths {
        let krate = krate.map_or_else(|| quote!(::mesh), |path| path.to_token_stream());
        let private = quote!(#krate::__private);
        Paths { krate, private }
    }

    /// `__private` at the user's place, for items whose errors should point there.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        respan(self.private.clone(), span)
    }

    /// Items that nobody names, such as impls, in a scope of their own in which `__private` is `__p`.
    pub(crate) fn block(&self, items: impl FnOnce(&Paths) -> TokenStream) -> TokenStream {
        let inner = Paths { krate: self.krate.clone(), private: quote!(__p) };
        let (private, lints, items) = (&self.private, lints(), items(&inner));
        quote! {
            #lints
            const _: () = {
                use #private as __p;
                #items
            };
        }
    }
}

/// `#[allow]` of lints that are about hand-written code. Spans of generated items are the user's, so rustc cannot tell.
fn lints() -> TokenStream {
    quote!(#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)])
}

/// The same for what others can name; the user's own items keep these lints.
pub(super) fn visible_lints() -> TokenStream {
    let lints = lints();
    quote!(#lints #[allow(missing_docs, private_bounds, private_interfaces, unreachable_pub, non_camel_case_types)])
}
