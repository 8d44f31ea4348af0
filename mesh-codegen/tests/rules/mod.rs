//! Transcribes a `macro_rules!` of the crate `mesh`: what `cargo expand` would show, without a compiler.
//!
//! It knows what those macros use: fragments, and repetitions without nesting or separator. Of several rules the last one
//! counts, which is the one for calls without a mistake.

use std::collections::BTreeMap;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Item, Macro, Token, Type, Visibility};

/// What each metavariable stands for; one entry unless it is repeated.
type Bindings = BTreeMap<String, Vec<TokenStream>>;

pub(crate) fn expand(call: &Macro) -> TokenStream {
    let name = call.path.segments.last().expect("a macro has a name").ident.to_string();
    let (file, bind): (_, fn(ParseStream<'_>) -> syn::Result<Bindings>) = match name.as_str() {
        "behavior" => ("behavior.rs", behavior),
        "register" => ("registry.rs", register),
        other => panic!("no macro of ours: {other}!"),
    };
    let bindings = bind.parse2(call.tokens.clone()).expect("the call fits the rule");
    transcribe(body(file, &name), &bindings)
}

/// `$(#[$attribute:meta])* $vis:vis $name:ident: $($message:ty),+ $(,)?`
fn behavior(input: ParseStream<'_>) -> syn::Result<Bindings> {
    let attributes = input.call(Attribute::parse_outer)?;
    let attributes = attributes.iter().map(|attribute| attribute.meta.to_token_stream()).collect();
    let vis: Visibility = input.parse()?;
    let name: Ident = input.parse()?;
    input.parse::<Token![:]>()?;
    Ok(BTreeMap::from([
        ("attribute".to_owned(), attributes),
        ("vis".to_owned(), vec![quote!(#vis)]),
        ("name".to_owned(), vec![quote!(#name)]),
        ("message".to_owned(), types(input)?),
    ]))
}

/// `$($actor:ty),+ $(,)?`
fn register(input: ParseStream<'_>) -> syn::Result<Bindings> {
    Ok(BTreeMap::from([("actor".to_owned(), types(input)?)]))
}

fn types(input: ParseStream<'_>) -> syn::Result<Vec<TokenStream>> {
    let types = Punctuated::<Type, Token![,]>::parse_terminated(input)?;
    Ok(types.iter().map(|ty| quote!(#ty)).collect())
}

/// The right side of the last rule of `macro_rules! name`.
fn body(file: &str, name: &str) -> TokenStream {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mesh/src").join(file);
    let text = std::fs::read_to_string(path).expect("the macro is there");
    let items = syn::parse_file(&text).expect("it is Rust").items;
    let rules = items.into_iter().find_map(|item| match item {
        Item::Macro(item) if item.ident.as_ref().is_some_and(|ident| ident == name) => Some(item.mac.tokens),
        _ => None,
    });
    let groups: Vec<Group> = rules
        .unwrap_or_else(|| panic!("{file} has no macro {name}!"))
        .into_iter()
        .filter_map(|token| if let TokenTree::Group(group) = token { Some(group) } else { None })
        .collect();
    groups.last().expect("a macro has a rule").stream()
}

fn transcribe(body: TokenStream, bindings: &Bindings) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => match tokens.next() {
                Some(TokenTree::Ident(name)) if name == "crate" => out.extend(quote!(::mesh)),
                Some(TokenTree::Ident(name)) => out.extend(value(bindings, &name.to_string())),
                Some(TokenTree::Group(group)) => {
                    // Up to `*` or `+`; none of ours has a separator.
                    let end = tokens.next().expect("a repetition ends");
                    assert!(
                        matches!(end.to_string().as_str(), "*" | "+"),
                        "no separator is known here: {end}"
                    );
                    out.extend(repeat(&group, bindings));
                }
                other => panic!("`$` before {other:?}"),
            },
            TokenTree::Group(group) => {
                let inner = transcribe(group.stream(), bindings);
                out.extend([TokenTree::Group(Group::new(group.delimiter(), inner))]);
            }
            other => out.extend([other]),
        }
    }
    out
}

fn value(bindings: &Bindings, name: &str) -> TokenStream {
    let values = bindings.get(name).unwrap_or_else(|| panic!("`${name}` is not bound"));
    let [value] = values.as_slice() else { panic!("`${name}` is repeated, so it stands in `$(…)*`") };
    value.clone()
}

/// Once for each value of the repeated variables in it, which are equally many.
fn repeat(group: &Group, bindings: &Bindings) -> TokenStream {
    assert_eq!(group.delimiter(), Delimiter::Parenthesis);
    let names = variables(group.stream());
    // A variable that also stands outside of repetitions is the same in each round.
    let repeated: Vec<&String> =
        names.iter().filter(|name| ["attribute", "message", "actor"].contains(&name.as_str())).collect();
    let count = bindings[repeated[0]].len();
    let round = |at: usize| {
        let mut once = bindings.clone();
        for name in &repeated {
            once.insert((*name).clone(), vec![bindings[*name][at].clone()]);
        }
        transcribe(group.stream(), &once)
    };
    (0..count).map(round).collect()
}

fn variables(tokens: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut after_dollar = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(name) if after_dollar && name != "crate" => names.push(name.to_string()),
            TokenTree::Group(group) => names.extend(variables(group.stream())),
            _ => {}
        }
        after_dollar = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '$');
    }
    names
}
