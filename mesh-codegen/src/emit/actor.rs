//! `impl Actor`: the Api type, the exported messages, the mailbox and the hooks; and `impl Manages` for each kind of resource.

use proc_macro2::TokenStream;
use quote::quote;

use super::scope::Paths;
use super::{api, hooks};
use crate::model::{Actor, Handler};
use crate::parse::{Mailbox, ResourcePlace};

pub(super) fn implementation(actor: &Actor, paths: &Paths) -> TokenStream {
    let (p, ty) = (&paths.private, &actor.ty);
    let (parameters, _, clause) = actor.generics.split_for_impl();
    let (api, leading) = (api::name(actor), api::leading_arguments(actor));
    let exports = exports(actor, paths);
    let mailbox = actor.options.mailbox.as_ref().map(|mailbox| mailbox_method(mailbox, paths));
    let hooks = actor.hooks.iter().map(|hook| hooks::method(hook, paths));
    let resources = actor.options.resources.iter().map(|resource| manages(actor, resource, paths));
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Actor for #ty #clause {
            type Api<__T: #p::Target<Actor = Self>> = #api<#leading __T>;

            fn exports<__E: #p::Exporter<Self>>(__exporter: &mut __E) { #exports }

            #mailbox
            #(#hooks)*
        }

        #(#resources)*
    }
}

/// One line for each message.
pub(super) fn exports(actor: &Actor, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let handlers = actor.handlers.iter().map(|handler: &Handler| {
        let (cfgs, message) = (handler.function.cfgs(), &handler.message);
        let (_, arguments, _) = handler.generics.split_for_impl();
        let turbofish = quote!(::<#message #arguments>);
        match handler.is_local() {
            true => quote!(#(#cfgs)* __exporter.local #turbofish ();),
            false => quote!(#(#cfgs)* __exporter.remote #turbofish ();),
        }
    });
    let handles = actor.options.handles.iter().map(|message| quote!(__exporter.remote::<#message>();));
    let resources = actor
        .options
        .resources
        .iter()
        .map(|ResourcePlace { kind, .. }| quote!(#p::export_resource::<Self, #kind, _>(__exporter);));
    let parts = actor.options.parts.iter().map(|part| super::part::export(part, paths));
    quote!(#(#handlers)* #(#handles)* #(#resources)* #(#parts)*)
}

fn mailbox_method(mailbox: &Mailbox, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let capacity = mailbox.capacity.as_ref().map(|capacity| quote!(capacity: #p::Option::Some(#capacity),));
    let full = mailbox.full.as_ref().map(|full| quote!(full: #p::FullPolicy::#full,));
    let complete = capacity.is_some() && full.is_some();
    let rest = (!complete).then(|| quote!(..#p::MailboxConfig::default()));
    quote! {
        fn mailbox() -> #p::MailboxConfig {
            #p::MailboxConfig { #capacity #full #rest }
        }
    }
}

fn manages(actor: &Actor, resource: &ResourcePlace, paths: &Paths) -> TokenStream {
    let (p, ty) = (&paths.private, &actor.ty);
    let ResourcePlace { kind, place } = resource;
    let (parameters, _, clause) = actor.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Manages<#kind> for #ty #clause {
            fn table(&mut self) -> &mut #p::ResourceTable<#kind> {
                &mut #place
            }
        }
    }
}
