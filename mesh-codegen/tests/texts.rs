//! Every text of the checker and the parsers has a case in `messages.rs`, and one in `ui-tests/cases` that shows what the
//! compiler makes of it.
//!
//! A text is a string literal of a source file, and may have holes, `{name}`. It is covered when its pieces stand, in order,
//! in one literal of `messages.rs`, which are compared with the errors word for word, and in one recorded message.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// What makes errors: all but the code that writes code, and the entry points.
const SOURCES: &[&str] = &[
    "check",
    "parse",
    "model/read.rs",
    "derive.rs",
    "derive_actor.rs",
    "derive_message.rs",
    "derive_named.rs",
    "entry.rs",
    "misplaced.rs",
];

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).expect("a folder can be listed");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| files(path)).collect()
}

/// The string literals of a file, but for documentation and other attributes.
fn literals(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("a file can be read");
    let mut found = Vec::new();
    collect(text.parse().expect("it is Rust"), &mut found);
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<String>) {
    let mut in_attribute = false;
    for token in tokens {
        match token {
            TokenTree::Group(_) if in_attribute => in_attribute = false,
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Punct(punct) => {
                in_attribute = punct.as_char() == '#' || in_attribute && punct.as_char() == '!'
            }
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse2::<syn::LitStr>(TokenTree::from(literal).into()) {
                    found.push(text.value());
                }
            }
            TokenTree::Ident(_) => {}
        }
    }
}

/// What is between the holes of a text for `format!`.
fn pieces(text: &str) -> Vec<String> {
    let escaped = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut pieces = vec![String::new()];
    let mut in_hole = false;
    for letter in escaped.chars() {
        let piece = pieces.last_mut().expect("it is never empty");
        match letter {
            '{' => in_hole = true,
            '}' => {
                in_hole = false;
                pieces.push(String::new());
            }
            _ if in_hole => {}
            '\u{1}' => piece.push('{'),
            '\u{2}' => piece.push('}'),
            other => piece.push(other),
        }
    }
    pieces
}

fn has_in_order(text: &str, pieces: &[String]) -> bool {
    let mut rest = text;
    pieces.iter().all(|piece| match rest.find(piece.as_str()) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// Words that others put into their texts, and names, have no space; generated documentation begins with one.
fn is_a_text(literal: &str) -> bool {
    pieces(literal).concat().trim_start().contains(' ') && !literal.starts_with(' ')
}

/// Fails with the texts that do not stand in one of `places`.
#[track_caller]
fn check_every_text_is_in(places: &[String], what: &str, cut: impl Fn(&str) -> Vec<String>) {
    let sources = SOURCES.iter().flat_map(|source| files(&folder().join("src").join(source)));
    let mut texts = 0;
    let mut missing = Vec::new();
    for source in sources {
        for text in literals(&source).into_iter().filter(|literal| is_a_text(literal)) {
            texts += 1;
            if !places.iter().any(|place| has_in_order(place, &cut(&text))) {
                let file = source.strip_prefix(folder()).expect("it is in the folder");
                missing.push(format!("{}: {text:?}", file.display()));
            }
        }
    }
    assert!(texts > 60, "the texts were found: {texts}");
    assert!(missing.is_empty(), "texts without {what}:\n{}", missing.join("\n"));
}

#[test]
fn every_text_has_a_case() {
    let expected = literals(&folder().join("tests/messages.rs"));
    let expected: Vec<String> =
        expected.iter().map(|text| pieces(text).concat()).chain(expected.clone()).collect();
    check_every_text_is_in(&expected, "a case in messages.rs", pieces);
}

/// Each run of spaces and line ends as one space.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_text_is_in_a_recorded_message_of_the_compiler() {
    let cases = files(&folder().join("../ui-tests/cases"));
    let recordings = cases.iter().filter(|path| path.extension().is_some_and(|is| is == "stderr"));
    let read = |path: &PathBuf| in_one_line(&std::fs::read_to_string(path).expect("a file can be read"));
    let recordings: Vec<String> = recordings.map(read).collect();
    check_every_text_is_in(&recordings, "a recording in ui-tests/cases", |text| {
        pieces(text).iter().map(|piece| in_one_line(piece)).collect()
    });
}

#[test]
fn a_text_is_cut_at_its_holes() {
    assert_eq!(pieces("a `{name}` {{ .. }} {x:?}"), ["a `", "` { .. } ", ""]);
    assert!(has_in_order("a `n` { .. } 5", &pieces("a `{name}` {{ .. }} {x:?}")));
    assert!(!has_in_order("` { .. } a `", &pieces("a `{name}` {{ .. }}")));
}
