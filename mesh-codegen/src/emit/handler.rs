//! `impl Handler<Message>`: a straight call of the user's method.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::message;
use super::named::lasting_parameters;
use super::scope::Paths;
use crate::model::{Actor, Handler, Role};

pub(super) fn implementation(actor: &Actor, handler: &Handler, paths: &Paths) -> TokenStream {
    let (p, message, ty) = (&paths.private, &handler.message, &actor.ty);
    let generics = lasting_parameters(&actor.generics);
    let (parameters, _, clause) = generics.split_for_impl();
    let (_, arguments, _) = handler.generics.split_for_impl();
    let methods = methods(handler, paths);
    let clause = if actor.generics.params.is_empty() {
        // An actor that is not `Send` is reported by its `impl Actor`, and not again by each handler.
        message::sendable_with(handler, Some(ty), paths)
    } else {
        quote!(#clause)
    };
    let verdict = handler.answers_result().then(|| verdict(handler, paths));
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #parameters #p::Handler<#message #arguments> for #ty #clause {
            #methods
            #verdict
        }
    }
}

/// `handle`, and `handle_plain` where there is no future to wait for.
///
/// The user's future is returned as it is, at the user's place: no state machine around it, and "is not `Send`" names the method.
fn methods(handler: &Handler, paths: &Paths) -> TokenStream {
    let ident = handler.function.ident();
    let span = ident.span();
    let p = paths.private_at(span);
    let (_, arguments, _) = handler.generics.split_for_impl();
    let (message, reply) = (&handler.message, &handler.reply);
    let values = handler.function.parameters.iter().map(|parameter| match parameter.role {
        Role::Context => quote_spanned!(span=> __cx),
        _ => {
            let name = &parameter.name;
            quote_spanned!(span=> __message.#name)
        }
    });
    let call = quote_spanned!(span=> Self::#ident(self, #(#values),*));
    let inputs = quote_spanned! {span=>
        &mut self, __cx: &#p::Context<Self>, __message: #message #arguments
    };
    let future = quote_spanned!(span=> impl #p::Future<Output = #reply> + #p::Send);
    if handler.function.is_async() {
        return quote_spanned!(span=> fn handle(#inputs) -> #future { #call });
    }
    quote_spanned! {span=>
        const PLAIN: bool = true;

        fn handle(#inputs) -> #future {
            #p::handle_plain(self, __cx, __message)
        }

        fn handle_plain(#inputs) -> #reply { #call }
    }
}

/// An `Err` is the handler's refusal, unless it is fatal; the runtime finds out which by the error's type.
fn verdict(handler: &Handler, paths: &Paths) -> TokenStream {
    let (p, reply) = (&paths.private, &handler.reply);
    quote! {
        fn verdict(__reply: &#reply) -> #p::Verdict {
            use #p::{VerdictDebug as _, VerdictDisplay as _, VerdictFatal as _, VerdictOpaque as _};
            match __reply {
                #p::Result::Ok(_) => #p::Verdict::Answer,
                #p::Result::Err(__error) => (&&&&#p::ErrorText(__error)).verdict(),
            }
        }
    }
}
