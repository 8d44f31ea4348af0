//! Golden expansions: `golden/<case>.rs` is what a user writes, `golden/<case>.expanded.rs` what the macros make of it.
//!
//! `UPDATE_EXPECT=1 cargo test -p mesh-codegen --test expand` rewrites them; read the diff.

use std::path::Path;

use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Item, Meta};

fn options(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}

/// Takes our attribute off an item and expands it; other items stay.
fn expand(mut item: Item) -> TokenStream {
    let attrs = match &mut item {
        Item::Impl(block) => &mut block.attrs,
        Item::Fn(function) => &mut function.attrs,
        other => {
            let tokens = other.to_token_stream();
            let derives = tokens.to_string().contains("derive (Message)");
            let derived = derives.then(|| mesh_codegen::derive_message(tokens.clone()));
            return quote!(#tokens #derived);
        }
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
