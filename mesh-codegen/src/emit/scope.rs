//! What every generated item needs: where the runtime lives, and which lints do not concern generated code.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, Path};

use crate::tokens::{ends, respan};

/// The paths to the runtime.
pub(crate) struct Paths {
    /// What `crate = …` says, under a name of ours.
    import: TokenStream,
    /// The `__private` of `::mesh` or of that, the names for generated code; `__p` inside a [`Paths::block`].
    pub(crate) private: TokenStream,
}

impl Paths {
    pub(crate) fn new(krate: Option<&Path>) -> Paths {
        let krate = krate.map_or_else(|| quote!(::mesh), |path| path.to_token_stream());
        Paths { import: TokenStream::new(), private: quote!(#krate::__private) }
    }

    /// The same for items at the level of the user's module, which `name` tells from the others there. What `crate = …`
    /// says is imported once, so that a path that leads nowhere is one error.
    pub(crate) fn of_items(krate: Option<&Path>, name: &str) -> Paths {
        let Some(krate) = krate else { return Paths::new(None) };
        let alias = format_ident!("__mesh_of_{name}");
        let (place, _) = ends(&krate.to_token_stream());
        let import = respan(quote!(use #krate as #alias;), place);
        let import = quote! {
            #[doc(hidden)]
            #[allow(unused_imports, non_snake_case)]
            #import
        };
        Paths { import, private: quote!(#alias::__private) }
    }

    /// The import of what `crate = …` says, if anything: it stands before all that uses these paths.
    pub(crate) fn import(&self) -> &TokenStream {
        &self.import
    }

    /// `__private` at the user's place, for items whose errors should point there.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        respan(self.private.clone(), span)
    }

    /// The paths inside a [`Paths::block`].
    pub(crate) fn inside(&self) -> Paths {
        Paths { import: TokenStream::new(), private: quote!(__p) }
    }

    /// Items that nobody names, such as impls, in a scope of their own in which `__private` is `__p`.
    pub(crate) fn block(
        &self,
        cfgs: &[&Attribute],
        items: impl FnOnce(&Paths) -> TokenStream,
    ) -> TokenStream {
        let (private, lints, items) = (&self.private, lints(), items(&self.inside()));
        quote! {
            #(#cfgs)*
            #lints
            const _: () = {
                use #private as __p;
                #items
            };
        }
    }
}

/// `#[allow]` of lints that are about hand-written code. Spans of generated items are the user's, so rustc cannot tell.
pub(super) fn lints() -> TokenStream {
    quote!(#[allow(unused, deprecated, clippy::all, clippy::pedantic, clippy::nursery)])
}

/// The same for what others can name; the user's own items keep these lints.
pub(super) fn visible_lints() -> TokenStream {
    let lints = lints();
    quote!(#lints #[allow(missing_docs, private_bounds, private_interfaces, unreachable_pub, non_camel_case_types)])
}
