//! The names that no handler may have are those that handles have: compared with the sources of the crate `mesh`.

use std::collections::BTreeSet;
use std::path::Path;

use syn::{ImplItem, Item, ItemImpl, Type, Visibility};

const HANDLES: &[&str] = &["ActorHandle", "ActorRef", "ActorMesh", "ActorMeshRef"];

/// Where their impls are.
const SOURCES: &[&str] = &["actor/handle.rs", "meshes/actors.rs", "request/builder.rs"];

/// Traits whose methods nobody calls on a handle: without `self`, without methods, or not to be imported.
const WITHOUT_METHODS: &[&str] = &["Eq", "From", "Drop"];

fn last(path: &syn::Path) -> String {
    path.segments.last().expect("a path has segments").ident.to_string()
}

/// All impls for a handle type.
fn impls() -> Vec<ItemImpl> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mesh/src");
    let items = SOURCES.iter().flat_map(|source| {
        let text = std::fs::read_to_string(sources.join(source)).expect("the file is there");
        syn::parse_file(&text).expect("it is Rust").items
    });
    let of_handles = items.filter_map(|item| match item {
        Item::Impl(block) => {
            let Type::Path(ty) = &*block.self_ty else { return None };
            HANDLES.contains(&last(&ty.path).as_str()).then_some(block)
        }
        _ => None,
    });
    of_handles.collect()
}

fn trait_of(block: &ItemImpl) -> Option<String> {
    block.trait_.as_ref().map(|(path, ..)| last(path))
}

#[test]
fn every_method_of_a_handle_is_reserved() {
    let impls = impls();
    for handle in HANDLES {
        let of_it =
            |block: &&ItemImpl| matches!(&*block.self_ty, Type::Path(ty) if last(&ty.path) == *handle);
        assert!(
            impls.iter().filter(of_it).any(|block| block.trait_.is_none()),
            "impls of {handle} were found"
        );
    }
    let items = impls.iter().filter(|block| block.trait_.is_none()).flat_map(|block| &block.items);
    let methods: BTreeSet<String> = items
        .filter_map(|item| match item {
            ImplItem::Fn(method) if matches!(method.vis, Visibility::Public(_)) => {
                method.sig.receiver().is_some().then(|| method.sig.ident.to_string())
            }
            _ => None,
        })
        .collect();
    let reserved: BTreeSet<String> =
        mesh_codegen::HANDLE_METHODS.iter().map(|name| name.to_string()).collect();
    assert_eq!(methods, reserved);
}

#[test]
fn the_methods_of_every_trait_of_a_handle_are_reserved() {
    let traits: BTreeSet<String> = impls().iter().filter_map(trait_of).collect();
    for name in traits.iter().filter(|name| !WITHOUT_METHODS.contains(&name.as_str())) {
        assert!(mesh_codegen::TRAIT_METHODS.iter().any(|(_, of)| of == name), "methods of `{name}`");
    }
    assert!(traits.contains("Serialize"), "the traits were found: {traits:?}");
}
