//! Actors of several blocks: the first one lists the others, and each side proves to the other that it is there.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::actor;
use super::named::lasting_parameters;
use super::scope::Paths;
use crate::model::{Actor, unraw};

/// What a further block adds to the actor beside its requests: its exports under the name of the part.
pub(super) fn further(actor: &Actor, part: &Ident, paths: &Paths) -> TokenStream {
    let (p, ty, id) = (&paths.private, &actor.ty, id(part, paths));
    let generics = lasting_parameters(&actor.generics);
    let (parameters, _, clause) = generics.split_for_impl();
    let exports = actor::exports(actor, paths);
    let listed = ask_whether_listed(part, paths);
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Part<#id> for #ty #clause {
            fn exports<__E: #p::Exporter<Self>>(__exporter: &mut __E) {
                #listed
                #exports
            }
        }
    }
}

/// The first block's word that it knows of its parts.
pub(super) fn listed(actor: &Actor, paths: &Paths) -> TokenStream {
    let (p, ty) = (&paths.private, &actor.ty);
    let generics = lasting_parameters(&actor.generics);
    let (parameters, _, clause) = generics.split_for_impl();
    let impls = actor.options.parts.iter().map(|part| {
        let id = id(part, paths);
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #parameters #p::Lists<#id> for #ty #clause {}
        }
    });
    quote!(#(#impls)*)
}

/// Asks whether the part is listed, at the place where it is written.
fn ask_whether_listed(part: &Ident, paths: &Paths) -> TokenStream {
    let (p, id, span) = (paths.private_at(part.span()), id(part, paths), part.span());
    quote_spanned! {span=>
        use #p::{ListedPart as _, UnlistedPart as _};
        (&#p::PartOf::<Self, #id>::OF).listed();
    }
}

/// Shows the messages of a part, and asks whether there is one, at the place where it is listed.
pub(super) fn export(part: &Ident, paths: &Paths) -> TokenStream {
    let (p, id, span) = (paths.private_at(part.span()), id(part, paths), part.span());
    quote_spanned!(span=> {
        use #p::{UnwrittenPart as _, WrittenPart as _};
        (&#p::PartOf::<Self, #id>::OF).show(__exporter);
    })
}

/// The name of a part, as a type can carry it.
fn id(part: &Ident, paths: &Paths) -> TokenStream {
    let (p, name, span) = (paths.private_at(part.span()), unraw(part), part.span());
    quote_spanned!(span=> { #p::name_hash(#name) })
}
