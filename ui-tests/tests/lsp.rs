//! What an editor shows of an actor: rust-analyzer is asked, over its protocol, about `lsp/calls.rs`.
//!
//! It needs rust-analyzer and the sources of the standard library (`rustup component add rust-analyzer rust-src`), and
//! compiles mesh's macros once more, so it runs on demand: `cargo test -p ui-tests --test lsp -- --ignored`.

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the crate under the editor: compiled here so that it stays sound"
)]
#[path = "../lsp/calls.rs"]
mod calls;
#[expect(unreachable_pub, reason = "written as a module of its own")]
#[path = "../lsp/editor.rs"]
mod editor;

use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use editor::{Completion, Editor, Place};

/// The file under the editor.
const CALLS: &str = include_str!("../lsp/calls.rs");

/// One server for all questions: most of its time goes into reading mesh. It ends when its input closes.
static EDITOR: LazyLock<Mutex<Editor>> = LazyLock::new(|| Mutex::new(open()));

/// The crate as a user has it: in a folder of its own, with mesh as a dependency.
fn open() -> Editor {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lsp");
    let folder = scratch.join("calls");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in a workspace");
    let manifest = format!(
        "[package]\nname = \"calls\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nmesh = {{ path = {:?} }}\n\n[workspace]\n",
        repository.join("mesh")
    );
    std::fs::create_dir_all(folder.join("src")).expect("a folder can be made");
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file can be written");
    std::fs::write(folder.join("src/lib.rs"), CALLS).expect("a file can be written");
    // The versions that are tested here, and already downloaded.
    std::fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the workspace is locked");
    Editor::open(&folder, &scratch.join("target"))
}

fn editor() -> MutexGuard<'static, Editor> {
    EDITOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What completion must offer behind `typed`, with its documentation.
#[track_caller]
fn check_offers(after: &str, typed: &str, want: &[(&str, &str)]) -> Vec<Completion> {
    let offered = editor().complete(after, typed);
    let names: Vec<&str> = offered.iter().map(|item| item.name.as_str()).collect();
    for (name, documentation) in want {
        let Some(item) = offered.iter().find(|item| item.name == *name) else {
            panic!("`{typed}` does not offer `{name}`; it offers {names:?}");
        };
        assert!(
            item.documentation.contains(documentation),
            "`{name}` behind `{typed}` is documented with {:?}",
            item.documentation
        );
    }
    offered
}

#[track_caller]
fn check_offers_handlers(typed: &str) {
    let handlers = [
        ("add", "Adds `by` and returns the new value."),
        ("get", "The value."),
        ("audit", "Whether it is what this module expects."),
    ];
    let offered = check_offers("handle.audit().send(cx)?;", typed, &handlers);
    assert!(
        !offered.iter().any(|item| item.name == "helper"),
        "a method without `#[handler]` is not offered"
    );
}

/// Where each of these calls names its method, in the order of the file.
fn calls_of(receivers: &[&str]) -> Vec<Place> {
    receivers.iter().map(|call| Place::of(CALLS, call).right(call.find('.').expect("a call") + 1)).collect()
}

const ADD_CALLS: &[&str] = &["handle.add(1)", "actor_ref.add(2)", "mesh.add(3)", "actor_ref.add(4)"];

fn add_method() -> Place {
    Place::of(CALLS, "fn add(").right("fn ".len())
}

#[test]
#[ignore = "needs rust-analyzer"]
fn completion_on_a_handle_lists_the_handlers() {
    check_offers_handlers("        handle.");
}

#[test]
#[ignore = "needs rust-analyzer"]
fn completion_on_a_reference_lists_the_handlers() {
    check_offers_handlers("        actor_ref.");
}

#[test]
#[ignore = "needs rust-analyzer"]
fn completion_on_a_mesh_lists_the_handlers() {
    check_offers_handlers("        mesh.");
}

#[test]
#[ignore = "needs rust-analyzer"]
fn completion_on_a_rank_lists_the_handlers() {
    check_offers_handlers("        mesh.rank(0).");
}

#[test]
#[ignore = "needs rust-analyzer"]
fn completion_on_a_request_lists_the_verbs() {
    check_offers("handle.audit().send(cx)?;", "        handle.add(1).", &[("call", ""), ("send", "")]);
    check_offers("handle.audit().send(cx)?;", "        mesh.add(1).", &[("call", ""), ("cast", "")]);
}

#[test]
#[ignore = "needs rust-analyzer"]
fn completion_on_a_generic_actor_lists_its_handlers_and_their_verbs() {
    check_offers("let kept = store.put(", "        store.", &[("put", "Keeps a value.")]);
    check_offers("let kept = store.put(", "        store.put(String::new()).", &[("call", ""), ("send", "")]);
}

#[test]
#[ignore = "needs rust-analyzer"]
fn completion_in_another_module_keeps_to_visible_handlers() {
    let visible = [("add", "Adds `by`"), ("get", "The value.")];
    let offered = check_offers("let value = actor_ref.add(4)", "        actor_ref.", &visible);
    assert!(!offered.iter().any(|item| item.name == "audit"), "a private handler is offered elsewhere");
}

#[test]
#[ignore = "needs rust-analyzer"]
fn definition_of_a_call_is_the_handler() {
    let mut editor = editor();
    let want = vec![(editor.uri().to_owned(), add_method())];
    for (call, place) in ADD_CALLS.iter().zip(calls_of(ADD_CALLS)) {
        assert_eq!(editor.definitions(place), want, "`{call}` leads to the user's method, and to it alone");
    }
}

#[test]
#[ignore = "needs rust-analyzer"]
fn references_of_a_handler_are_its_calls() {
    let mut editor = editor();
    let uri = editor.uri().to_owned();
    let mut found = editor.references(add_method());
    // The generated dispatcher calls the method by its own token, so the method also counts as a use of itself.
    found.retain(|(_, place)| *place != add_method());
    let want: Vec<_> = calls_of(ADD_CALLS).into_iter().map(|place| (uri.clone(), place)).collect();
    assert_eq!(found, want);
}

#[test]
#[ignore = "needs rust-analyzer"]
fn rename_of_a_handler_renames_its_calls() {
    let mut want = calls_of(ADD_CALLS);
    want.push(add_method());
    want.sort();
    assert_eq!(editor().rename(add_method(), "increase"), want);
}
