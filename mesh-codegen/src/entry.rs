//! `#[mesh::main]` and `#[mesh::test]`: an async function with one argument, run inside the runtime.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, FnArg, Path, ReturnType, Safety, Signature, Token, Visibility};

use crate::emit::Paths;
use crate::errors::Errors;
use crate::parse::{each_option, path};
use crate::tokens::{ends, respan};

/// Expands `#[mesh::main]` and `#[mesh::main(worker_threads = N)]`.
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let (mut krate, mut threads): (Option<Path>, Option<Expr>) = (None, None);
    each_option("#[mesh::main(..)]", &["worker_threads", "crate"], options, &mut errors, |key, input, _| {
        if key == "crate" {
            krate = Some(path(input)?);
        } else {
            input.parse::<Token![=]>()?;
            threads = Some(input.parse()?);
        }
        Ok(())
    });
    let paths = Paths::new(krate.as_ref());
    let p = &paths.private;
    let threads = match threads {
        Some(threads) => quote!(#p::Option::Some(#threads)),
        None => quote!(#p::Option::None),
    };
    expand("main", item, errors, |entry, errors| {
        if entry.sig.ident != "main" {
            errors.at(&entry.sig.ident, "`#[mesh::main]` goes on `fn main`, which starts the program");
        }
        let (inner, call) = entry.inner("__mesh_main", p);
        let Entry { attrs, vis, sig, .. } = entry;
        let ident = &sig.ident;
        quote! {
            #(#attrs)*
            #vis fn #ident() -> ::std::process::ExitCode {
                #inner
                #p::run_main(#p::MainOptions { worker_threads: #threads }, #call)
            }
        }
    })
}

/// Expands `#[mesh::test]` and `#[mesh::test(processes)]`.
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let (mut krate, mut processes): (Option<Path>, bool) = (None, false);
    each_option("#[mesh::test(..)]", &["processes", "crate"], options, &mut errors, |key, input, _| {
        match key {
            "crate" => krate = Some(path(input)?),
            _ => processes = true,
        }
        Ok(())
    });
    let paths = Paths::new(krate.as_ref());
    let p = &paths.private;
    expand("test", item, errors, |entry, _| {
        let (inner, call) = entry.inner("__mesh_test", p);
        let Entry { attrs, vis, sig, .. } = entry;
        let ident = &sig.ident;
        let run = if processes {
            let name = crate::model::unraw(ident);
            quote!(#p::run_process_test(::core::concat!(::core::module_path!(), "::", #name), #call))
        } else {
            quote!(#p::run_test(#call))
        };
        quote! {
            #[::core::prelude::v1::test]
            #(#attrs)*
            #vis fn #ident() {
                #inner
                #run
            }
        }
    })
}

/// The annotated function; its body is not parsed (GEN-2).
struct Entry {
    attrs: Vec<Attribute>,
    vis: Visibility,
    sig: Signature,
    body: TokenTree,
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Entry> {
        Ok(Entry {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl Entry {
    /// The user's function under another name, and the closure that calls it.
    fn inner(&self, name: &str, private: &TokenStream) -> (TokenStream, TokenStream) {
        let name: Ident = format_ident!("{name}", span = self.sig.ident.span());
        let (inputs, output, body) = (&self.sig.inputs, &self.sig.output, &self.body);
        // Reported by its trait, at the place of the written type: a bound of `run_main` would show that function.
        let span = match output {
            ReturnType::Default => self.sig.ident.span(),
            ReturnType::Type(_, ty) => ends(&ty.to_token_stream()).0,
        };
        let report = respan(quote!(#private::MainOutput::into_report), span);
        // A parameter of another type is reported at that type.
        let client = Ident::new("__cx", ends(&inputs.to_token_stream()).1);
        let call = quote!(async |#client| #report(#name(#client).await));
        (quote!(async fn #name(#inputs) #output #body), call)
    }
}

/// Parses and checks the function; on any mistake it is emitted as it stands (GEN-1), so that its body is still checked.
fn expand(
    what: &str,
    item: TokenStream,
    mut errors: Errors,
    emit: impl FnOnce(&Entry, &mut Errors) -> TokenStream,
) -> TokenStream {
    let entry = match syn::parse2::<Entry>(item.clone()) {
        Ok(entry) => entry,
        Err(error) => {
            let text = format!("`#[mesh::{what}]` goes on an async function");
            errors.at_span(error.span(), text);
            let errors = errors.into_tokens();
            return quote!(#item #errors);
        }
    };
    check(&entry, what, &mut errors);
    let expanded = emit(&entry, &mut errors);
    if errors.len() == 0 {
        return expanded;
    }
    let errors = errors.into_tokens();
    // A `main` with an argument would be a second error (E0131), so it stays under another name.
    let (inner, _) =
        entry.inner(if what == "main" { "__mesh_main" } else { "__mesh_test" }, &quote!(::mesh::__private));
    let placeholder = (what == "main").then(|| {
        let ident = &entry.sig.ident;
        quote!(fn #ident() {})
    });
    quote! {
        #[allow(dead_code, unused_variables, reason = "an annotation on it is wrong")]
        #inner
        #placeholder
        #errors
    }
}

fn check(entry: &Entry, what: &str, errors: &mut Errors) {
    let sig = &entry.sig;
    let ident = &sig.ident;
    let shape = format!("= help: write `async fn {ident}(cx: &Client) -> mesh::Result<()>`");
    if sig.asyncness.is_none() {
        errors.at(sig.fn_token, format!("the function under `#[mesh::{what}]` is async\n{shape}"));
    }
    let receiver = sig.inputs.iter().any(|input| matches!(input, FnArg::Receiver(_)));
    if sig.inputs.len() != 1 || receiver {
        let text = format!("the function under `#[mesh::{what}]` takes one argument, the client\n{shape}");
        match sig.inputs.is_empty() {
            true => errors.at(ident, text),
            false => errors.at(&sig.inputs, text),
        }
    }
    if !sig.generics.params.is_empty() {
        errors.at(&sig.generics, format!("the function under `#[mesh::{what}]` cannot be generic"));
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(token, format!("the function under `#[mesh::{what}]` cannot be `unsafe`"));
    }
}
