//! Golden expansions: `golden/<case>.rs` is what a user writes, `golden/<case>.expanded.rs` what the macros make of it.
//!
//! `behavior!` and `register!` are `macro_rules!` of the crate `mesh`; their cases are transcribed from there.
//!
//! `UPDATE_EXPECT=1 cargo test -p mesh-codegen --test expand` rewrites them; read the diff.

mod rules;

use std::path::Path;

use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Item, ItemMod, Meta};

fn options(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}

/// Takes our attributes off an item and expands them; other items stay.
fn expand(mut item: Item) -> TokenStream {
    let attrs = match &mut item {
        Item::Impl(block) => &mut block.attrs,
        Item::Fn(function) => &mut function.attrs,
        Item::Struct(item) => return derived(item.attrs.clone(), item.to_token_stream()),
        Item::Enum(item) => return derived(item.attrs.clone(), item.to_token_stream()),
        Item::Mod(ItemMod { vis, ident, content: Some((_, items)), .. }) => {
            let items = items.drain(..).map(expand);
            return quote!(#vis mod #ident { #(#items)* });
        }
        Item::Macro(call) => return rules::expand(&call.mac),
        other => return other.to_token_stream(),
    };
    let ours = |attribute: &Attribute| {
        let path = attribute.path().to_token_stream().to_string();
        ["actor", "mesh :: main", "mesh :: test"].contains(&path.as_str())
    };
    let Some(at) = attrs.iter().position(ours) else { return item.into_token_stream() };
    let attribute = attrs.remove(at);
    let last = attribute.path().segments.last().expect("a path has segments").ident.to_string();
    let (options, item) = (options(&attribute), item.into_token_stream());
    match last.as_str() {
        "actor" => mesh_codegen::actor(options, item),
        "main" => mesh_codegen::main(options, item),
        _ => mesh_codegen::test(options, item),
    }
}

/// A type without its `#[derive]` and our helper attributes, and what our derives make of it.
fn derived(attrs: Vec<Attribute>, item: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let derives = options(attribute).into_iter().map(|token| token.to_string());
        for derive in derives.filter(|token| token != ",") {
            out.extend(match derive.as_str() {
                "Message" => mesh_codegen::derive_message(item.clone()),
                "Actor" => mesh_codegen::derive_actor(item.clone()),
                "Named" => mesh_codegen::derive_named(item.clone()),
                "RemoteSpawn" => mesh_codegen::derive_remote_spawn(item.clone()),
                other => panic!("no derive of ours: {other}"),
            });
        }
    }
    quote!(#item #out)
}

#[track_caller]
fn check(case: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let input = std::fs::read_to_string(golden.join(format!("{case}.rs"))).expect("the case exists");
    let input = syn::parse_file(&input).expect("the case is Rust");
    let expanded: TokenStream = input.items.into_iter().map(expand).collect();
    assert!(!expanded.to_string().contains("compile_error"), "{expanded}");
    let expanded = syn::parse2(expanded).expect("the expansion is Rust");
    expect_file![golden.join(format!("{case}.expanded.rs"))].assert_eq(&prettyplease::unparse(&expanded));
}

#[test]
fn counter() {
    check("counter");
}

#[test]
fn named() {
    check("named");
}

#[test]
fn results() {
    check("results");
}

#[test]
fn local() {
    check("local");
}

#[test]
fn stream() {
    check("stream");
}

#[test]
fn generic() {
    check("generic");
}

#[test]
fn hooks() {
    check("hooks");
}

#[test]
fn resource() {
    check("resource");
}

#[test]
fn conditional() {
    check("conditional");
}

#[test]
fn options_of_handlers() {
    check("options");
}

#[test]
fn main() {
    check("program");
}

#[test]
fn test() {
    check("test");
}

#[test]
fn message() {
    check("message");
}

#[test]
fn parts() {
    check("parts");
}

#[test]
fn derive_actor() {
    check("derive_actor");
}

#[test]
fn derive_remote_spawn() {
    check("remote_spawn");
}

#[test]
fn behavior() {
    check("behavior");
}

#[test]
fn register() {
    check("register");
}
