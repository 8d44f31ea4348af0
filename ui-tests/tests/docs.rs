//! What `cargo doc` shows of an actor: its handlers are methods, documented, on the page of the generated `CounterApi`.
//!
//! It documents an example, which checks every dependency once more, so it runs on demand:
//! `cargo test -p ui-tests --test docs -- --ignored`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Documents an example and gives the folder with its pages.
fn document(example: &str) -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Beside the tests' own artefacts, so that what is checked already stays checked.
    let target = scratch.parent().expect("it is in the target folder");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["doc", "--locked", "--no-deps", "--package", "examples", "--example", example])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo is installed where tests run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("doc").join(example)
}

/// The text of a piece of a page: no tags, entities resolved, each run of spaces as one.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    for (at, piece) in html.split('<').enumerate() {
        text.push_str(if at == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) });
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The part of a page about the method: its signature and its documentation.
#[track_caller]
fn method<'a>(page: &'a str, name: &str) -> &'a str {
    let opening = format!("id=\"method.{name}\"");
    let start = page.find(&opening).unwrap_or_else(|| panic!("the page shows no method `{name}`"));
    let part = &page[start + opening.len()..];
    // Up to the next method, or to the end of the block.
    part.split("id=\"method.").next().and_then(|part| part.split("</details>").next()).unwrap_or_default()
}

/// What the page says of a method.
#[track_caller]
fn check_method(page: &str, name: &str, signature: &str, documentation: &str) {
    let text = text_of(method(page, name));
    for want in [signature, documentation] {
        assert!(text.contains(want), "`{name}` does not show {want:?} but {text:?}");
    }
}

#[test]
#[ignore = "documents an example: slow"]
fn handlers_are_documented_methods_of_the_api() {
    let folder = document("quickstart");
    let page = std::fs::read_to_string(folder.join("struct.CounterApi.html")).expect("the Api has a page");
    assert!(text_of(&page).contains("Requests to Counter: reached from every"), "the page says what it is");
    check_method(&page, "add", "pub fn add(&self, by: i64)", "Adds by and returns the new value.");
    check_method(&page, "get", "pub fn get(&self)", "The value.");
    check_method(&page, "pid", "pub fn pid(&self)", "The process it lives in.");
}

#[test]
fn text_is_what_a_reader_sees() {
    let html =
        "<h4>pub fn <a href=\"#x\">add</a>(&amp;self)\n  -&gt; Request&lt;<span>&#39;_</span>&gt;</h4>";
    assert_eq!(text_of(html), "pub fn add(&self) -> Request<'_>");
}
