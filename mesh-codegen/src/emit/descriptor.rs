//! The entry of a message in the actor's table of handlers: `Message::DESCRIPTOR`.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use super::scope::Paths;

/// What the table says of one message.
pub(crate) struct Descriptor {
    /// The same as `Message::NAME`, written out: naming the constant would repeat the errors of the message.
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) args: Vec<Argument>,
    /// The type of the reply, or of the items of a stream.
    pub(crate) reply: String,
    pub(crate) local: bool,
    pub(crate) stream: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) reduce: Option<String>,
}

/// One argument, by name and type as written.
pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) ty: String,
}

impl Descriptor {
    /// The associated constant.
    pub(crate) fn emit(&self, paths: &Paths) -> TokenStream {
        let p = &paths.private;
        let Descriptor { name, doc, reply, local, stream, .. } = self;
        let args =
            self.args.iter().map(|Argument { name, ty }| quote!(#p::ArgDescriptor { name: #name, ty: #ty }));
        let timeout = option(
            paths,
            self.timeout.map(|timeout| {
                let (secs, nanos) = (timeout.as_secs(), timeout.subsec_nanos());
                quote!(#p::Duration::new(#secs, #nanos))
            }),
        );
        let reduce = option(paths, self.reduce.as_ref().map(|reduce| quote!(#reduce)));
        let schema = option(paths, (!local).then(|| quote!(<Self as #p::RemoteMessage>::schema)));
        quote! {
            const DESCRIPTOR: #p::HandlerDescriptor = #p::HandlerDescriptor {
                name: #name,
                doc: #doc,
                args: &[#(#args),*],
                reply: #reply,
                local: #local,
                stream: #stream,
                timeout: #timeout,
                reduce: #reduce,
                schema: #schema,
            };
        }
    }
}

fn option(paths: &Paths, value: Option<TokenStream>) -> TokenStream {
    let p = &paths.private;
    match value {
        Some(value) => quote!(#p::Option::Some(#value)),
        None => quote!(#p::Option::None),
    }
}
