//! `impl Actor`: the Api type, the name, the exported messages, the mailbox and the hooks; and `impl Manages` for each kind of resource.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};

use super::scope::Paths;
use super::{api, hooks, message, named, shim};
use crate::model::{Actor, Handler};
use crate::parse::{Mailbox, ResourcePlace, Restart};
use crate::tokens::{ends, respan};

pub(super) fn implementation(actor: &Actor, paths: &Paths) -> TokenStream {
    let (p, ty) = (&paths.private, &actor.ty);
    let generics = named::lasting_parameters(&actor.generics);
    let (parameters, _, clause) = generics.split_for_impl();
    let asserted = shim::of_actor(actor, paths);
    let api = api::own_path(actor);
    let name = named::of_actor(actor, paths);
    let (imports, shown, exports) = exported(actor, paths, exports(actor, paths));
    let mailbox = actor.options.mailbox.as_ref().map(|mailbox| mailbox_method(mailbox, paths));
    let restart = actor.options.restart.as_ref().map(|restart| restart_policy(actor, restart, paths));
    let hooks = actor.hooks.iter().map(|hook| hooks::method(hook, paths));
    let resources = actor.options.resources.iter().map(|resource| manages(actor, resource, paths));
    quote! {
        #imports

        #asserted

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Actor for #ty #clause {
            type Api<__T: #p::Target<Actor = Self>> = #api<__T>;
            #name

            fn exports<__E: #p::Exporter<Self>>(__exporter: &mut __E)
            where
                for<'__a> Self: #p::Send,
            {
                #shown
            }

            #restart
            #mailbox
            #(#hooks)*
        }

        #exports

        #(#resources)*
    }
}

/// How the messages are shown: as they stand, where the actor alone can be wrong, or through `Exported`, which shows
/// none of them where a bound is missing.
fn exported(actor: &Actor, paths: &Paths, all: TokenStream) -> (TokenStream, TokenStream, TokenStream) {
    let options = &actor.options;
    let listed = !options.handles.is_empty() || !options.resources.is_empty() || !options.parts.is_empty();
    let plain = actor.handlers.iter().all(|handler| message::doubtful(handler).is_empty());
    if actor.generics.params.is_empty() && !listed && plain {
        return (TokenStream::new(), all, TokenStream::new());
    }
    let (p, ty, holds) = (&paths.private, &actor.ty, holds(actor, paths));
    let generics = named::lasting_parameters(&actor.generics);
    let (parameters, _, _) = generics.split_for_impl();
    let imports = quote! {
        use #p::{ShowAll as _, ShowNothing as _};

        /// This block of the actor.
        struct __Block;
    };
    let shown = quote!((&#p::Exported::<Self, __Block>::OF).show(__exporter););
    let exports = quote! {
        #[automatically_derived]
        impl #parameters #p::Exports<__Block> for #ty #holds {
            fn all<__E: #p::Exporter<Self>>(__exporter: &mut __E) { #all }
        }
    };
    (imports, shown, exports)
}

/// The `where` clause under which all messages can be shown: what the assertions speak of, taken as it stands.
fn holds(actor: &Actor, paths: &Paths) -> TokenStream {
    let (p, ty) = (&paths.private, &actor.ty);
    let mut holds = vec![quote!(#ty: #p::Send)];
    if actor.generics.params.is_empty() {
        // With a `cfg`, the types of a handler may not exist.
        let handlers = actor.handlers.iter().filter(|handler| handler.function.cfgs().is_empty());
        holds.extend(handlers.flat_map(message::doubtful).map(|ty| quote!(#ty: #p::Send)));
    }
    for message in &actor.options.handles {
        holds.push(quote!(#message: #p::RemoteMessage));
        holds.push(quote!(#ty: #p::Handler<#message>));
    }
    for ResourcePlace { kind, .. } in &actor.options.resources {
        holds.push(quote!(#kind: #p::Resource<Agent = #ty>));
    }
    let own = actor.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    quote!(where #(for<'__a> #holds,)* #(#own,)*)
}

/// One line for each message.
pub(super) fn exports(actor: &Actor, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let handlers = actor.handlers.iter().map(|handler: &Handler| {
        let (cfgs, message) = (handler.function.cfgs(), &handler.message);
        let (_, arguments, _) = handler.generics.split_for_impl();
        let how = if handler.is_local() { quote!(local) } else { quote!(remote) };
        let turbofish = quote!(::<#message #arguments>);
        quote!(#(#cfgs)* __exporter.#how #turbofish ();)
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
    let capacity = mailbox.capacity.as_ref().map(|capacity| {
        // Converted by a function of std's, the error would show that function; a constant is the user's own token.
        quote!(capacity: #p::Option::Some({ let __capacity: usize = #capacity; __capacity }),)
    });
    let full = mailbox.full.as_ref().map(|full| quote!(full: #p::FullPolicy::#full,));
    let complete = capacity.is_some() && full.is_some();
    let rest = (!complete).then(|| quote!(..#p::MailboxConfig::default()));
    quote! {
        fn mailbox() -> #p::MailboxConfig {
            #p::MailboxConfig { #capacity #full #rest }
        }
    }
}

/// The policy; an actor without parameters of its own is seen to have a constructor.
fn restart_policy(actor: &Actor, restart: &Restart, paths: &Paths) -> TokenStream {
    let p = &paths.private;
    let made_anew = actor.generics.params.is_empty().then(|| {
        let p = paths.private_at(restart.span);
        let ty = &actor.ty;
        quote_spanned!(restart.span=> <#ty as #p::MadeAnew>::FITS;)
    });
    let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let max = restart.max.as_ref().map(|max| quote!(max: #max,));
    let within = restart.within.map(millis).map(|ms| quote!(within: #p::Duration::from_millis(#ms),));
    let backoff = restart.backoff.map(millis).map(|ms| quote!(backoff: #p::Duration::from_millis(#ms),));
    let complete = max.is_some() && within.is_some() && backoff.is_some();
    let rest = (!complete).then(|| quote!(..#p::RestartPolicy::DEFAULT));
    quote! {
        const RESTART: #p::Option<#p::RestartPolicy> = {
            #made_anew
            #p::Option::Some(#p::RestartPolicy { #max #within #backoff #rest })
        };
    }
}

fn manages(actor: &Actor, resource: &ResourcePlace, paths: &Paths) -> TokenStream {
    let (p, ty) = (&paths.private, &actor.ty);
    let ResourcePlace { kind, place } = resource;
    let generics = named::lasting_parameters(&actor.generics);
    let (parameters, _, _) = generics.split_for_impl();
    let own = actor.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    // A field of another type is reported at the field.
    let table = respan(quote!(&mut), ends(&place.to_token_stream()).0);
    let merge = shim::merge_of_kind(actor, kind, paths);
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Manages<#kind> for #ty
        where
            for<'__a> #kind: #p::Resource<Agent = #ty>,
            #(#own,)*
        {
            fn table(&mut self) -> &mut #p::ResourceTable<#kind> {
                #table #place
            }
        }

        #merge
    }
}
