//! The hooks, as methods of `impl Actor`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote_spanned};

use super::scope::Paths;
use crate::model::{Hook, HookKind, Role};

pub(super) fn method(hook: &Hook, paths: &Paths) -> TokenStream {
    let (function, ident) = (&hook.function, hook.function.ident());
    let span = ident.span();
    let p = paths.private_at(span);
    let (cfgs, name) = (function.cfgs(), format_ident!("{}", hook.kind.name()));
    let values = function.parameters.iter().map(|parameter| match parameter.role {
        Role::Context => quote_spanned!(span=> __cx),
        _ => quote_spanned!(span=> __failure),
    });
    let wait = function.is_async().then(|| quote_spanned!(span=> .await));
    let call = quote_spanned!(span=> Self::#ident(self, #(#values),*) #wait);
    match hook.kind {
        HookKind::Failure => quote_spanned! {span=>
            #(#cfgs)*
            fn #name(
                &mut self,
                __cx: &#p::Context<Self>,
                __failure: #p::Failure,
            ) -> impl #p::Future<Output = #p::Directive> + #p::Send {
                async move { #call }
            }
        },
        HookKind::Event => quote_spanned! {span=>
            #(#cfgs)*
            fn #name(
                &mut self,
                __cx: &#p::Context<Self>,
                __failure: #p::SupervisionEvent,
            ) -> impl #p::Future<Output = ()> + #p::Send {
                async move { #call }
            }
        },
        _ => quote_spanned! {span=>
            #(#cfgs)*
            fn #name(
                &mut self,
                __cx: &#p::Context<Self>,
            ) -> impl #p::Future<Output = #p::Result<(), #p::Fatal>> + #p::Send {
                async move { #p::HookResult::into_hook_result(#call) }
            }
        },
    }
}
