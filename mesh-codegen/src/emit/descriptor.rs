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
        let Descriptor { name, doc, reply, .. } = self;
        let args =
            self.args.iter().map(|Argument { name, ty }| quote!(#p::ArgDescriptor { name: #name, ty: #ty }));
        let doc = (!doc.is_empty()).then(|| quote!(doc: #doc,));
        let args = (!self.args.is_empty()).then(|| quote!(args: &[#(#args),*],));
        let local = self.local.then(|| quote!(local: true,));
        let stream = self.stream.then(|| quote!(stream: true,));
        let timeout = self.timeout.map(|timeout| {
            let (secs, nanos) = (timeout.as_secs(), timeout.subsec_nanos());
            quote!(timeout: #p::Option::Some(#p::Duration::new(#secs, #nanos)),)
        });
        let reduce = self.reduce.as_ref().map(|reduce| quote!(reduce: #p::Option::Some(#reduce),));
        let schema =
            (!self.local).then(|| quote!(schema: #p::Option::Some(<Self as #p::RemoteMessage>::schema),));
        quote! {
            const DESCRIPTOR: #p::HandlerDescriptor = #p::HandlerDescriptor {
                #doc
                #args
                reply: #reply,
                #local
                #stream
                #timeout
                #reduce
                #schema
                ..#p::HandlerDescriptor::new(#name)
            };
        }
    }
}
